// etcd in the world, and the ways to it: calls and streams that are delayed, lost, late, cut, or end with the process that made them.
import { EventEmitter } from "node:events";
import type { ITxnRequest } from "etcd3";
import type { EtcdClient } from "../../../lib/cluster/etcd/index.js";
import type { Party, World } from "../world/index.js";
import { EtcdModel, etcdRefusal, eventMessage, type KeyEvent, type Watcher } from "./etcd-model.js";

/** etcd looks twice a second for leases that are over. */
const EXPIRY_MS = 500;
/** A watch gets the events before its beginning within this time. */
const SYNC_MS = 100;

/**
 * How a way to etcd treats a call:
 * - `lose-request`: etcd never gets it; `lose-answer`: etcd makes it, and its answer is lost;
 * - `late`: etcd gets it after the caller has given it up; `refuse`: the caller hears that etcd is away, and etcd makes it or not;
 * - `die-before`, `die-after`: the caller dies before etcd gets it, or after etcd has made it.
 */
export type CallFault = "lose-request" | "lose-answer" | "late" | "refuse" | "die-before" | "die-after";

interface Strike {
  left: number;
  readonly fault: CallFault;
}

/** The way of one place to etcd. It outlives the processes there. */
export class Way {
  /** Nothing passes until then. What was sent comes later, or never. */
  cutUntil = 0;
  /** Events of watches of these folders come no earlier, by folder. etcd keeps the order of one watch, and not of several. */
  readonly eventsFrom = new Map<string, number>();
  /** Until then, each read takes up to `ms`. */
  slow = { until: 0, ms: 0 };
  readonly links = new Set<EtcdLink>();
  #strikes: Strike[] = [];

  /** The fault strikes the nth write from now. */
  add(fault: CallFault, nth: number): void {
    this.#strikes.push({ left: nth, fault });
  }

  next(isWrite: boolean): CallFault | undefined {
    if (!isWrite) return undefined;
    for (const strike of this.#strikes) strike.left--;
    const struck = this.#strikes.find(({ left }) => left <= 0);
    this.#strikes = this.#strikes.filter((strike) => strike !== struck);
    return struck?.fault;
  }

  clear(): void {
    this.cutUntil = 0;
    this.eventsFrom.clear();
    this.slow = { until: 0, ms: 0 };
    this.#strikes = [];
  }
}

/** A look at each transaction that etcd has made for a client. @param before the revision at which the leader's key was made, as it was before */
export type Written = (link: EtcdLink, request: ITxnRequest, before: number | undefined) => void;

export class EtcdProcess {
  readonly model: EtcdModel;
  readonly ways: readonly Way[];
  readonly #world: World;
  #party: Party;

  /** @param leaderKey the key whose maker leads */
  constructor(
    world: World,
    places: number,
    readonly leaderKey: string,
    readonly written: Written,
  ) {
    this.#world = world;
    this.model = new EtcdModel(world.schedule);
    this.ways = Array.from({ length: places }, () => new Way());
    this.#party = world.schedule.newParty("etcd");
    this.#expire();
  }

  get party(): Party {
    return this.#party;
  }

