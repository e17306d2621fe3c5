// One interconnect as data: a link between VPP and a CNF, with the punts that use it.
import type { Family } from "../../net/index.js";
import type { InterconnectType } from "../request/index.js";
import type { Link } from "./link.js";

/** One interconnect, as the store keeps it. Everything in it outlives a restart of VPP or of the manager. */
export interface Interconnect {
  readonly vppSelector: string;
  readonly cnfSelector: string;
  readonly type: InterconnectType;
  readonly link: Link;
  /** Name of the interface on both sides; "" for AF_UNIX. */
  readonly name: string;
  /** Name from which the MAC addresses follow, where that is not `name`. */
  readonly macName?: string;
  /** TAP: number of the CNF's namespace. */
  readonly netns?: number;
  /** Numbers of its subnets in the pools. */
  readonly subnets: Readonly<Partial<Record<Family, number>>>;
  /** Priority of its policy among those of the same VPP interface, from 1. The lowest number wins. */
  readonly priority: number;
  /** MEMIF: path of VPP's listening socket, and the secret of both sides. */
  readonly socket?: string;
  readonly secret?: string;
  /** Keys of the punts that use it, in the order in which they came. */
  readonly users: readonly string[];
}

/** Returns the numbers of an interconnect's subnets, with their families. */
export function subnetsOf({ subnets }: Interconnect): [Family, number][] {
  return ([4, 6] as const).flatMap((family) => (subnets[family] === undefined ? [] : [[family, subnets[family]]]));
}

/** Returns the key of an interconnect: both selectors. */
export function interconnectKey({ vppSelector, cnfSelector }: Interconnect): string {
  return keyOf(vppSelector, cnfSelector);
}

/** Returns the key of the interconnect between two selectors. */
export function keyOf(vppSelector: string, cnfSelector: string): string {
  return `${vppSelector}|${cnfSelector}`;
}
