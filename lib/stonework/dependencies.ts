// Dependencies of configuration items, translated from the keys of StoneWork's agent to the fields of punt requests and back.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { PuntRequestInput } from "../punt/index.js";
import { type ConfigItemDependency, ConfigItemDependencySchema } from "./gen/cnfreg/cnfreg_pb.js";

/** The kinds of things that a punt's request can wait for. */
export type PuntDependency = NonNullable<PuntRequestInput["dependsOn"]>[number];

/** The kinds of things that a configuration item can wait for. */
export type ItemDependency =
  | PuntDependency
  /** An interface of VPP in a VRF. */
  | { readonly kind: "interface-in-vrf"; readonly name: string; readonly vrf: number; readonly af: "IPV4" | "IPV6" }
  /** The CNF of this label. */
  | { readonly kind: "cnf"; readonly label: string }
  /** A key of the agent that this package does not know. */
  | { readonly kind: "unknown"; readonly key: string };

const PATTERNS: readonly [RegExp, (first: string, second: string) => ItemDependency][] = [
  [/^config\/vpp\/v2\/interfaces\/(.+)$/, (name) => ({ kind: "interface", name })],
  [/^vpp\/interface\/(.+)\/link-state\/UP$/, (name) => ({ kind: "link-up", name })],
  [/^vpp\/interface\/(.+?)\/(?:has-IP-address|address\/.*)$/, (name) => ({ kind: "address", name })],
  [
    /^vpp\/interface\/(.+)\/vrf\/(\d+)\/ip-version\/v6\/?$/,
    (name, vrf) => ({ kind: "interface-in-vrf", name, vrf: Number(vrf), af: "IPV6" }),
  ],
  [
    /^vpp\/interface\/(.+)\/vrf\/(\d+)(?:\/.*)?$/,
    (name, vrf) => ({ kind: "interface-in-vrf", name, vrf: Number(vrf), af: "IPV4" }),
  ],
  [
    /^config\/vpp\/v2\/vrf-table\/id\/(\d+)\/protocol\/(IPV[46])$/,
    (vrf, af) => ({ kind: "vrf", vrf: Number(vrf), af: af as "IPV4" }),
  ],
  [/^linux\/microservice\/([^/]+)$/, (label) => ({ kind: "cnf", label })],
];

/** Translates a key of the agent, or a prefix of keys. */
export function dependencyOfKey(key: string): ItemDependency {
  for (const [pattern, build] of PATTERNS) {
    const match = pattern.exec(key);
    if (match) return build(match[1]!, match[2] ?? "");
  }
  return { kind: "unknown", key };
}

/** Translates what a CNF's item waits for. Of several prefixes, the first known one stands for all. */
export function dependenciesFromWire(dependencies: readonly ConfigItemDependency[]): ItemDependency[] {
  return dependencies.flatMap(({ dep }) => {
    if (dep.case === "key") return [dependencyOfKey(dep.value)];
    if (dep.case !== "anyof" || dep.value.keyPrefixes.length === 0) return [];
    const all = dep.value.keyPrefixes.map(dependencyOfKey);
    return [all.find(({ kind }) => kind !== "unknown") ?? all[0]!];
  });
}

/**
 * Returns what a punt's request says for the dependencies. An interface in a VRF is the interface and the table: the punt itself waits
 * until the two belong together. A CNF and an unknown key are not VPP's, so that no request can say them.
 */
export function puntDependencies(dependencies: readonly ItemDependency[]): PuntDependency[] {
  return dependencies.flatMap((dependency): PuntDependency[] => {
    if (dependency.kind === "cnf" || dependency.kind === "unknown") return [];
    if (dependency.kind !== "interface-in-vrf") return [dependency];
    const { name, vrf, af } = dependency;
    return [{ kind: "interface", name }, ...(vrf === 0 ? [] : [{ kind: "vrf" as const, vrf, af }])];
  });
}

/** Returns the form in which a module tells StoneWork of a dependency. */
export function dependencyToWire(dependency: ItemDependency): ConfigItemDependency {
  return create(ConfigItemDependencySchema, keyOf(dependency));
}

type Init = MessageInitShape<typeof ConfigItemDependencySchema>;

function keyOf(dependency: ItemDependency): Init {
  switch (dependency.kind) {
    case "interface":
      return exact(`interface-${dependency.name}`, `config/vpp/v2/interfaces/${dependency.name}`);
    case "link-up":
      return exact(`link-${dependency.name}`, `vpp/interface/${dependency.name}/link-state/UP`);
    case "address":
      return anyOf(`address-${dependency.name}`, [`vpp/interface/${dependency.name}/address/`]);
    case "interface-in-vrf": {
      const { name, vrf, af } = dependency;
      const prefix = `vpp/interface/${name}/vrf/${vrf}/ip-version/`;
      return anyOf(`vrf-${name}`, [`${prefix}${af === "IPV4" ? "v4" : "v6"}`, `${prefix}both`]);
    }
    case "vrf":
      return exact(
        `table-${dependency.vrf}`,
        `config/vpp/v2/vrf-table/id/${dependency.vrf}/protocol/${dependency.af ?? "IPV4"}`,
      );
    case "cnf":
      return exact(`microservice-${dependency.label}`, `linux/microservice/${dependency.label}`);
    case "unknown":
      return exact(dependency.key, dependency.key);
  }
}

function exact(label: string, key: string): Init {
  return { label, dep: { case: "key", value: key } };
}

function anyOf(label: string, keyPrefixes: string[]): Init {
  return { label, dep: { case: "anyof", value: { keyPrefixes } } };
}
