// The specification's rules for two punts: a table of its own, which does not come from the code that it checks.
import type { PuntType } from "../../../lib/punt/index.js";

export type Outcome = "shared" | "conflict" | "independent";

export interface Pair {
  readonly types: readonly [PuntType, PuntType];
  readonly interconnects: readonly ["TAP" | "MEMIF", "TAP" | "MEMIF"];
  readonly sameSubject: boolean;
  readonly sameNamespace: boolean;
}

/** Types whose VPP selectors can be equal. */
const families: readonly (readonly PuntType[])[] = [
  ["HAIRPIN_XCONNECT", "HAIRPIN", "ABX", "ISISX"],
  ["SPAN"],
  ["DHCP_PROXY"],
  ["PUNT_TO_SOCKET"],
];
const multiplexing: readonly PuntType[] = ["ABX", "ISISX", "SPAN"];

export function expectedOutcome({ types, interconnects, sameSubject, sameNamespace }: Pair): Outcome {
  const [one, other] = types;
  const meet = sameSubject && families.some((family) => family.includes(one) && family.includes(other));
  if (!meet) return "independent";
  if (!types.every((type) => multiplexing.includes(type))) return "conflict";
  const bothTaps = interconnects.every((it) => it === "TAP");
  if (bothTaps && sameNamespace) return "shared";
  // VPP's isisx has one connection for each receiving interface.
  return one === "ISISX" && other === "ISISX" ? "conflict" : "independent";
}

/** Every pair: 7 x 7 types, same and other subject, same and other namespace, TAP and MEMIF on either side. */
export function allPairs(types: readonly PuntType[]): Pair[] {
  const both = [true, false];
  const kinds = ["TAP", "MEMIF"] as const;
  return types.flatMap((one) =>
    types.flatMap((other) =>
      kinds.flatMap((oneKind) =>
        kinds.flatMap((otherKind) =>
          both.flatMap((sameSubject) =>
            both.map((sameNamespace) => ({
              types: [one, other] as const,
              interconnects: [oneKind, otherKind] as const,
              sameSubject,
              sameNamespace,
            })),
          ),
        ),
      ),
    ),
  );
}
