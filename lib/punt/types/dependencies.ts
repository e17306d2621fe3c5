// What punts wait for, checked against the facts.

import type { Family } from "../../net/index.js";
import type { Missing } from "../items/index.js";
import { type Facts, tableKey } from "../items/index.js";

export function missingInterface(name: string, facts: Facts): Missing[] {
  return facts.interface(name) ? [] : [{ kind: "interface", name, text: `VPP interface ${name}` }];
}

/** An interface with an address, in that VRF unless it is 0. */
export function missingLayer3(name: string, vrf: number, facts: Facts): Missing[] {
  const found = facts.interface(name);
  if (!found) return missingInterface(name, facts);
  const missing: Missing[] = [];
  if (!found.addresses?.length) missing.push({ kind: "address", name, text: `an address on VPP interface ${name}` });
  if (vrf !== 0 && found.tables?.[4] !== vrf && found.tables?.[6] !== vrf) {
    missing.push({ kind: "interface-in-vrf", name, text: `VPP interface ${name} in VRF ${vrf}` });
  }
  return missing;
}

export function missingTables(vrf: number, families: Iterable<Family>, facts: Facts): Missing[] {
  if (vrf === 0) return [];
  return [...new Set(families)]
    .filter((family) => !facts.tables.has(tableKey(family, vrf)))
    .map((family) => ({ kind: "vrf", name: tableKey(family, vrf), text: `IPv${family} table of VRF ${vrf}` }));
}
