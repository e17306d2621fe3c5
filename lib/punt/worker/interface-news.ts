// VPP's events of interfaces, and whether they tell more than was read.
import type { Events } from "../../binapi/index.js";
import type { PuntError } from "../../errors.js";
import { isUp, type VppInterface } from "../items/index.js";
import type { VppConnection } from "../options.js";
import { asPuntError } from "../reconcile/index.js";

type InterfaceEvent = Events["sw_interface_event"];

/** Interface events come in bursts, and each makes the whole be read: they are gathered for so long, in milliseconds. */
const EVENT_PAUSE = 20;

export interface NewsReader {
  /** Interfaces as last read. */
  known(): readonly VppInterface[];
  /** Something changed that was not read yet. */
  changed(): void;
  failed(error: PuntError): void;
}

export class InterfaceNews {
  readonly #vpp: VppConnection;
  readonly #reader: NewsReader;
  #events: { close(): unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The last event of each interface, of those that were not yet compared with what was read. */
  readonly #news = new Map<number, InterfaceEvent>();
  /** An interface that was read has gone since. Its index may be another's by now, whose events tell nothing new. */
  #isLost = false;
  #isReading = false;
  #isClosed = false;

  constructor(vpp: VppConnection, reader: NewsReader) {
    this.#vpp = vpp;
    this.#reader = reader;
  }

  /** Begins to listen. The client asks a VPP that has restarted again. */
  async follow(): Promise<void> {
    if (this.#events) return;
    try {
      const fields = { enable_disable: 1, pid: process.pid };
      const events = await this.#vpp.subscribe("want_interface_events", fields, "sw_interface_event");
      this.#events = events;
      if (this.#isClosed) await events.close();
      for await (const event of events) this.#take(event);
    } catch (error) {
      // The periodic look finds what an event would have told.
      if (!this.#isClosed) this.#reader.failed(asPuntError(error, "want_interface_events"));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#events?.close();
  }

  /** What the manager does itself, and reads back, is not news: events are compared with what was read when the reading is over. */
  reading(isReading: boolean): void {
    this.#isReading = isReading;
    if (isReading) this.#isLost = false;
    else if (this.#timer === undefined) this.#compare();
  }

  #take(event: InterfaceEvent): void {
    this.#news.set(event.sw_if_index, event);
    if (event.deleted && !this.#isReading && this.#known().has(event.sw_if_index)) this.#isLost = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#compare();
    }, EVENT_PAUSE);
  }

  #compare(): void {
    if (this.#isReading || this.#news.size === 0) return;
    const known = this.#known();
    const isNews = [...this.#news].some(([index, event]) => isNew(event, known.get(index)));
    this.#news.clear();
    if (isNews || this.#isLost) this.#reader.changed();
  }

  #known(): Map<number, VppInterface> {
    return new Map(this.#reader.known().map((found) => [found.swIfIndex, found]));
  }
}

/** Whether it tells more than was read: each change of what a plan is made from has an event that differs from what was before. */
function isNew({ flags, deleted }: InterfaceEvent, known: VppInterface | undefined): boolean {
  return deleted ? known !== undefined : known?.up !== isUp(flags);
}
