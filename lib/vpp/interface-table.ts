// VPP's interfaces, kept up to date: by name, by tag and by index.
import { EventEmitter } from "node:events";
import type { DetailsOf, RequestOf } from "../binapi/index.js";
import { guarded } from "../guarded.js";
import { interfaceMacs } from "../net/index.js";

type Detail = DetailsOf<"sw_interface_dump">;

/** An interface of VPP. */
export interface TableInterface {
  readonly swIfIndex: number;
  /** VPP's own name. */
  readonly name: string;
  /** "" where it has none. */
  readonly tag: string;
  /** Zeros for an interface without Ethernet. */
  readonly mac: string;
  readonly up: boolean;
}

/** The client of the binary API, as the table sees it. `Vpp` is one. */
export interface InterfaceSource {
  readonly isConnected: boolean;
  /** Whether the first connection is under way. */
  readonly isConnecting?: boolean;
  on(event: "connected" | "disconnected", listener: () => void): unknown;
  off(event: "connected" | "disconnected", listener: () => void): unknown;
  dumpAll(name: "sw_interface_dump", fields: RequestOf<"sw_interface_dump">): Promise<Detail[]>;
  subscribe(
    request: "want_interface_events",
    fields: RequestOf<"want_interface_events">,
    event: "sw_interface_event",
  ): Promise<AsyncIterable<unknown> & { close(): unknown }>;
}

/** The index that means all interfaces. */
const ALL = 0xffff_ffff;
/** Events of one change come together: the table is read once for them. */
const EVENT_PAUSE_MS = 20;
/**
 * How many times as long as the last reading the pause after an event is. Each reading costs VPP all interfaces: many changes in a row
 * cost a part of the time, however many interfaces there are.
 */
const PAUSE_FACTOR = 4;
/** VPP has no event for a new tag. */
const LOOK_INTERVAL_MS = 10_000;

/** Finds interfaces by name: a tag that exactly one interface bears comes before VPP's own names. */
export class InterfaceTable extends EventEmitter<{ change: [] }> {
  readonly #source: InterfaceSource;
  #interfaces: readonly TableInterface[] = [];
  #byName = new Map<string, TableInterface>();
  #byIndex = new Map<number, TableInterface>();
  /** The subscription, and whether there is one, or a request for it is under way. */
  #events: { close(): unknown } | undefined;
  #isFollowing = false;
  #pause: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  /** The reading under way, and the next reading. */
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** Milliseconds that the last reading took. */
  #readingMs = 0;
  #closed = false;
  /** Whether an attempt to read VPP's interfaces has ended. */
  #isRead = false;

  readonly #onConnected = () => void this.#follow();
  readonly #onDisconnected = () => {
    this.#set([]);
    this.#learn();
  };

  /** Begins to follow the source. It may be connected later. */
  constructor(source: InterfaceSource) {
    super();
    // Every watcher of the interfaces listens.
    this.setMaxListeners(0);
    this.#source = source;
    source.on("connected", this.#onConnected);
    source.on("disconnected", this.#onDisconnected);
    this.#look = setInterval(() => void this.refresh().catch(() => {}), LOOK_INTERVAL_MS).unref();
    if (source.isConnected) this.#onConnected();
  }

  get isConnected(): boolean {
    return this.#source.isConnected;
  }

  /** Whether VPP was asked for its interfaces, or is away. Before that, an empty table says nothing. */
  get isKnown(): boolean {
    return this.#isRead || !(this.isConnected || this.#source.isConnecting);
  }

  get size(): number {
    return this.#interfaces.length;
  }

  list(): readonly TableInterface[] {
    return this.#interfaces;
  }

  /** Returns the interface with that tag or name. */
  find(name: string): TableInterface | undefined {
    return this.#byName.get(name);
  }

  /** Tells whether VPP has an interface of that index: injecting to another one crashes VPP. */
  has(swIfIndex: number): boolean {
    return this.#byIndex.has(swIfIndex);
  }

  nameOf(swIfIndex: number): string | undefined {
    return this.#byIndex.get(swIfIndex)?.name;
  }

  /**
   * Reads the interfaces now. All who ask during a reading share the next one.
   *
   * @throws PuntError ERR_DISCONNECTED: VPP is away
   */
  refresh(): Promise<void> {
    if (!this.#reading) return this.#begin();
    this.#next ??= this.#reading.catch(() => {}).then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    const reading = this.#read().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<void> {
    if (!this.#source.isConnected) return this.#set([]);
    const start = performance.now();
    const details = await this.#source.dumpAll("sw_interface_dump", {
      sw_if_index: ALL,
      name_filter_valid: false,
      name_filter: "",
    });
    const macOf = interfaceMacs(details);
    if (!this.#closed) this.#set(details.map((detail) => interfaceOf(detail, macOf(detail))));
    this.#readingMs = performance.now() - start;
  }

  close(): void {
    this.#closed = true;
    this.#source.off("connected", this.#onConnected);
    this.#source.off("disconnected", this.#onDisconnected);
    clearInterval(this.#look);
    clearTimeout(this.#pause);
    void this.#events?.close();
  }

  async #follow(): Promise<void> {
    await this.refresh().catch(() => {});
    this.#learn();
    // The subscription outlives a reconnect.
    if (this.#isFollowing || this.#closed) return;
    this.#isFollowing = true;
    try {
      const fields = { enable_disable: 1, pid: process.pid };
      const events = await this.#source.subscribe("want_interface_events", fields, "sw_interface_event");
      this.#events = events;
      if (this.#closed) await events.close();
      for await (const _event of events) this.#refreshSoon();
    } catch {
      // The periodic look finds what an event would have said.
    }
    this.#events = undefined;
    this.#isFollowing = false;
  }

  #learn(): void {
    const isNews = !this.#isRead;
    this.#isRead = true;
    if (isNews) guarded(() => void this.emit("change"));
  }

  #refreshSoon(): void {
    const pause = Math.max(EVENT_PAUSE_MS, PAUSE_FACTOR * this.#readingMs);
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      void this.refresh().catch(() => {});
    }, pause);
  }

  #set(interfaces: readonly TableInterface[]): void {
    const isSame = JSON.stringify(interfaces) === JSON.stringify(this.#interfaces);
    this.#interfaces = interfaces;
    this.#byIndex = new Map(interfaces.map((each) => [each.swIfIndex, each]));
    this.#byName = new Map(interfaces.map((each) => [each.name, each]));
    for (const [tag, each] of byUniqueTag(interfaces)) this.#byName.set(tag, each);
    if (!isSame) guarded(() => void this.emit("change"));
  }
}

/** Returns the interfaces by tag. A tag of several interfaces names none of them. */
export function byUniqueTag<I extends { readonly tag: string }>(interfaces: readonly I[]): Map<string, I> {
  const found = new Map<string, I>();
  const shared = new Set([""]);
  for (const each of interfaces) {
    if (found.has(each.tag)) shared.add(each.tag);
    found.set(each.tag, each);
  }
  for (const tag of shared) found.delete(tag);
  return found;
}

function interfaceOf(
  { sw_if_index: swIfIndex, interface_name: name, tag, flags }: Detail,
  mac: string,
): TableInterface {
  const up = Array.isArray(flags) ? flags.includes("IF_STATUS_API_FLAG_ADMIN_UP") : (flags & 1) === 1;
  return { swIfIndex, name, tag, mac, up };
}
