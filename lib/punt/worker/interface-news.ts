// VPP's interface events, and whether they contain anything that was not read yet.
import type { EventOf } from "../../binapi/index.js";
import type { PuntError } from "../../errors.js";
import { isLinkUp, isUp, type VppInterface } from "../items/index.js";
import type { VppConnection } from "../options.js";
import { asPuntError } from "../reconcile/index.js";

type InterfaceEvent = EventOf<"sw_interface_event">;

/** Milliseconds for which events are gathered: they come in bursts, and each burst makes the manager read all of VPP. */
const EVENT_PAUSE = 20;

export interface NewsReader {
  /** Returns the interfaces as they were last read. */
  known(): readonly VppInterface[];
  /** Returns the names of the interfaces whose links matter. */
  links(): readonly string[];
  /** Called when something has changed since it was read. */
  changed(): void;
  failed(error: PuntError): void;
  /** Called when an interface that is not ours was deleted. Another one may have its index, and its name, by now. */
  lost(swIfIndex: number): void;
}

export class InterfaceNews {
  readonly #vpp: VppConnection;
  readonly #reader: NewsReader;
  #events: { close(): unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The last event of each interface, until it is compared with the interfaces as read. */
  readonly #news = new Map<number, InterfaceEvent>();
  /** An interface has gone since it was read. Another interface may have its index now, and events of that one look like no change. */
  #isLost = false;
  #isReading = false;
  #isFollowing = false;
  #isClosed = false;
  #indexed: { readonly list: readonly VppInterface[]; readonly byIndex: ReadonlyMap<number, VppInterface> } | undefined;

  constructor(vpp: VppConnection, reader: NewsReader) {
    this.#vpp = vpp;
    this.#reader = reader;
  }

  /** Begins to listen, unless it does. The client subscribes again after a restart of VPP, but VPP may refuse that. */
  async follow(): Promise<void> {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    try {
      const fields = { enable_disable: 1, pid: process.pid };
      const events = await this.#vpp.subscribe("want_interface_events", fields, "sw_interface_event");
      this.#events = events;
      if (this.#isClosed) await events.close();
      for await (const event of events) this.#take(event);
    } catch (error) {
      // The periodic look finds every change without events too.
      if (!this.#isClosed) this.#reader.failed(asPuntError(error, "want_interface_events"));
    } finally {
      this.#isFollowing = false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#events?.close();
  }

  /** Events are compared when a reading is over: changes that the manager made itself and read back are not news. */
  reading(isReading: boolean): void {
    this.#isReading = isReading;
    if (isReading) this.#isLost = false;
    else if (this.#timer === undefined) this.#compare();
  }

  #take(event: InterfaceEvent): void {
    this.#news.set(event.sw_if_index, event);
    const known = event.deleted ? this.#known().get(event.sw_if_index) : undefined;
    if (known && !this.#isReading) this.#isLost = true;
    if (known?.ours === false) {
      this.#isLost = true;
      this.#reader.lost(event.sw_if_index);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#compare();
    }, EVENT_PAUSE);
  }

  #compare(): void {
    if (this.#isReading || this.#news.size === 0) return;
    const known = this.#known();
    const isNews = [...this.#news].some(
      ([index, event]) => isNew(event, known.get(index)) || this.#isNewLink(event, known.get(index)),
    );
    this.#news.clear();
    if (isNews || this.#isLost) this.#reader.changed();
  }

  /** Most links are those of CNFs, which come and go, and no plan depends on them. */
  #isNewLink({ flags }: InterfaceEvent, known: VppInterface | undefined): boolean {
    if (known === undefined || known.linkUp === isLinkUp(flags)) return false;
    return this.#reader.links().some((name) => name === known.tag || name === known.vppName);
  }

  /** Ten thousand deletions come with as many events. */
  #known(): ReadonlyMap<number, VppInterface> {
    const list = this.#reader.known();
    if (this.#indexed?.list !== list)
      this.#indexed = { list, byIndex: new Map(list.map((found) => [found.swIfIndex, found])) };
    return this.#indexed.byIndex;
  }
}

/** Whether an event differs from the interface as read. Every change that matters to a plan has such an event, or is one of a link. */
function isNew({ flags, deleted }: InterfaceEvent, known: VppInterface | undefined): boolean {
  return deleted ? known !== undefined : known?.up !== isUp(flags);
}
