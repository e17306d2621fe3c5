// A client of etcd for reads, transactions, leases and watches. Each call has a deadline. A write that etcd may have got is never repeated.
import { setMaxListeners } from "node:events";
import { isDeepStrictEqual } from "node:util";
import type { ITxnResponse } from "etcd3";
import { PuntError } from "../../errors.js";
import { clientsFor, type EtcdClient, NEEDS_LEADER } from "./clients.js";
import {
  type Condition,
  comparison,
  type Entry,
  endOf,
  entryOf,
  type Header,
  operation,
  type Snapshot,
  type Write,
} from "./entry.js";
import { away, etcdError, isAway, isStaleToken, wasNotSent } from "./errors.js";
import { checkEtcdOptions, type EtcdAccess, type EtcdOptions, readAccess } from "./options.js";
import { openWatch, type WatchHandlers } from "./watch.js";

const OP = "cluster.etcd";

/** Entries of one read: etcd cannot stream a read, and an answer with 10,000 punts would hold up others. */
const PAGE = 2_000;

/** etcd's servers allow 128 operations in one transaction by default. */
export const MOST_WRITES = 100;

/** The subject of a call. */
export type EtcdCall = "read" | "write" | "lease" | "watch";

export class Etcd {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  /** Checks the header of each read and transaction against the highest revision that was known before the call. May throw. */
  onHeader: ((header: Header, floor: number) => void) | undefined;
  /** Called after each call; `isAnswered` is false where etcd was away, and true for a refusal. For a watch, the call is its opening. */
  onCalled: ((call: EtcdCall, ms: number, isAnswered: boolean) => void) | undefined;
  /** One client for each server: the client's own choice of a server takes a dead one for every n-th call. */
  #clients: readonly EtcdClient[];
  /** The server of all calls: the next one after a call that it did not answer. */
  #at = 0;
  /** Ends the watches at a server that did not answer. */
  readonly #watches = new Set<{ readonly client: EtcdClient; leave(): void }>();
  /** Clients with earlier files, on which calls may be under way. */
  readonly #earlier = new Set<EtcdClient>();
  /** The options that name the files, and what the client was made of; undefined for a client that was there already. */
  #source: { readonly options: EtcdOptions; readonly access: EtcdAccess } | undefined;
  readonly #timeout: number;
  /** The highest revision that an answer had. */
  #highest = 0;
  readonly #closing = new AbortController();

  /** Loads etcd's client. Does not wait for etcd. @throws PuntError ERR_OPTION; an errno name: a file cannot be read */
  static async open(options: EtcdOptions): Promise<Etcd> {
    checkEtcdOptions(options, OP);
    const access = await readAccess(options, OP);
    const etcd = new Etcd(access, await clientsFor(access));
    etcd.#source = { options, access };
    return etcd;
  }

