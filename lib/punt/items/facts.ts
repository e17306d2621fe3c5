// The facts: VPP's interfaces and tables, the Linux side, and every object that could belong to a punt.
import type { PuntError } from "../../errors.js";
import type { Family } from "../../net/index.js";
import type { Lack, VppFeature } from "./features.js";
import type { KindName } from "./kind-names.js";
import type { Missing } from "./problem.js";

/**
 * An ability of this VPP or this machine that a plan depends on. `devices-inside`: the Linux side of interconnects is inside of VPP, and
 * nothing can be set on it.
 */
export type Feature = VppFeature | "vhost-net" | "devices-inside";

export interface VppInterface {
  readonly swIfIndex: number;
  /** The name in items: the tag of our interconnects, VPP's name of all other interfaces. */
  readonly id: string;
  /** VPP's own name. */
  readonly vppName: string;
  readonly tag: string;
  readonly mac: string;
  /** Admin state. */
  readonly up: boolean;
  /** Link state. */
  readonly linkUp?: boolean;
  /** Bytes, of layer 3; 0 where VPP has none. */
  readonly mtu: number;
  /** Whether it is a sub-interface, such as a VLAN. */
  readonly isSub?: boolean;
  /** Its kind, if its packets come from other interfaces and not from a device. */
  readonly software?: "bond" | "loopback" | "tunnel";
  /** Whether it is an interconnect of ours. */
  readonly ours: boolean;
  /** With prefix length; undefined if not read. */
  readonly addresses?: readonly string[];
  readonly tables?: Readonly<Record<Family, number>>;
}

/** An object that exists. */
export interface Seen<V extends object = object> {
  readonly kind: KindName;
  readonly key: string;
  readonly value: V;
  /** Whether it carries our mark. Other objects are never changed. */
  readonly ours: boolean;
  /** VPP's index, if VPP addresses the object by one. */
  readonly index?: number;
}

/** Why a namespace or a container is not there. */
type Absent = Pick<Missing, "kind" | "text"> & { readonly isUnknown?: true };

export interface Facts {
  readonly features: ReadonlySet<Feature>;
  /** The lack of each feature of VPP that is not among `features`. */
  readonly lacks: ReadonlyMap<Feature, Lack>;
  readonly interfaces: readonly VppInterface[];
  /** Deletions of others' interfaces by index. An interface that is there is another one, on which what was set before does not work. */
  readonly reborn?: ReadonlyMap<number, number>;
  /** Finds an interface by its tag, if exactly one interface has that tag, or by VPP's name. */
  interface(name: string): VppInterface | undefined;
  /** FIB tables that exist, as `4/<id>` and `6/<id>`. */
  readonly tables: ReadonlySet<string>;
  /** Ids of punt reasons by name. The ids differ between runs of VPP. */
  readonly puntReasons: ReadonlyMap<string, number>;
  /** The containers that punts wait for and that do not run, each with the reason. */
  readonly absentContainers?: ReadonlyMap<string, Absent>;
  /** VPP's multicast routes as its command line prints them; undefined if no punt needs them. */
  readonly multicastRoutes?: string;
  /** VPP's routes for 255.255.255.255, as `multicastRoutes`. */
  readonly broadcastRoutes?: string;
  /** Numbers of the bridge domains of interfaces that are in one, by VPP's names of the interfaces; undefined if no punt needs them. */
  readonly bridged?: ReadonlyMap<string, number>;
  /** Graph nodes of VPP that handle UDP ports, by `4/<port>` and `6/<port>`; undefined if no punt needs them, or VPP does not tell. */
  readonly udpPorts?: ReadonlyMap<string, string>;
  /** Graph nodes of VPP that handle IP protocols, by `4/<protocol>` and `6/<protocol>`, as `udpPorts`. */
  readonly ipProtocols?: ReadonlyMap<string, string>;
  /** Namespace ids that can be entered now. */
  readonly namespaces: ReadonlySet<number>;
  /** Numbers that stand for another one's namespace, which has several names, with that other one: objects in it have one key. */
  readonly aliases?: ReadonlyMap<number, number>;
  /** Reasons why others cannot be entered, where more is known than that they are missing. */
  readonly absences?: ReadonlyMap<number, Absent>;
  readonly seen: ReadonlyMap<string, Seen>;
  /** Kinds that could not be read, with the errors. Objects of these kinds are neither judged nor touched. */
  readonly unreadable: ReadonlyMap<KindName, PuntError>;
  /** Numbers of namespaces whose devices could not be read, with the errors. Objects in them are neither judged nor touched. */
  readonly unreadableNamespaces: ReadonlyMap<number, PuntError>;
}

/** Returns a function that finds an interface by tag, then by VPP's name. A tag of several interfaces names none of them. */
export function interfaceFinder(interfaces: readonly VppInterface[]): (name: string) => VppInterface | undefined {
  const byName = new Map(interfaces.map((found) => [found.vppName, found]));
  const byTag = new Map<string, VppInterface | undefined>();
  for (const found of interfaces) if (found.tag !== "") byTag.set(found.tag, byTag.has(found.tag) ? undefined : found);
  return (name) => byTag.get(name) ?? byName.get(name);
}

/** Returns the number under which objects in a namespace have their keys. */
export function keyNumberOf(namespace: number, { aliases }: Pick<Facts, "aliases">): number {
  return aliases?.get(namespace) ?? namespace;
}

const foreign = new WeakMap<ReadonlyMap<string, Seen>, Map<KindName, Seen[]>>();

/** Returns the objects of one kind that are not ours. What was seen is sorted once: a plan asks for each of its punts. */
export function foreignOf(seen: ReadonlyMap<string, Seen>, kind: KindName): readonly Seen[] {
  let byKind = foreign.get(seen);
  if (!byKind) {
    byKind = new Map();
    foreign.set(seen, byKind);
    for (const found of seen.values()) {
      if (found.ours) continue;
      const known = byKind.get(found.kind);
      if (known) known.push(found);
      else byKind.set(found.kind, [found]);
    }
  }
  return byKind.get(kind) ?? [];
}

export function tableKey(family: Family, id: number): string {
  return `${family}/${id}`;
}
