// The changes that a plan would make, for people and programs.

import { idText } from "../request/index.js";
import type { StepAction } from "./diff.js";

export interface PlannedStep {
  readonly action: StepAction;
  readonly item: string;
  readonly why: string;
  /** Identities of the punts that want the item; empty if none does. */
  readonly punts: readonly { cnf: string; key: string; label: string }[];
  readonly value?: object;
}

export interface PlannedPunt {
  readonly id: { cnf: string; key: string; label: string };
  readonly state: "PENDING" | "FAILED" | "CREATED" | "DEGRADED";
  /** The things that the punt waits for, or the reason why it is refused or would be DEGRADED. */
  readonly reasons: readonly string[];
}

/**
 * What a manager would do: the steps, and the state that each punt would have. Nothing has been changed.
 * @example
 * ```ts
 * import { PuntManager } from "vpp-punt";
 * import { Vpp } from "vpp-punt/binapi";
 *
 * await using vpp = await Vpp.connect();
 * await using manager = await PuntManager.start({ vpp });
 * const change = { type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth0" } as const;
 * const dryRun = await manager.plan({ add: [change] });
 * console.log(`${dryRun}`);
 * for (const { state, reasons } of dryRun.punts) console.log(state, reasons);
 * ```
 */
export class DryRun {
  /**
   * @param steps deletions first, then creations in the order of their dependencies
   * @param punts the state that each punt would have
   */
  constructor(
    readonly steps: readonly PlannedStep[],
    readonly punts: readonly PlannedPunt[],
  ) {}

  /** Returns one line for each step: `create xconnect/eth0  (wanted, and not there; for cnf1/if1)`. */
  toString(): string {
    if (this.steps.length === 0) return "nothing to do";
    return this.steps
      .map(
        ({ action, item, why, punts }) =>
          `${action.padEnd(7)} ${item}  (${[why, forWhom(punts)].filter(Boolean).join("; ")})`,
      )
      .join("\n");
  }
}

function forWhom(punts: PlannedStep["punts"]): string {
  const names = punts.map(idText);
  return names.length === 0 ? "" : `for ${names.join(", ")}`;
}
