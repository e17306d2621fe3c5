// Looks for the things that punts wait for.

import type { Family } from "../../net/index.js";
import { type Facts, type Missing, tableKey, type VppInterface } from "../items/index.js";
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
  return dependencies.flatMap((dependency) => missingDependency(dependency, facts));
}

function missingDependency(dependency: Dependency, facts: Facts): Missing[] {
  switch (dependency.kind) {
    case "interface":
      return missingInterface(dependency.name, facts);
    case "link-up":
      return missingOfInterface(
        dependency,
        facts,
        `the link of VPP interface ${dependency.name}`,
        ({ linkUp }) => linkUp,
      );
    case "address":
      return missingAddress(dependency, facts);
    case "interface-in-vrf":
      return missingInVrf(dependency, facts);
    case "vrf":
      return missingTables(dependency.vrf, [familyOf(dependency.af)], facts);
    case "container": {
      const absence = facts.absentContainers?.get(dependency.name);
      return absence === undefined ? [] : [{ kind: "container", name: dependency.name, text: absence.text }];
    }
  }
}

type Of<K extends Dependency["kind"]> = Extract<Dependency, { readonly kind: K }>;

function missingAddress({ name, address }: Of<"address">, facts: Facts): Missing[] {
  if (address === undefined) return missingLayer3(name, 0, facts);
  const text = `the address ${address} on VPP interface ${name}`;
  return missingOfInterface({ kind: "address", name }, facts, text, ({ addresses }) => addresses?.includes(address));
}

function missingInVrf({ kind, name, vrf, af }: Of<"interface-in-vrf">, facts: Facts): Missing[] {
  const families = af === undefined ? ([4, 6] as const) : [familyOf(af)];
  const text = `VPP interface ${name} in VRF ${vrf}${af === undefined ? "" : ` of ${af}`}`;
  return missingOfInterface({ kind, name }, facts, text, ({ tables }) =>
    families.some((family) => tables?.[family] === vrf),
  );
}

/** Looks for the interface, and then for a property of it. */
function missingOfInterface(
  { kind, name }: Pick<Missing, "kind" | "name">,
  facts: Facts,
  text: string,
  has: (found: VppInterface) => boolean | undefined,
): Missing[] {
  const found = facts.interface(name);
  if (!found) return missingInterface(name, facts);
  return has(found) ? [] : [{ kind, name, text }];
}

function familyOf(af: "IPV4" | "IPV6"): Family {
  return af === "IPV4" ? 4 : 6;
}