  /** Dies, and starts again with all that it had, after virtual milliseconds. @param starts called before it takes calls again */
  restart(downMs: number, starts = () => {}): void {
    const { schedule } = this.#world;
    if (!this.#party.isAlive) return;
    this.#party.isAlive = false;
    for (const way of this.ways) for (const link of way.links) link.break();
    const start = () => {
      this.#party = schedule.newParty("etcd");
      starts();
      this.model.refreshLeases();
      this.#expire();
    };
    schedule.at(schedule.now + downMs, "etcd", start, schedule.world);
  }

  #expire(): void {
    const { schedule } = this.#world;
    const again = () => {
      this.model.expire();
      this.#expire();
    };
    schedule.at(schedule.now + EXPIRY_MS, "expiry", again, this.#party);
  }

  /** Connects the party that runs now, at a place. `died`: ends that party. */
  connect(place: number, died: () => void): EtcdLink {
    const link = new EtcdLink(this.#world, this, this.ways[place]!, died, place);
    this.ways[place]!.links.add(link);
    return link;
  }
}

/** The client of one process, in place of etcd's. */
export class EtcdLink {
  readonly #world: World;
  readonly #etcd: EtcdProcess;
  readonly #way: Way;
  readonly #party: Party;
  readonly #died: () => void;
  readonly #streams = new Set<WatchStream>();
  readonly #open = new Set<(error: Error) => void>();
  /** The revision at which this process made the leader's key last. */
  claimed: number | undefined;

  constructor(
    world: World,
    etcd: EtcdProcess,
    way: Way,
    died: () => void,
    readonly place: number,
  ) {
    this.#world = world;
    this.#etcd = etcd;
    this.#way = way;
    this.#party = world.schedule.party;
    this.#died = died;
  }

  /** The calls of etcd's client. */
  get client(): EtcdClient {
    const { model } = this.#etcd;
    const client = {
      kv: {
        range: (request: never) => this.#call("range", false, () => model.range(request)),
        txn: (request: ITxnRequest) => this.#call("txn", true, () => this.#transaction(request)),
      },
      leaseClient: {
        leaseGrant: ({ TTL }: { TTL: number }) => this.#call("grant", true, () => model.grant(TTL)),
        leaseRevoke: ({ ID }: { ID: string }) => this.#call("revoke", true, () => model.revoke(ID)),
        leaseTimeToLive: ({ ID }: { ID: string }) => this.#call("lease", false, () => model.remaining(ID)),
        leaseKeepAlive: async () => this.#renewals(),
      },
      watchClient: { watch: async () => this.#watch() },
      close: () => this.leave(),
    };
    return client as unknown as EtcdClient;
  }

  #transaction(request: ITxnRequest) {
    const { model, leaderKey, written } = this.#etcd;
    const before = model.get(leaderKey)?.created;
    const reply = model.txn(request);
    if (!reply.succeeded) return reply;
    const after = model.get(leaderKey)?.created;
    if (before === undefined && after !== undefined) this.claimed = after;
    written(this, request, before);
    return reply;
  }

  /** The process is gone, or needs etcd no more. */
  leave(): void {
    for (const stream of this.#streams) stream.end();
    this.#way.links.delete(this);
  }

  /** The connection breaks: calls under way and streams end with an error. */
  break(): void {
    for (const stream of [...this.#streams]) stream.break();
    for (const fail of [...this.#open]) this.#later("broken", () => fail(unavailable()));
  }

  #later(label: string, deliver: () => void, from = 0): void {
    const { schedule } = this.#world;
    schedule.at(Math.max(from, schedule.now + schedule.delay()), label, deliver, this.#party);
  }

  #call<T>(label: string, isWrite: boolean, work: () => T): Promise<T> {
    const fault = this.#way.next(isWrite);
    return new Promise((resolve, reject) => {
      const ended = (deliver: () => void) => () => {
        this.#open.delete(reject);
        deliver();
      };
      this.#open.add(reject);
      if (fault === "refuse")
        this.#later(
          "refused",
          ended(() => reject(unavailable())),
        );
      if (fault === "die-before") return this.#die();
      this.#request(label, fault, () => {
        const outcome = attempt(work);
        if (fault === "die-after") return this.#die();
        const deliver = () => ("error" in outcome ? reject(outcome.error) : resolve(outcome.value));
        if (fault !== "lose-answer") this.#later("etcd answers", ended(deliver), this.#way.cutUntil);
      });
    });
  }

  /** The process dies when the code that runs now waits for something. */
  #die(): void {
    const { schedule } = this.#world;
    schedule.at(schedule.now, "die", this.#died, schedule.world);
  }

  /** Brings a request to etcd, unless it is lost. */
  #request(label: string, fault: CallFault | undefined, arrive: () => void): void {
    const { schedule } = this.#world;
    const { random } = schedule;
    const { cutUntil } = this.#way;
    const isLost = fault === "lose-request" || (fault === "refuse" && random.chance(0.5));
    if (isLost || (cutUntil > schedule.now && random.chance(0.5))) return;
    if (!this.#etcd.party.isAlive) {
      for (const fail of [...this.#open]) this.#later("away", () => fail(unavailable()));
      return;
    }
    const { slow } = this.#way;
    const isSlow = label === "range" && slow.until > schedule.now;
    const late = fault === "late" ? random.between(500, 4_000) : isSlow ? random.between(0, slow.ms) : 0;
    const time = Math.max(cutUntil, schedule.now + schedule.delay() + late);
    schedule.at(time, label, arrive, this.#etcd.party);
  }

  /** A stream that renews leases. */
  #renewals(): EventEmitter {
    const stream = new EventEmitter();
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    const write = ({ ID }: { ID: string }) => {
      this.#call("renew", true, () => this.#etcd.model.renew(ID)).then(
        (reply) => void (isOver || stream.emit("data", reply)),
        (error) => void (isOver || stream.emit("error", error)),
      );
    };
    return Object.assign(stream, { write, end, cancel: end });
  }

  #watch(): WatchStream {
    const stream = new WatchStream(this.#world, this.#etcd, this.#way, this.#party, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    return stream;
  }
}

/** A stream of watches. The events of each watch arrive in order. */
class WatchStream extends EventEmitter {
  readonly #watchers: Watcher[] = [];
  /** When the last response of each watch arrives. */
  readonly #arrivals: number[] = [];
  #isOver = false;

  constructor(
    readonly world: World,
    readonly etcd: EtcdProcess,
    readonly way: Way,
    readonly client: Party,
    readonly over: () => void,
  ) {
    super();
  }

  write({ create_request: creation }: { create_request: Creation }): void {
    const { schedule } = this.world;
    if (!this.etcd.party.isAlive) {
      this.break();
      return;
    }
    const id = String(this.#watchers.length);
    const watcher: Watcher = {
      ...{ start: creation.key.toString(), end: creation.range_end.toString() },
      ...{ next: creation.start_revision, isSynced: false },
      events: (events) => this.#send({ watch_id: id, events }),
    };
    this.#arrivals.push(0);
    this.#watchers.push(watcher);
    const sync = () => {
      if (this.#isOver) return;
      this.etcd.model.watch(watcher);
      if (!this.etcd.model.sync(watcher)) this.#send({ watch_id: id, compacted: this.etcd.model.compacted });
    };
    const time = Math.max(this.way.cutUntil, schedule.now + schedule.delay());
    const pause = schedule.random.chance(0.5) ? 0 : schedule.random.between(0, SYNC_MS);
    schedule.at(time + pause, "watch", sync, this.etcd.party);
  }

  #send({ watch_id, events = [], compacted = 0 }: Response): void {
    const { schedule } = this.world;
    const { cutUntil, eventsFrom } = this.way;
    const { start } = this.#watchers[Number(watch_id)]!;
    const late = [...eventsFrom].filter(([folder]) => start.startsWith(folder)).map(([, time]) => time);
    const arrival = Math.max(this.#arrivals[Number(watch_id)]!, cutUntil, ...late, schedule.now + schedule.delay());
    this.#arrivals[Number(watch_id)] = arrival;
    const response = {
      ...{ header: this.etcd.model.header, watch_id, created: false, canceled: compacted > 0, cancel_reason: "" },
      ...{ compact_revision: String(compacted), events: events.map(eventMessage) },
    };
    schedule.at(arrival, "events", () => this.#isOver || this.emit("data", response), this.client);
  }

  /** Ends with an error. */
  break(): void {
    const { schedule } = this.world;
    const fail = () => this.listenerCount("error") > 0 && this.emit("error", unavailable());
    schedule.at(schedule.now + schedule.delay(), "watch broken", fail, this.client);
    this.end();
  }

  end(): void {
    this.#isOver = true;
    for (const watcher of this.#watchers) this.etcd.model.unwatch(watcher);
    this.over();
  }

  cancel(): void {
    this.end();
  }
}

interface Creation {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly start_revision: number;
}

interface Response {
  readonly watch_id: string;
  readonly events?: readonly KeyEvent[];
  readonly compacted?: number;
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

function unavailable(): Error {
  return etcdRefusal(14, "UNAVAILABLE: the simulation is away");
}
