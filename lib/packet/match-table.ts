// Exact-match tables: keys of packets, such as flows, which native code looks up for a whole burst.
import { PuntError } from "../errors.js";
import { type NativeMatcher, type NativeMatchTable, native } from "../native.js";
import { parseIp4, parseIp6, parseMac } from "../net/index.js";
import { OptionCheck, show } from "../options.js";
import { type PacketBatch, rawOf } from "./batch.js";
import type { PcapLinkType } from "./capture.js";

/** Options of a table. */
export interface MatchTableOptions {
  /**
   * Most entries, 1..67108864. Default 65536. A table never grows, so that no burst waits for a larger one; an entry of IPv4 takes 21 to 43
   * bytes of memory, one of IPv6 96 to 192. Memory is taken as it is used, in pieces of up to 2 MiB.
   */
  capacity?: number;
}

/** Options of a table of flows. */
export interface FlowTableOptions extends MatchTableOptions {
  /** Packets are Ethernet frames, or bare IPv4 and IPv6 packets. Default `"ethernet"`. */
  linkType?: PcapLinkType;
}

/** A 5-tuple: one direction of a flow. */
export interface Flow {
  /** Protocol number of the IP header; of IPv6, that after all extension headers: 6 is TCP, 17 UDP. */
  protocol: number;
  /** IPv4 or IPv6 address; both of one version. */
  source: string;
  destination: string;
  /** Ports of TCP, UDP, UDP-Lite, SCTP and DCCP, 0..65535. Default 0, which all other protocols have. */
  sourcePort?: number;
  destinationPort?: number;
}

/** By their numbers in native/filter/match_table.h. */
const KIND = { flow: 0, source: 1, destination: 2, vlan: 3 } as const;
const LEARNED = { done: 0, noKey: 1, full: 2 } as const;
const MAX_CAPACITY = 2 ** 26;
const MAX_VALUE = 0xffffffff;

/**
 * A table of exact keys, each with a value. Native code looks keys up for a whole burst; JavaScript changes the table at any time between
 * bursts. It belongs to the thread that has made it. As the `match` of a rule it takes the packets whose key is in it.
 *
 * Keys are hashed with a random seed, so that a sender cannot choose packets whose keys collide.
 * @example
 * ```ts
 * import { Memif, VlanTable } from "vpp-punt";
 *
 * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 0 });
 * const customers = new VlanTable().set(100, 1).set(101, 2);
 * port.receive((batch) => {
 *   const customerOf = customers.lookup(batch);
 *   for (let i = 0; i < batch.length; i++) console.log(`customer ${customerOf[i]}: ${batch.byteLength(i)} bytes`);
 * });
 * ```
 */
export abstract class MatchTable<Key> {
  /** Most entries. */
  readonly capacity: number;
  /** @internal */
  readonly matcher: NativeMatcher;
  readonly #op: string;
  readonly #native: NativeMatchTable;
  #values = new Uint32Array(256);

  /** @internal */
  protected constructor(name: string, kind: number, linkType: PcapLinkType, options: FlowTableOptions) {
    this.#op = name;
    this.capacity = new OptionCheck(`${name}.new`).integer("capacity", options.capacity ?? 65536, 1, MAX_CAPACITY);
    this.#native = native.tableOpen(kind, linkType === "ethernet", this.capacity);
    this.matcher = this.#native.matcher;
  }

  /** Number of entries. */
  get size(): number {
    return this.#native.size();
  }

