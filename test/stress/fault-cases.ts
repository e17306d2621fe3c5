// All operations that `npm run faults` repeats, and all faults that strike their calls.
import { puntTypes } from "../support/punt/punts.js";
import type { Point } from "./fault-case.js";
import { type CaseOptions, OPERATIONS } from "./fault-operation.js";
import { KILL_SITES, LOCAL_FAULTS } from "./fault-points.js";

export const faultCases: readonly CaseOptions[] = puntTypes.flatMap((type) =>
  (["TAP", "MEMIF"] as const)
    .filter((interconnect) => type !== "PUNT_TO_SOCKET" || interconnect === "TAP")
    .flatMap((interconnect) =>
      [false, true].flatMap((shared) => OPERATIONS.map((op) => ({ type, interconnect, shared, op }))),
    ),
);

/** Makes the point of a number. */
export type Strike = readonly [name: string, point: (nth: number) => Point];

/** @param faults the names of the faults that can strike a message of this VPP */
export function strikesOf(faults: readonly string[]): Strike[] {
  return [
    ...faults.map((fault): Strike => [`vpp ${fault}`, (nth) => ({ at: "vpp", fault, nth })]),
    ...(["write", "link"] as const).flatMap((at) =>
      LOCAL_FAULTS.map((fault): Strike => [`${at} ${fault}`, (nth) => ({ at, fault, nth })]),
    ),
    ...KILL_SITES.flatMap((site) =>
      (["before", "after"] as const).map(
        (moment): Strike => [`kill ${moment} ${site}`, (nth) => ({ at: "kill", site, moment, nth })],
      ),
    ),
  ];
}
