// What was observed: VPP's interfaces and tables, the Linux side, and every object a punt could be made of.
import type { PuntError } from "../../errors.js";
import type { Family } from "../../net/index.js";
import type { Lack, VppFeature } from "./features.js";
import type { KindName } from "./kind-names.js";

/** Abilities of this VPP and this machine that a plan depends on. */
/** `devices-inside`: the Linux side of interconnects is inside of VPP, and nothing can be set on it. */
export type Feature = VppFeature | "vhost-net" | "devices-inside";

export interface VppInterface {
  readonly swIfIndex: number;
  /** How items call it: our interconnects by their tag, all others by VPP's name. */
  readonly id: string;
  /** VPP's own name. */
  readonly vppName: string;
  readonly tag: string;
  readonly mac: string;
  /** Set up by the administrator. */
  readonly up: boolean;
  /** It has a link. */
  readonly linkUp?: boolean;
  /** Bytes, of layer 3; 0 where VPP has none. */
  readonly mtu: number;
  /** Whether it is a sub-interface, such as a VLAN. */
  readonly isSub?: boolean;
  /** Whether it is an interconnect of ours. */
  readonly ours: boolean;
  /** Undefined where nobody asked for them. */
  readonly addresses?: readonly string[];
  readonly tables?: Readonly<Record<Family, number>>;
}

/** An object that is there. */
export interface Seen<V extends object = object> {
  readonly kind: KindName;
  readonly key: string;
  readonly value: V;
  /** Whether it bears our mark. What does not is never changed. */
  readonly ours: boolean;
  /** VPP's index of it, where it is addressed by one. */
  readonly index?: number;
}

export interface Facts {
  readonly features: ReadonlySet<Feature>;
  /** For each feature of VPP that is not among them: what VPP lacks. */
  readonly lacks: ReadonlyMap<Feature, Lack>;
  readonly interfaces: readonly VppInterface[];
  /** By tag, where exactly one interface bears it, or by VPP's name. */
  interface(name: string): VppInterface | undefined;
  /** FIB tables there are, as `4/<id>` and `6/<id>`. */
  readonly tables: ReadonlySet<string>;
  /** Ids of punt reasons by name: they differ from one run of VPP to the next. */
  readonly puntReasons: ReadonlyMap<string, number>;
  /** VPP's multicast routes as its command line prints them; undefined where no punt needs them. */
  readonly multicastRoutes?: string;
  /** Namespace ids that can be entered now. */
  readonly namespaces: ReadonlySet<number>;
  readonly seen: ReadonlyMap<string, Seen>;
  /** Kinds that could not be observed, and why: nothing of them may be judged or touched. */
  readonly unreadable: ReadonlyMap<KindName, PuntError>;
}

/** Finds an interface by tag first, then by VPP's name. A tag that several interfaces bear names none of them. */
export function interfaceFinder(interfaces: readonly VppInterface[]): (name: string) => VppInterface | undefined {
  const byName = new Map(interfaces.map((found) => [found.vppName, found]));
  const byTag = new Map<string, VppInterface | undefined>();
  for (const found of interfaces) if (found.tag !== "") byTag.set(found.tag, byTag.has(found.tag) ? undefined : found);
  return (name) => byTag.get(name) ?? byName.get(name);
}

export function tableKey(family: Family, id: number): string {
  return `${family}/${id}`;
}