  /**
   * Adds a key, or changes its value, 1..4294967295.
   *
   * @throws PuntError ERR_OPTION: the key or the value is wrong; ERR_TABLE_FULL: there are `capacity` entries already
   */
  set(key: Key, value = 1): this {
    const check = new OptionCheck(`${this.#op}.set`);
    const bytes = this.encode(check, key);
    if (!this.#native.set(bytes, check.integer("value", value, 1, MAX_VALUE))) this.#full("set");
    return this;
  }

  /** Returns the value of a key; undefined if it is not in the table. @throws PuntError ERR_OPTION: the key is wrong */
  get(key: Key): number | undefined {
    return this.#native.get(this.encode(new OptionCheck(`${this.#op}.get`), key)) || undefined;
  }

  /** Removes a key. Returns whether it was there. @throws PuntError ERR_OPTION: the key is wrong */
  delete(key: Key): boolean {
    return this.#native.remove(this.encode(new OptionCheck(`${this.#op}.delete`), key));
  }

  /** Removes all keys, and gives the memory back. */
  clear(): void {
    this.#native.clear();
  }

  /**
   * Looks up the key of each packet of a batch. Returns the values; 0 for a packet whose key is not in the table, or that has none. The
   * array is the same at every call: it is valid until the next one. It may be longer than the batch, and has zeros behind it.
   *
   * @throws PuntError ERR_BATCH_RELEASED: the batch's handler has returned
   */
  lookup(batch: PacketBatch): Uint32Array {
    const { bytes, table } = rawOf(`${this.#op}.lookup`, batch);
    if (this.#values.length < batch.length) this.#values = new Uint32Array(batch.length);
    this.#native.lookup(bytes, table, batch.length, this.#values);
    return this.#values.fill(0, batch.length);
  }

  /**
   * Adds the key of packet `i` of a batch, or changes its value. Returns false if the packet has none.
   *
   * @throws PuntError ERR_BATCH_RELEASED or ERR_OUT_OF_RANGE: there is no such packet; ERR_OPTION: the value is wrong; ERR_TABLE_FULL: there
   *   are `capacity` entries already
   */
  learn(batch: PacketBatch, i: number, value = 1): boolean {
    return this.learnKey(batch, i, value, false);
  }

  /** @internal `reverse`: the key of the answers to the packet. */
  protected learnKey(batch: PacketBatch, i: number, value: number, reverse: boolean): boolean {
    const { bytes, table } = rawOf(`${this.#op}.learn`, batch);
    batch.byteLength(i);
    new OptionCheck(`${this.#op}.learn`).integer("value", value, 1, MAX_VALUE);
    const learned = this.#native.learn(bytes, table, i, reverse, value);
    if (learned === LEARNED.full) this.#full("learn");
    return learned === LEARNED.done;
  }

  /** @internal The bytes of a key for native code. */
  protected abstract encode(check: OptionCheck, key: Key): Uint8Array;

  #full(call: string): never {
    const message = `the table has ${this.capacity} entries already: open it with a larger capacity`;
    throw new PuntError(`${this.#op}.${call}`, "ERR_TABLE_FULL", message, { capacity: this.capacity });
  }
}

const IP4_KEY = 16;
const IP6_KEY = 40;

/**
 * A table of flows. The key of a packet is its 5-tuple, behind any VLAN tags, options of IPv4 and extension headers of IPv6. A packet whose
 * headers are cut off has no key, and neither has a fragment without the ports of its protocol.
 */
export class FlowTable extends MatchTable<Flow> {
  readonly #ip4 = new Uint8Array(IP4_KEY);
  readonly #ip6 = new Uint8Array(IP6_KEY);

  /**
   * @throws PuntError ERR_OPTION: a bad option; ENOMEM: no memory
   * @example
   * ```ts
   * import { FlowTable, type ForwardHandler, forward, Memif, PacketRules } from "vpp-punt";
   *
   * const known = new FlowTable({ capacity: 1_000_000 });
   * known.set({ protocol: 6, source: "10.0.0.1", destination: "10.0.0.2", sourcePort: 1024, destinationPort: 443 });
   * const lan = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 0 });
   * const wan = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1 });
   * const decide: ForwardHandler = (batch) => {
   *   for (let i = 0; i < batch.length; i++) known.learn(batch, i);
   * };
   * forward(lan, wan, decide, { filter: new PacketRules([{ match: known, action: "pass" }]) });
   * ```
   */
  constructor(options: FlowTableOptions = {}) {
    const check = new OptionCheck("flow-table.new");
    check.known(options, ["capacity", "linkType"]);
    super(
      "flow-table",
      KIND.flow,
      check.oneOf("linkType", options.linkType ?? "ethernet", ["ethernet", "ip"]),
      options,
    );
  }

