// One interconnect as data: a link between VPP and a CNF, and which punts use it.
import type { Family } from "../../net/index.js";
import type { InterconnectType } from "../request/index.js";
import type { Link } from "./link.js";

/** One interconnect. Everything in it outlives a restart of VPP or of the manager; it is what the store keeps. */
export interface Interconnect {
  readonly vppSelector: string;
  readonly cnfSelector: string;
  readonly type: InterconnectType;
  readonly link: Link;
  /** Name of the interface on both sides; "" for AF_UNIX. */
  readonly name: string;
  /** Number of the CNF's namespace; undefined but for TAP. */
  readonly netns?: number;
  /** Numbers of its subnets in the pools. */
  readonly subnets: Readonly<Partial<Record<Family, number>>>;
  /** Of its ABX policy among those of the same VPP interface, from 1; lower wins. */
  readonly priority: number;
  /** MEMIF: path of VPP's listening socket, and the secret both sides have to know. */
  readonly socket?: string;
  readonly secret?: string;
  /** Identities of the punts that use it, in the order they came. */
  readonly users: readonly string[];
}

/** Numbers of its subnets, with their pools. */
export function subnetsOf({ subnets }: Interconnect): [Family, number][] {
  return ([4, 6] as const).flatMap((family) => (subnets[family] === undefined ? [] : [[family, subnets[family]]]));
}

/** Its identity: both selectors. */
export function interconnectKey({ vppSelector, cnfSelector }: Interconnect): string {
  return keyOf(vppSelector, cnfSelector);
}

/** The key of the interconnect between two selectors. */
export function keyOf(vppSelector: string, cnfSelector: string): string {
  return `${vppSelector}|${cnfSelector}`;
}
