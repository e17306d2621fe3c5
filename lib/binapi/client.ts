// The client of a VPP's binary API: requests, dumps, events, and the connection that comes back.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import { attempt } from "./attempt.js";
import { Backoff, type BackoffOptions } from "./backoff.js";
import { Connection } from "./connection.js";
import type { ServiceDef } from "./definitions.js";
import { DetailsList, DetailsStream } from "./details.js";
import { givenUp } from "./link.js";
import type { MessageValue } from "./message.js";
import { checkOptions, checkSubscription, type RequestOptions } from "./options.js";
import type { DetailsSink } from "./pending.js";
import { Resolver } from "./resolver.js";
import { RunningDump } from "./running-dump.js";
import { Schema } from "./schema.js";
import { SchemaLoader, type SchemaSource } from "./schema-source.js";
import { DEFAULT_SOCKET_PATH, SocketTransport } from "./socket-transport.js";
import type { Subscription } from "./subscription.js";
import { ownFields, Subscriptions } from "./subscriptions.js";
import { Trace, TraceFile, type TraceRecord } from "./trace.js";
import type { Link, Transport } from "./transport.js";
import type { Arguments, DetailsOf, EventName, EventOf, ReplyOf, RequestName } from "./typed.js";
import { VapiTransport } from "./vapi-transport.js";
import { vppSpan } from "./vpp-span.js";

export interface VppOptions {
  /** Path of VPP's API socket. Default /run/vpp/api.sock. */
  socketPath?: string;
  /** The client's name in VPP's `show api clients`, at most 63 bytes. Default vpp-punt. */
  name?: string;
  /**
   * The way to VPP. "socket" (the default) speaks over VPP's API socket. "vapi" uses VPP's own libvapiclient, if the addon was built
   * with it: over shared memory, or over the socket if `socketPath` is given. A `Transport` is a way of your own.
   */
  transport?: "socket" | "vapi" | Transport;
  /** The source of message definitions. Default "auto". */
  schema?: SchemaSource;
  /** Most requests that VPP has at a time; others wait in the client. 2 (a dump and its ping) to 131072, default 256. */
  window?: number;
  /**
   * Most requests that wait, in the client and at VPP. A request beyond that rejects with ERR_QUEUE_FULL. A dump that ends at a
   * ping counts twice, and so does a fenced call. At most 131072, default 65536.
   */
  queueLimit?: number;
  /** Milliseconds without an answer after which a request rejects with ERR_TIMEOUT; 0: never. Default 10000. */
  timeout?: number;
  /** Milliseconds that VPP has to accept a connection. Default 5000. */
  connectTimeout?: number;
  /** The waits between attempts to reconnect, which have no limit in number; false: the client doesn't reconnect. */
  reconnect?: BackoffOptions | false;
  /** Milliseconds that the client keeps trying if VPP doesn't run yet; true: without a limit. Default 0. */
  wait?: number | true;
  /** Receives every message, in both directions; or the path of a file for them, as JSON lines. */
  trace?: string | ((record: TraceRecord) => void);
  /** Aborts the attempt to connect. */
  signal?: AbortSignal;
}

export interface VppEvents {
  /** The client has connected to VPP, for the first time or again, and renewed its subscriptions. */
  connected: [];
  /** The client has lost its connection. Every request that waited for an answer has rejected with an error that names it; this error is its cause. */
  disconnected: [error: PuntError];
}

export interface SubscribeOptions {
  /** Most events that wait in the queue. Default 1024. */
  queueLimit?: number;
}

/**
 * A client of one VPP's binary API.
 *
 * Without a connection, requests reject. When the connection is lost, waiting requests reject too: the client never repeats them,
 * because only the caller knows whether that is right. The client reconnects by itself.
 */
export class Vpp extends EventEmitter<VppEvents> implements AsyncDisposable {
  /** The address of VPP, such as `/run/vpp/api.sock`. */
  readonly endpoint: string;

  readonly #transport: Transport;
  readonly #schemas: SchemaLoader;
  readonly #subscriptions: Subscriptions;
  readonly #traceFile: TraceFile | undefined;
  readonly #trace: Trace | undefined;
  readonly #closing = new AbortController();
  #closed: Promise<void> = Promise.resolve();
  #connection: Connection | undefined;
  /** The connection for which "connected" was emitted, and "disconnected" was not. */
  #announced: Connection | undefined;
  #lost: PuntError | undefined;
  readonly #options: VppOptions;

