// Dependencies of configuration items, translated from the keys of StoneWork's agent to the fields of punt requests and back.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PuntError } from "../errors.js";
import type { PuntRequestInput } from "../punt/index.js";
import { type ConfigItemDependency, ConfigItemDependencySchema } from "./gen/cnfreg/cnfreg_pb.js";

/** The kinds of things that a punt's request can wait for. */
export type PuntDependency = NonNullable<PuntRequestInput["dependsOn"]>[number];

/** The kinds of things that a configuration item can wait for. */
export type ItemDependency =
  | PuntDependency
  /** The CNF of this label. */
  | { readonly kind: "cnf"; readonly label: string }
  /** A key of the agent that this package does not know. */
  | { readonly kind: "unknown"; readonly key: string };

type Build = (first: string, second: string) => ItemDependency;

/**
 * Of keys that name an interface, the last part that fits counts: names of interfaces have slashes. A CNF's key may have 4 MiB: a dot takes
 * line ends too, so that the rest of a key fits at once, and is not tried from each of its parts.
 */
const PATTERNS: readonly [RegExp, Build][] = [
  [/^config\/vpp\/v2\/interfaces\/(.+)$/s, (name) => ({ kind: "interface", name })],
  [/^vpp\/interface\/(.+)\/link-state\/UP$/s, (name) => ({ kind: "link-up", name })],
  [
    /^vpp\/interface\/(.+)\/address\/(?:[^/]+\/)?([\da-f:.]+\/\d+)$/is,
    (name, address) => ({ kind: "address", name, address }),
  ],
  [/^vpp\/interface\/(.+)\/(?:has-IP-address|address\/.*)$/s, (name) => ({ kind: "address", name })],
  [/^vpp\/interface\/(.+)\/vrf\/(\d+)\/ip-version\/v4$/s, (name, vrf) => inVrf(name, vrf, "IPV4")],
  [/^vpp\/interface\/(.+)\/vrf\/(\d+)\/ip-version\/v6$/s, (name, vrf) => inVrf(name, vrf, "IPV6")],
  [/^vpp\/interface\/(.+)\/vrf\/(\d+)(?:\/ip-version\/(?:both)?|\/)?$/s, (name, vrf) => inVrf(name, vrf)],
  [
    /^config\/vpp\/v2\/vrf-table\/id\/(\d+)\/protocol\/(IPV[46])$/,
    (vrf, af) => ({ kind: "vrf", vrf: Number(vrf), af: af as "IPV4" }),
  ],
  [/^linux\/microservice\/([^/]+)$/, (label) => ({ kind: "cnf", label })],
];

function inVrf(name: string, vrf: string, af?: "IPV4" | "IPV6"): ItemDependency {
  return { kind: "interface-in-vrf", name, vrf: Number(vrf), ...(af !== undefined && { af }) };
}

/** Translates a key of the agent, or a prefix of keys. */
export function dependencyOfKey(key: string): ItemDependency {
  for (const [pattern, build] of PATTERNS) {
    const match = pattern.exec(key);
    if (match) return build(match[1]!, match[2] ?? "");
  }
  return { kind: "unknown", key };
}

/** Translates what a CNF's item waits for. */
export function dependenciesFromWire(dependencies: readonly ConfigItemDependency[]): ItemDependency[] {
  return dependencies.flatMap(({ dep }) => {
    if (dep.case === "key") return [dependencyOfKey(dep.value)];
    if (dep.case !== "anyof" || dep.value.keyPrefixes.length === 0) return [];
    return [anyOfThese(dep.value.keyPrefixes.map(dependencyOfKey))];
  });
}

/** Of several prefixes, the first known one stands for all. An interface in a VRF is of any family if they name several families. */
function anyOfThese(all: readonly ItemDependency[]): ItemDependency {
  const first = all.find(({ kind }) => kind !== "unknown") ?? all[0]!;
  if (first.kind !== "interface-in-vrf") return first;
  const families = new Set(all.flatMap((each) => (each.kind === "interface-in-vrf" ? (each.af ?? []) : [])));
  const [af] = families;
  return inVrf(first.name, String(first.vrf), families.size === 1 ? af : undefined);
}

/** Returns the part that a punt's request can say. A CNF and an unknown key are not VPP's. */
export function puntDependencies(dependencies: readonly ItemDependency[]): PuntDependency[] {
  return dependencies.flatMap((each) => (each.kind === "cnf" || each.kind === "unknown" ? [] : [each]));
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
      return anyOf(`address-${dependency.name}`, addressKeys(dependency));
    case "interface-in-vrf":
      return anyOf(`vrf-${dependency.name}`, vrfKeys(dependency));
    case "vrf":
      return exact(
        `table-${dependency.vrf}`,
        `config/vpp/v2/vrf-table/id/${dependency.vrf}/protocol/${dependency.af ?? "IPV4"}`,
      );
    case "cnf":
      return exact(`microservice-${dependency.label}`, `linux/microservice/${dependency.label}`);
    case "container":
      return containerKey(dependency.name);
    case "unknown":
      return exact(dependency.key, dependency.key);
  }
}

/** Where an address comes from is a part of its key. */
const ADDRESS_SOURCES = ["static", "from_dhcp"];

type Of<K extends ItemDependency["kind"]> = Extract<ItemDependency, { readonly kind: K }>;

function addressKeys({ name, address }: Of<"address">): string[] {
  const prefix = `vpp/interface/${name}/address/`;
  return address === undefined ? [prefix] : ADDRESS_SOURCES.map((source) => `${prefix}${source}/${address}`);
}

/** StoneWork's key says the families that the interface has addresses of. */
function vrfKeys({ name, vrf, af }: Of<"interface-in-vrf">): string[] {
  const prefix = `vpp/interface/${name}/vrf/${vrf}/ip-version/`;
  return af === undefined ? [prefix] : [`${prefix}${af === "IPV4" ? "v4" : "v6"}`, `${prefix}both`];
}

/** @throws PuntError ERR_INVALID_REQUEST: StoneWork knows containers by their microservice labels only */
function containerKey(name: string): Init {
  const [, label] = /^microservice:(.+)$/.exec(name) ?? [];
  if (label !== undefined) return exact(`microservice-${label}`, `linux/microservice/${label}`);
  const text = `StoneWork has no form for a dependency on ${name}: it knows containers as microservice:<label>`;
  throw new PuntError("stonework.dependencies", "ERR_INVALID_REQUEST", text, { name });
}

function exact(label: string, key: string): Init {
  return { label, dep: { case: "key", value: key } };
}

function anyOf(label: string, keyPrefixes: string[]): Init {
  return { label, dep: { case: "anyof", value: { keyPrefixes } } };
}
