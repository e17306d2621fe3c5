// The ACL plugin.
import { IP_PROTOCOL } from "../../../net/index.js";
import { VnetError } from "../../vnet-error.js";
import type { Plane, SwInterface } from "../interface/index.js";
import { type IpHeader, parseIp4, parseIp6 } from "../ip/index.js";
import { type Address, type AddressFamily, covers, type FeatureArc, type Packet, Pool, u16 } from "../vlib/index.js";

export interface AclRule {
  /** 0: deny, 1: permit, 2: permit and its replies. */
  action: number;
  family: AddressFamily;
  source: { address: Address; length: number };
  destination: { address: Address; length: number };
  /** 0: any protocol, and ports don't matter. */
  protocol: number;
  sourcePorts: [first: number, last: number];
  destinationPorts: [first: number, last: number];
  tcpFlagsMask: number;
  tcpFlagsValue: number;
}

export interface Acl {
  tag: string;
  rules: AclRule[];
}

/** A match of a lookup context: the position of the ACL in its list, and the rule's action. */
export interface AclMatch {
  position: number;
  action: number;
}

/** The fields of a packet that rules look at. */
interface Tuple {
  header: IpHeader;
  sourcePort: number;
  destinationPort: number;
  tcpFlags: number;
  hasPorts: boolean;
}

/** The ACL plugin: lists of rules, lookup contexts over them for other features, and filters on interfaces. */
export class Acls {
  readonly #acls = new Pool<Acl>();
  readonly #users = new Map<number, number>();
  readonly #applied = { input: new Map<number, number[]>(), output: new Map<number, number[]>() };
  /** How many interfaces have an ACL in their lists. */
  readonly #uses = { input: new Map<number, number>(), output: new Map<number, number>() };
  readonly #plane: Plane;

  constructor(plane: Plane) {
    this.#plane = plane;
    const filter = (packet: Packet) => this.#filterInput(packet);
    for (const arc of this.#inputs) arc.register("acl-plugin-in-ip-fa", filter);
    for (const arc of this.#outputs) arc.register("acl-plugin-out-ip-fa", (packet) => this.#filterOutput(packet));
    plane.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.apply(swInterface, [], []);
    });
  }

  add(acl: Acl): number {
    return this.#acls.add(acl);
  }

  replace(index: number, acl: Acl): void {
    const known = this.#acls.get(index);
    if (known === undefined) throw new VnetError("NO_SUCH_ENTRY", `there is no ACL ${index}`);
    Object.assign(known, acl);
  }

