// Looks for the things that punts wait for.

import type { Family } from "../../net/index.js";
import type { Missing } from "../items/index.js";
import { type Facts, tableKey } from "../items/index.js";
import type { Dependency } from "../request/index.js";

export function missingInterface(name: string, facts: Facts): Missing[] {
  return facts.interface(name) ? [] : [{ kind: "interface", name, text: `VPP interface ${name}` }];
}

/** Looks for an interface with an address, and in that VRF unless it is 0. */
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

/** Looks for the dependencies that the caller of a punt named. */
export function missingDependencies(dependencies: readonly Dependency[], facts: Facts): Missing[] {
  return dependencies.flatMap((dependency) => {
    if (dependency.kind === "vrf") return missingTables(dependency.vrf, [dependency.af === "IPV4" ? 4 : 6], facts);
    const { kind, name } = dependency;
    if (kind === "interface") return missingInterface(name, facts);
    if (kind === "address") return missingLayer3(name, 0, facts);
    const found = facts.interface(name);
    if (!found) return missingInterface(name, facts);
    return found.linkUp ? [] : [{ kind, name, text: `the link of VPP interface ${name}` }];
  });
}