  /**
   * Reads the files again: certificates, keys and the password. Calls from now on are made with them, over new connections. Calls that are
   * under way may end as they began, and watches begin again.
   *
   * @throws PuntError as `open`: everything stays as it was
   */
  async reload(): Promise<void> {
    if (this.#source === undefined) return;
    const { options } = this.#source;
    const access = await readAccess(options, OP);
    if (isDeepStrictEqual(access, this.#source.access)) return;
    const clients = await clientsFor(access);
    if (this.#closing.signal.aborted) {
      for (const client of clients) client.close();
      return;
    }
    const before = this.#clients;
    this.#source = { options, access };
    this.#clients = clients;
    for (const earlier of before) {
      this.#earlier.add(earlier);
      setTimeout(() => this.#retire(earlier), this.#timeout).unref();
    }
  }

  #retire(client: EtcdClient): void {
    if (this.#earlier.delete(client)) client.close();
  }

  /** Makes a connection over a client that is there already, and closes it with the connection. */
  static over(client: EtcdClient, access: Pick<EtcdAccess, "endpoints" | "prefix" | "timeout">): Etcd {
    return new Etcd(access, [client]);
  }

  private constructor(
    { endpoints, prefix, timeout }: Pick<EtcdAccess, "endpoints" | "prefix" | "timeout">,
    clients: readonly EtcdClient[],
  ) {
    // Every question that waits for an answer listens.
    setMaxListeners(0, this.#closing.signal);
    this.endpoints = endpoints;
    this.prefix = prefix;
    this.#timeout = timeout;
    this.#clients = clients;
  }

  get #client(): EtcdClient {
    return this.#clients[this.#at % this.#clients.length]!;
  }

  /** The server did not answer: the next calls ask another one, and so do the watches. */
  #leave(client: EtcdClient): void {
    if (this.#clients.length === 1 || client !== this.#client) return;
    this.#at++;
    for (const watch of this.#watches) if (watch.client === client) watch.leave();
  }

  /** Reads one key without a check of the history. */
  async peek(key: string): Promise<Entry | undefined> {
    const { kvs } = await this.#call("read", (options) => this.#client.kv.range({ key: Buffer.from(key) }, options));
    return kvs[0] && entryOf(kvs[0]);
  }

  /** Reads one key. */
  async get(key: string): Promise<Entry | undefined> {
    const { kvs } = await this.#checked("read", (options) => this.#client.kv.range({ key: Buffer.from(key) }, options));
    return kvs[0] && entryOf(kvs[0]);
  }

  /** Reads all keys that begin with `prefix`, as they were at one revision. */
  async range(prefix: string): Promise<Snapshot> {
    const entries: Entry[] = [];
    const range_end = endOf(prefix);
    let key = Buffer.from(prefix);
    let at: number | undefined;
    for (;;) {
      const page = { key, range_end, limit: PAGE, ...(at !== undefined && { revision: at }) };
      const { kvs, more, header } = await this.#checked("read", (options) => this.#client.kv.range(page, options));
      at ??= Number(header.revision);
      for (const kv of kvs) entries.push(entryOf(kv));
      if (!more) return { revision: at, entries };
      key = Buffer.concat([kvs.at(-1)!.key, Buffer.from([0])]);
    }
  }

  /** Lists the keys that begin with `prefix`, without their values. */
  async keys(prefix: string): Promise<string[]> {
    const query = { key: Buffer.from(prefix), range_end: endOf(prefix), keys_only: true };
    const { kvs } = await this.#checked("read", (options) => this.#client.kv.range(query, options));
    return kvs.map(({ key }) => key.toString("utf8"));
  }

  /** Counts the keys that begin with `prefix`. */
  async count(prefix: string): Promise<number> {
    const query = { key: Buffer.from(prefix), range_end: endOf(prefix), count_only: true };
    return Number((await this.#checked("read", (options) => this.#client.kv.range(query, options))).count);
  }

  /**
   * Makes all writes if all conditions hold, or none.
   *
   * @returns the revision of the write, or undefined if a condition does not hold
   * @throws PuntError ERR_ETCD_AWAY, with `details.outcome` `unknown`: etcd may have made the writes, or may still make them
   */
  async write(conditions: readonly Condition[], writes: readonly Write[]): Promise<number | undefined> {
    const request = { compare: conditions.map(comparison), success: writes.map(operation) };
    const reply: ITxnResponse = await this.#checked("write", (options) => this.#client.kv.txn(request, options));
    return reply.succeeded ? Number(reply.header.revision) : undefined;
  }

  /** Makes a lease. @returns its id, and the seconds that etcd gives it */
  async grant(seconds: number): Promise<{ readonly id: string; readonly seconds: number }> {
    const reply = await this.#call("lease", (options) =>
      this.#client.leaseClient.leaseGrant({ TTL: seconds }, options),
    );
    return { id: reply.ID, seconds: Number(reply.TTL) };
  }

  /** Renews a lease. @returns the seconds that it has now; 0 or less if it is over */
  async renew(id: string): Promise<number> {
    try {
      return await this.#renew(id);
    } catch (error) {
      if (!isStaleToken(error)) throw error;
      await this.#freshToken();
      return this.#renew(id);
    }
  }

  /** Gets a new token if etcd does not know the old one. Works for calls with one answer, not for streams. */
  async #freshToken(): Promise<void> {
    await this.peek(this.prefix);
  }

  #renew(id: string): Promise<number> {
    return this.#told("lease", () => this.#keptAlive(id));
  }

  async #keptAlive(id: string): Promise<number> {
    const stream = await this.#opened(this.#client.leaseClient.leaseKeepAlive());
    try {
      const reply = new Promise<number>((resolve, reject) => {
        stream.on("data", ({ TTL }: { TTL: string }) => resolve(Number(TTL)));
        stream.on("error", reject);
        stream.on("end", () => reject(new Error("14 UNAVAILABLE: the stream ended")));
      });
      stream.write({ ID: id });
      return await this.#timed(reply);
    } finally {
      cancel(stream);
    }
  }

  /** Returns the seconds that a lease has left; 0 or less if it is over. */
  async remaining(id: string): Promise<number> {
    const query = { ID: id };
    return Number(
      (await this.#call("lease", (options) => this.#client.leaseClient.leaseTimeToLive(query, options))).TTL,
    );
  }

  /** Ends a lease with its keys. */
  async revoke(id: string): Promise<void> {
    await this.#call("lease", (options) => this.#client.leaseClient.leaseRevoke({ ID: id }, options));
  }

  /** Follows the keys below `prefixes` from a revision on. @returns what ends it */
  watch(prefixes: readonly string[], revision: number, handlers: WatchHandlers): () => void {
    const opening = () => this.#told("watch", () => this.#opened(this.#client.watchClient.watch(NEEDS_LEADER)));
    const watch = { client: this.#client, leave: () => {} };
    this.#watches.add(watch);
    const end = openWatch(opening, prefixes, revision, {
      ...handlers,
      ended: (cause) => {
        this.#watches.delete(watch);
        const error = etcdError(OP, this.endpoints, cause);
        if (isStaleToken(error)) this.#freshToken().catch(() => {});
        handlers.ended(error);
      },
    });
    watch.leave = () => {
      if (!this.#watches.delete(watch)) return;
      end();
      const message = "the server of the watch does not answer, and calls go to another one";
      handlers.ended(new PuntError(OP, "ERR_ETCD_LEFT", message));
    };
    return () => {
      this.#watches.delete(watch);
      end();
    };
  }

  /** Returns whether etcd has no room left: it refuses writes until an operator has made some. */
  async isFull(): Promise<boolean> {
    const { errors } = await this.#call("read", (options) => this.#client.maintenance.status(options));
    return errors.some((text) => /NOSPACE/.test(text));
  }

  /** Ends the waits for what etcd was asked, when the connection is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const earlier of this.#earlier) this.#retire(earlier);
    for (const client of this.#clients) client.close();
  }

  async #call<T>(kind: EtcdCall, call: (options: { deadline: number }) => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw new PuntError(OP, "ERR_CLOSED", "the connection to etcd was closed");
    return this.#told(kind, () => this.#timed(call({ deadline: Date.now() + this.#timeout })));
  }

  /** Tells the listener how long a call took. */
  async #told<T>(kind: EtcdCall, call: () => Promise<T>): Promise<T> {
    const start = performance.now();
    let isAnswered = true;
    try {
      for (let others = this.#clients.length - 1; ; others--) {
        const client = this.#client;
        try {
          return await call();
        } catch (error) {
          if (isAway(error)) this.#leave(client);
          // A read changes nothing, and a call without a connection has not left: both may be made again.
          const isHarmless = wasNotSent(error) || (kind === "read" && isAway(error));
          if (others <= 0 || !isHarmless || this.#closing.signal.aborted) throw error;
        }
      }
    } catch (error) {
      isAnswered = !isAway(error);
      throw error;
    } finally {
      this.onCalled?.(kind, performance.now() - start, isAnswered);
    }
  }

  /** Makes a read or a transaction. etcd promises that it sees everything that was answered before it began. */
  async #checked<T extends { header: { cluster_id: string; revision: string } }>(
    kind: EtcdCall,
    call: (options: { deadline: number }) => Promise<T>,
  ): Promise<T> {
    const floor = this.#highest;
    const reply = await this.#call(kind, call);
    const revision = Number(reply.header.revision);
    this.onHeader?.({ cluster: reply.header.cluster_id, revision }, floor);
    this.#highest = Math.max(this.#highest, revision);
    return reply;
  }

  /** Forgets the highest revision, after etcd's history was replaced and the new history holds. */
  forgetHistory(): void {
    this.#highest = 0;
  }

  /** Waits for a stream. A stream that opens too late is canceled: nothing else would end it. */
  async #opened<T extends object>(opening: Promise<T>): Promise<T> {
    try {
      return await this.#timed(opening);
    } catch (error) {
      opening.then(cancel, () => {});
      throw error;
    }
  }

  /** Sets a deadline of our own, because gRPC's deadline is a time of day, which may jump. */
  async #timed<T>(call: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const reason = `no answer in ${this.#timeout} ms`;
      timer = setTimeout(() => reject(away(OP, this.endpoints, reason)), this.#timeout + 50);
    });
    try {
      return await Promise.race([call, late]);
    } catch (error) {
      call.catch(() => {});
      throw etcdError(OP, this.endpoints, error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function cancel(stream: object): void {
  const { on, end, cancel } = stream as { on(event: "error", listener: () => void): void; end(): void; cancel(): void };
  on.call(stream, "error", () => {});
  end.call(stream);
  cancel.call(stream);
}
