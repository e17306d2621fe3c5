// The link: what a punt type needs of an interconnect.
import type { Family } from "../../net/index.js";

/** An interconnect that is an interface on both sides (TAP or MEMIF). Two links are the same if every field is equal. */
export interface InterfaceLink {
  readonly form: "interface";
  /** VRF of the interconnect on both sides. */
  readonly vrf: number;
  readonly withoutCnfVrf: boolean;
  readonly gso: boolean;
  /** The VPP interface that lends its addresses: VPP's side borrows them, and the CNF's side has them. */
  readonly unnumberedTo?: string;
  /** Name to use instead of a derived one. */
  readonly name?: string;
  readonly mac?: string;
  /** VPP's addresses, with prefix length. */
  readonly addresses: readonly string[];
  readonly withDhcpClient: boolean;
  readonly mtu?: number;
  /** Families for which it gets a subnet from the pool. */
  readonly subnets: readonly Family[];
}

/** An interconnect by a datagram socket of the CNF (AF_UNIX). */
export interface SocketLink {
  readonly form: "socket";
  readonly path: string;
}

export type Link = InterfaceLink | SocketLink;

export interface Need {
  /** The packets that are punted, on VPP's side. */
  readonly vppSelector: string;
  readonly link: Link;
}

const plainLink: InterfaceLink = {
  form: "interface",
  vrf: 0,
  withoutCnfVrf: false,
  gso: false,
  addresses: [],
  withDhcpClient: false,
  subnets: [],
};

export function interfaceLink(attributes: Partial<InterfaceLink>): InterfaceLink {
  return { ...plainLink, ...attributes };
}

export function sameLink(a: Link, b: Link): boolean {
  return comparable(a) === comparable(b);
}

function comparable(link: Link): string {
  return JSON.stringify(Object.entries(link).sort(([a], [b]) => (a < b ? -1 : 1)));
}