  /** Adds the flow of the answers to packet `i`, whose source is the packet's destination, or changes its value. Returns false if it has none. @throws PuntError as `learn` does */
  learnReverse(batch: PacketBatch, i: number, value = 1): boolean {
    return this.learnKey(batch, i, value, true);
  }

  /** @internal */
  protected encode(check: OptionCheck, flow: Flow): Uint8Array {
    check.known(flow, ["protocol", "source", "destination", "sourcePort", "destinationPort"], "flow");
    const { source, destination, sourcePort = 0, destinationPort = 0 } = flow;
    const isIp6 = typeof source === "string" && source.includes(":");
    const [key, size, parse] = isIp6 ? ([this.#ip6, 16, parseIp6] as const) : ([this.#ip4, 4, parseIp4] as const);
    const version = isIp6 ? "an IPv6 address" : "an IPv4 address";
    if (typeof source !== "string" || !parse(source, key, 0))
      check.refuse("source", `must be ${version}; got ${show(source)}`);
    if (typeof destination !== "string" || !parse(destination, key, size)) {
      check.refuse("destination", `must be ${version}, as source is; got ${show(destination)}`);
    }
    const ports = [check.integer("sourcePort", sourcePort, 0, 65535), destinationPort] as const;
    check.integer("destinationPort", destinationPort, 0, 65535);
    for (const [i, port] of ports.entries()) {
      key[2 * size + 2 * i] = port >> 8;
      key[2 * size + 2 * i + 1] = port;
    }
    key[2 * size + 4] = check.integer("protocol", flow.protocol, 0, 255);
    return key;
  }
}

/** A table of MAC addresses, of the source or the destination of Ethernet frames. */
export class MacTable extends MatchTable<string> {
  readonly #key = new Uint8Array(6);

  /**
   * @param address which address of a frame is looked up
   * @throws PuntError ERR_OPTION: a bad argument; ENOMEM: no memory
   * @example
   * ```ts
   * import { MacTable, Memif, PacketRules } from "vpp-punt";
   *
   * const strangers = new MacTable("source").set("02:00:00:00:00:66");
   * const filter = new PacketRules([{ match: strangers, action: "drop" }]);
   * Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1, filter });
   * ```
   */
  constructor(address: "source" | "destination", options: MatchTableOptions = {}) {
    const check = new OptionCheck("mac-table.new");
    check.known(options, ["capacity"]);
    super("mac-table", KIND[check.oneOf("address", address, ["source", "destination"])], "ethernet", options);
  }

  /** @internal */
  protected encode(check: OptionCheck, address: string): Uint8Array {
    const isGood = typeof address === "string" && parseMac(address, this.#key);
    return isGood ? this.#key : check.refuse("key", `must be a MAC address; got ${show(address)}`);
  }
}

/** A table of VLANs: the number in the outer tag of a frame. A frame without a tag has no key. */
export class VlanTable extends MatchTable<number> {
  /**
   * @throws PuntError ERR_OPTION: a bad option; ENOMEM: no memory
   * @example
   * ```ts
   * import { Memif, PacketRules, VlanTable } from "vpp-punt";
   *
   * const ours = new VlanTable().set(100).set(101);
   * const filter = new PacketRules([{ match: ours, action: "deliver" }, { action: "drop" }]);
   * Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1, filter });
   * ```
   */
  constructor(options: MatchTableOptions = {}) {
    new OptionCheck("vlan-table.new").known(options, ["capacity"]);
    super("vlan-table", KIND.vlan, "ethernet", { capacity: options.capacity ?? 4096 });
  }

  /** @internal */
  protected encode(check: OptionCheck, vlan: number): Uint8Array {
    const number = check.integer("key", vlan, 0, 4095);
    return Uint8Array.of(number & 0xff, number >> 8);
  }
}