  private constructor(options: VppOptions) {
    super();
    this.#options = options;
    const { name = "vpp-punt", trace } = options;
    this.#transport = openTransport(options, name);
    this.endpoint = this.#transport.endpoint;
    this.#schemas = new SchemaLoader(options.schema ?? "auto");
    this.#subscriptions = new Subscriptions((request, value) => this.call(request, value));
    if (typeof trace === "string") this.#traceFile = new TraceFile(trace);
    const sink = typeof trace === "function" && ((record: TraceRecord) => guarded(() => trace(record)));
    this.#trace = sink ? new Trace(sink) : this.#traceFile?.trace;
  }

  /**
   * Connects to VPP.
   *
   * @throws PuntError ERR_OPTION: an option is wrong; `details.option` names it
   * @throws PuntError ENOENT, ECONNREFUSED or another errno name: VPP is not reachable within `wait`
   * @throws PuntError ERR_TIMEOUT: VPP accepts no connection within `connectTimeout`
   * @throws PuntError ERR_ABORTED: `signal` has aborted
   * @example
   * ```ts
   * import { Vpp } from "vpp-punt/binapi";
   *
   * await using vpp = await Vpp.connect({ socketPath: "/run/vpp/api.sock", wait: 5_000 });
   * const { version } = await vpp.call("show_version");
   * console.log(version);
   * ```
   */
  static async connect(options: VppOptions = {}): Promise<Vpp> {
    checkOptions(options);
    const vpp = new Vpp(options);
    try {
      await vpp.#start();
    } catch (error) {
      await vpp.close();
      throw error;
    }
    return vpp;
  }

  /** Reports whether the client is connected. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** The number of requests that wait for an answer. */
  get waiting(): number {
    return this.#connection?.waiting ?? 0;
  }

  /** Reports whether the connected VPP has the message, and the client a definition that fits. */
  has(name: string): boolean {
    return this.#connection?.messages.has(name) ?? false;
  }

  /** Returns the messages that answer `name`. Returns undefined if none do, or without a connection. */
  service(name: string): ServiceDef | undefined {
    return this.#connection?.messages.find(name)?.service;
  }