  delete(index: number): void {
    if (this.#acls.get(index) === undefined) throw new VnetError("NO_SUCH_ENTRY", `there is no ACL ${index}`);
    if (this.#uses.input.has(index)) throw new VnetError("ACL_IN_USE_INBOUND", `ACL ${index} filters input`);
    if (this.#uses.output.has(index)) throw new VnetError("ACL_IN_USE_OUTBOUND", `ACL ${index} filters output`);
    if (this.#users.has(index)) {
      throw new VnetError("ACL_IN_USE_BY_LOOKUP_CONTEXT", `ACL ${index} is used by a lookup context`);
    }
    this.#acls.delete(index);
  }

  find(index: number): Acl | undefined {
    return this.#acls.get(index);
  }

  entries(): IterableIterator<[number, Acl]> {
    return this.#acls.entries();
  }

  /** Counts the lookup contexts that use an ACL. An ACL in use cannot be deleted. */
  hold(index: number, change: 1 | -1): void {
    count(this.#users, index, change);
  }

  /** Sets the filters of an interface, input and output, in order. */
  apply(swInterface: SwInterface, input: number[], output: number[]): void {
    for (const list of [input, output]) this.#checkList(list);
    const { swIfIndex } = swInterface;
    const hadInput = this.#applied.input.has(swIfIndex);
    const hadOutput = this.#applied.output.has(swIfIndex);
    this.#setList("input", swIfIndex, input);
    this.#setList("output", swIfIndex, output);
    if (hadInput !== input.length > 0)
      for (const arc of this.#inputs) arc.enable("acl-plugin-in-ip-fa", swIfIndex, input.length > 0);
    if (hadOutput !== output.length > 0)
      for (const arc of this.#outputs) arc.enable("acl-plugin-out-ip-fa", swIfIndex, output.length > 0);
  }

  appliedTo(swIfIndex: number): { input: readonly number[]; output: readonly number[] } {
    return { input: this.#applied.input.get(swIfIndex) ?? [], output: this.#applied.output.get(swIfIndex) ?? [] };
  }

  /** The first rule that matches, over the ACLs in order. */
  match(list: readonly number[], packet: Packet, family: AddressFamily): AclMatch | undefined {
    const tuple = tupleOf(packet, family);
    if (tuple === undefined) return undefined;
    for (let position = 0; position < list.length; position++) {
      for (const rule of this.#acls.get(list[position]!)?.rules ?? []) {
        if (matches(rule, tuple)) return { position, action: rule.action };
      }
    }
    return undefined;
  }

  #checkList(list: number[]): void {
    const seen = new Set<number>();
    for (const index of list) {
      if (this.#acls.get(index) === undefined) throw new VnetError("NO_SUCH_ENTRY", `there is no ACL ${index}`);
      if (seen.has(index)) throw new VnetError("ENTRY_ALREADY_EXISTS", `ACL ${index} is in the list twice`);
      seen.add(index);
    }
  }

  #setList(direction: "input" | "output", swIfIndex: number, list: number[]): void {
    const uses = this.#uses[direction];
    for (const index of this.#applied[direction].get(swIfIndex) ?? []) count(uses, index, -1);
    for (const index of list) count(uses, index, 1);
    if (list.length > 0) this.#applied[direction].set(swIfIndex, list);
    else this.#applied[direction].delete(swIfIndex);
  }

  get #inputs(): FeatureArc[] {
    const { ip4, ip6, l2Input } = this.#plane.arcs;
    return [ip4.unicast, ip4.multicast, ip6.unicast, ip6.multicast, l2Input];
  }

  /** Packets that a feature sends out past the routing, such as ABX, meet none. */
  get #outputs(): FeatureArc[] {
    const { ip4, ip6, l2Output } = this.#plane.arcs;
    return [ip4.output, ip6.output, l2Output];
  }

  #filterInput(packet: Packet): boolean {
    return this.#filter(packet, this.#applied.input.get(packet.rx) ?? [], "acl-plugin-in-ip-fa");
  }

  #filterOutput(packet: Packet): boolean {
    return this.#filter(packet, this.#applied.output.get(packet.tx) ?? [], "acl-plugin-out-ip-fa");
  }

  /** Denies a packet that no rule permits. Packets other than IP pass. */
  #filter(packet: Packet, list: readonly number[], name: string): boolean {
    const version = packet.bytes[packet.l3]! >> 4;
    if (version !== 4 && version !== 6) return false;
    if ((this.match(list, packet, version)?.action ?? 0) > 0) return false;
    this.#plane.drop(packet, this.#plane.graph.node(name), "ACL deny packets");
    return true;
  }
}

/** Counts in a map without zeros. */
function count(counts: Map<number, number>, key: number, change: 1 | -1): void {
  const left = (counts.get(key) ?? 0) + change;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}

function tupleOf({ bytes, l3 }: Packet, family: AddressFamily): Tuple | undefined {
  const header = family === 4 ? parseIp4(bytes, l3) : parseIp6(bytes, l3);
  if (typeof header === "string") return undefined;
  const { payload, end, protocol, laterFragment } = header;
  const hasPorts = !laterFragment && end - payload >= 4;
  return {
    header,
    hasPorts,
    ...(hasPorts ? portsAt(bytes, payload, protocol, family) : { sourcePort: 0, destinationPort: 0 }),
    tcpFlags: protocol === IP_PROTOCOL.TCP && end - payload >= 14 ? bytes[payload + 13]! : 0,
  };
}

/** VPP reads the ports of TCP and UDP, and the type and code of the family's ICMP. All others have 0. */
function portsAt(bytes: Uint8Array, at: number, protocol: number, family: AddressFamily) {
  if (protocol === (family === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6))
    return { sourcePort: bytes[at]!, destinationPort: bytes[at + 1]! };
  if (protocol !== IP_PROTOCOL.TCP && protocol !== IP_PROTOCOL.UDP) return { sourcePort: 0, destinationPort: 0 };
  return { sourcePort: u16(bytes, at), destinationPort: u16(bytes, at + 2) };
}

function matches(rule: AclRule, tuple: Tuple): boolean {
  const { header } = tuple;
  if (rule.family !== header.family) return false;
  if (!covers(rule.destination.address, rule.destination.length, header.destination)) return false;
  if (!covers(rule.source.address, rule.source.length, header.source)) return false;
  if (rule.protocol === 0) return true;
  if (rule.protocol !== header.protocol) return false;
  // VPP's default: a fragment after the first matches the rules of its protocol, whatever their ports.
  if (header.laterFragment) return true;
  if (!tuple.hasPorts) return false;
  if (!inRange(tuple.sourcePort, rule.sourcePorts) || !inRange(tuple.destinationPort, rule.destinationPorts))
    return false;
  return header.protocol !== IP_PROTOCOL.TCP || (tuple.tcpFlags & rule.tcpFlagsMask) === rule.tcpFlagsValue;
}

function inRange(value: number, [first, last]: [number, number]): boolean {
  return value >= first && value <= last;
}