  /**
   * Sends a request and resolves with its reply.
   *
   * @throws PuntError VPP_ and VPP's name of the error, such as VPP_INVALID_SW_IF_INDEX: VPP answered with a retval other than 0
   * @throws PuntError ERR_TIMEOUT: VPP did not answer within `timeout`
   * @throws PuntError ERR_DISCONNECTED: there is no connection, or it was lost before the answer
   * @throws PuntError ERR_QUEUE_FULL: `queueLimit` requests wait already
   * @example
   * ```ts
   * import { Vpp } from "vpp-punt/binapi";
   *
   * await using vpp = await Vpp.connect();
   * const { sw_if_index } = await vpp.call("create_loopback", { mac_address: "02:fe:00:00:00:01" });
   * await vpp.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
   * ```
   */
  call<N extends RequestName>(name: N, ...[value, options]: Arguments<N>): Promise<ReplyOf<N>> {
    const connection = this.#connection;
    if (connection === undefined) return Promise.reject(this.#notConnected(name));
    return vppSpan(name, () => connection.call(name, (value ?? {}) as MessageValue, options) as Promise<ReplyOf<N>>);
  }

  /**
   * Sends a `*_dump` or `*_get`, and returns its details as they come. Follows cursors. Rejects as `call` does.
   *
   * @example
   * ```ts
   * import { Vpp } from "vpp-punt/binapi";
   *
   * await using vpp = await Vpp.connect();
   * for await (const details of vpp.dump("sw_interface_dump", { name_filter_valid: false, name_filter: "" }))
   *   console.log(details.sw_if_index, details.interface_name);
   * ```
   */
  dump<N extends RequestName>(name: N, ...[value, options]: Arguments<N>): AsyncIterableIterator<DetailsOf<N>> {
    let running: RunningDump | undefined;
    const stream = new DetailsStream(() => running?.giveUp());
    running = this.#startDump(name, (value ?? {}) as MessageValue, stream, options);
    return stream as AsyncIterableIterator<DetailsOf<N>>;
  }

  /** Sends a `*_dump` or `*_get`, and resolves with an array of all details. Rejects as `call` does. */
  dumpAll<N extends RequestName>(name: N, ...[value, options]: Arguments<N>): Promise<DetailsOf<N>[]> {
    return vppSpan(name, () => {
      const list = new DetailsList();
      this.#startDump(name, (value ?? {}) as MessageValue, list, options);
      return list.promise as Promise<DetailsOf<N>[]>;
    });
  }

  /**
   * Asks VPP for events with a `want_*` request. `event` names the event, if the request has several. After a reconnect the client
   * asks the new VPP; if VPP refuses, the iteration ends with VPP's error. The client sets `pid` and `enable_disable` itself.
   *
   * @throws PuntError ERR_NO_EVENT: the request has no such event
   * @example
   * ```ts
   * import { Vpp } from "vpp-punt/binapi";
   *
   * await using vpp = await Vpp.connect();
   * const events = await vpp.subscribe("want_interface_events", {}, "sw_interface_event");
   * for await (const { sw_if_index, flags } of events) console.log(sw_if_index, flags);
   * ```
   */
  async subscribe<E extends EventName = string>(
    request: RequestName,
    value: MessageValue = {},
    event?: E,
    options: SubscribeOptions = {},
  ): Promise<Subscription<EventOf<E>>> {
    checkSubscription(event ?? request, { ...options });
    const { queueLimit = 1024 } = options;
    const message = this.#connected(request).messages.outgoing(request).message;
    const name = event ?? message.service?.events?.[0];
    if (name === undefined || !this.has(name)) {
      const unknown = `VPP has no event ${name}, or there is no definition of it`;
      const why = name === undefined ? "its definition names no event: give the name of one" : unknown;
      throw new PuntError("binapi.subscribe", "ERR_NO_EVENT", `${request}: ${why}`, { message: request, event: name });
    }
    const filled = { ...ownFields(message), ...value };
    const subscription: unknown = await this.#subscriptions.subscribe(request, filled, name, queueLimit);
    return subscription as Subscription<EventOf<E>>;
  }

  /**
   * Returns events that VPP sends without a `want_*`, such as `dhcp_compl_event`.
   *
   * @throws PuntError ERR_NO_EVENT: the connected VPP has no message of that name, or no definition fits it
   */
  listen<E extends EventName>(event: E, options: SubscribeOptions = {}): Subscription<EventOf<E>> {
    checkSubscription(event, { ...options });
    const { queueLimit = 1024 } = options;
    if (this.isConnected && !this.has(event)) {
      const text = `VPP has no event ${event}, or there is no definition of it`;
      throw new PuntError("binapi.listen", "ERR_NO_EVENT", text, { event });
    }
    const subscription: unknown = this.#subscriptions.listen(event, queueLimit);
    return subscription as Subscription<EventOf<E>>;
  }

  /**
   * Resolves when the client is connected: at once, or after the next reconnect.
   *
   * @throws PuntError ERR_ABORTED: `signal` has aborted; ERR_CLOSED: the client is closed; ERR_DISCONNECTED: `reconnect` is false
   */
  async connected(signal?: AbortSignal): Promise<void> {
    if (this.isConnected) return;
    if (this.#closing.signal.aborted || this.#options.reconnect === false) throw this.#notConnected("connected");
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    try {
      await attempt(signals, undefined, (either) => EventEmitter.once(this, "connected", { signal: either }));
    } catch (error) {
      if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
      const text = `there is no connection to VPP at ${this.endpoint} yet: given up`;
      throw new PuntError("binapi.connect", "ERR_ABORTED", text, {}, signal?.reason ?? error);
    }
  }

  /** Closes the client. Waiting requests reject with ERR_CLOSED. */
  close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closed = this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const error = new PuntError("binapi.close", "ERR_CLOSED", `${this.endpoint}: the client was closed`);
    this.#closing.abort(error);
    const connection = this.#connection;
    this.#connection = undefined;
    await this.#subscriptions.closeAll();
    await connection?.close(error);
    this.#traceFile?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startDump(name: string, value: MessageValue, sink: DetailsSink, options?: RequestOptions): RunningDump | undefined {
    try {
      const running = new RunningDump(this.#connected(name), name, sink, options);
      running.start(value);
      return running;
    } catch (error) {
      sink.fail(() => error as PuntError);
      return undefined;
    }
  }

  #connected(name: string): Connection {
    if (this.#connection === undefined) throw this.#notConnected(name);
    return this.#connection;
  }

  #notConnected(name: string): PuntError {
    if (this.#closing.signal.aborted) return this.#closing.signal.reason as PuntError;
    const text = `${String(name)}: there is no connection to VPP at ${this.endpoint}`;
    return new PuntError("binapi.call", "ERR_DISCONNECTED", text, { message: name }, this.#lost);
  }

  async #start(): Promise<void> {
    const { wait = 0, signal } = this.#options;
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    if (wait === 0) return this.#establish(signals);
    const limit = wait === true ? undefined : wait;
    await attempt(signals, limit, (either) => this.#establishSometime(either));
  }

  /** Tries until it has a connection. When the time of `signal` is over, rejects with the reason of the last failure. */
  async #establishSometime(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(this.#options.reconnect || {});
    let reason: unknown;
    for (;;) {
      try {
        return await this.#establish([signal]);
      } catch (error) {
        // The error of an attempt that was cut off says only that. The failure before it says more.
        if (reason === undefined || !signal.aborted) reason = error;
        this.#lost = reason as PuntError;
        await backoff.wait(signal).catch(() => {});
        if (!signal.aborted) continue;
        const end = givenUp(this.endpoint, signal.reason);
        throw end.code === "ERR_TIMEOUT" ? reason : end;
      }
    }
  }

  async #establish(signals: readonly AbortSignal[]): Promise<void> {
    const connection: Connection = new Connection(
      {
        queueLimit: this.#options.queueLimit ?? 65536,
        trace: this.#trace,
        wantsEvent: (name) => this.#subscriptions.isWanted(name),
        onEvent: (name, value) => this.#subscriptions.publish(name, value),
        onBadEvent: (name, error) => this.#subscriptions.fail(name, error),
        onClosed: (error) => this.#disconnected(connection, error),
      },
      this.#options.timeout ?? 10_000,
    );
    const { connectTimeout = 5000, window = 256 } = this.#options;
    const connect = (signal: AbortSignal) => this.#transport.connect(connection, window, signal);
    const link = await attempt(signals, connectTimeout, connect);
    try {
      await attempt(signals, undefined, (signal) => this.#prepare(connection, link, signal));
    } catch (error) {
      if (this.#connection === connection) this.#connection = undefined;
      connection.close(error as PuntError);
      throw connection.ended;
    }
    // It may be lost again, or closed, by now.
    if (this.#connection === connection) guarded(() => void this.emit("connected"));
  }

  async #prepare(connection: Connection, link: Link, signal: AbortSignal): Promise<void> {
    const resolver = new Resolver(this.endpoint, link.table, [Schema.builtin()]);
    connection.start(link, resolver);
    connection.closeOn(signal, () => givenUp(this.endpoint, signal.reason));
    const schema = await this.#schemas.load(link.table, (request) => connection.call(request, {}, undefined));
    if (schema !== undefined) {
      resolver.learn(link.idsOf?.(schema.keys()) ?? []);
      resolver.prefer(schema);
    }
    if (connection.ended !== undefined) throw connection.ended;
    this.#connection = connection;
    await this.#subscriptions.renew();
    if (connection.ended !== undefined) throw connection.ended;
    // From now on the client announces the loss of this connection, and makes another.
    this.#announced = connection;
  }

  #disconnected(connection: Connection, error: PuntError): void {
    this.#lost = error;
    if (this.#connection === connection) this.#connection = undefined;
    if (this.#announced !== connection) return; // The link was lost before it was ready. #prepare reports it.
    this.#announced = undefined;
    guarded(() => void this.emit("disconnected", error));
    if (this.#options.reconnect !== false) this.#establishSometime(this.#closing.signal).catch(() => {});
  }
}

function openTransport({ transport = "socket", socketPath }: VppOptions, name: string): Transport {
  if (typeof transport === "object") return transport;
  if (transport === "socket") return new SocketTransport({ path: socketPath ?? DEFAULT_SOCKET_PATH, name });
  return new VapiTransport({ name, ...(socketPath === undefined ? {} : { socketPath }) });
}
