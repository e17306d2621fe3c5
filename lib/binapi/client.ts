// The client of a VPP's binary API: requests, dumps, events, and the connection that comes back.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import { attempt } from "./attempt.js";
import { Backoff, type BackoffOptions } from "./backoff.js";
import type { ServiceDef } from "./definitions.js";
import { DetailsList, DetailsStream } from "./details.js";
import type { MessageValue } from "./message.js";
import { checkOptions, checkSubscription, type RequestOptions } from "./options.js";
import type { DetailsSink } from "./pending.js";
import { Resolver } from "./resolver.js";
import { RunningDump } from "./running-dump.js";
import { Schema } from "./schema.js";
import { SchemaLoader, type SchemaSource } from "./schema-source.js";
import { Session } from "./session.js";
import { DEFAULT_SOCKET_PATH, SocketTransport } from "./socket-transport.js";
import type { Subscription } from "./subscription.js";
import { Subscriptions } from "./subscriptions.js";
import { Trace, TraceFile, type TraceRecord } from "./trace.js";
import type { Link, Transport } from "./transport.js";
import type { Arguments, DetailsOf, EventName, EventOf, ReplyOf, RequestName } from "./typed.js";
import { VapiTransport } from "./vapi-transport.js";

export interface VppOptions {
  /** VPP's API socket. Default /run/vpp/api.sock. */
  socketPath?: string;
  /** What `show api clients` calls us. Default vpp-punt. */
  name?: string;
  /**
   * The way to VPP: its API socket, spoken by this package ("socket", default); VPP's own libvapiclient where the addon was built
   * with it ("vapi": over shared memory, or over the socket if `socketPath` is given); or one of your own.
   */
  transport?: "socket" | "vapi" | Transport;
  /** Where definitions come from. Default "auto". */
  schema?: SchemaSource;
  /** Most requests that VPP has at a time; others wait here. Default 256; 2, for a dump and the ping behind it, to 131072. */
  window?: number;
  /**
   * Most requests that wait, here and at VPP; beyond that a request is rejected with ERR_QUEUE_FULL. A dump that ends at a ping,
   * and a fenced call, are two. Default 65536, at most 131072.
   */
  queueLimit?: number;
  /** Ms without an answer after which a request is rejected with ERR_TIMEOUT; 0: never. Default 10000. */
  timeout?: number;
  /** Ms that VPP has to accept a connection. Default 5000. */
  connectTimeout?: number;
  /** How a lost connection is taken up again, as often as it takes; false: not at all. */
  reconnect?: BackoffOptions | false;
  /** Ms to go on trying if VPP is not there at first, or true: for as long as it takes. Default 0. */
  wait?: number | true;
  /** Gets every message, both ways; or a file for them, as JSON lines. */
  trace?: string | ((record: TraceRecord) => void);
  /** Ends the attempt to connect. */
  signal?: AbortSignal;
}

export interface VppEvents {
  /** A connection to VPP is there, the first or another; subscriptions have been renewed. */
  connected: [];
  /** The connection was lost. Everything that waited for an answer has been rejected with this error. */
  disconnected: [error: PuntError];
}

export interface SubscribeOptions {
  /** Most events that wait to be fetched. Default 1024. */
  queueLimit?: number;
}

/**
 * A client of one VPP's binary API.
 *
 * Requests are rejected while there is no connection, and when it is lost: they are never sent again silently, as only the
 * caller knows whether that is right. The connection itself comes back by itself.
 */
export class Vpp extends EventEmitter<VppEvents> implements AsyncDisposable {
  /** Where VPP is: `/run/vpp/api.sock`. */
  readonly endpoint: string;

  readonly #transport: Transport;
  readonly #schemas: SchemaLoader;
  readonly #subscriptions: Subscriptions;
  readonly #traceFile: TraceFile | undefined;
  readonly #trace: Trace | undefined;
  readonly #closing = new AbortController();
  #session: Session | undefined;
  /** The session of which "connected" has been emitted, and "disconnected" has not. */
  #announced: Session | undefined;
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
    this.#trace = typeof trace === "function" ? new Trace(trace) : this.#traceFile?.trace;
  }

  /** Connects. Rejects if VPP cannot be reached within `wait`, and with ERR_OPTION if an option is wrong. */
  static async connect(options: VppOptions = {}): Promise<Vpp> {
    checkOptions({ ...options });
    const vpp = new Vpp(options);
    try {
      await vpp.#start();
    } catch (error) {
      await vpp.close();
      throw error;
    }
    return vpp;
  }

  /** Whether there is a connection now. */
  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** Requests that wait for an answer. */
  get waiting(): number {
    return this.#session?.waiting ?? 0;
  }

  /** Whether the connected VPP has the message, in a definition known here. */
  has(name: string): boolean {
    return this.#session?.messages.has(name) ?? false;
  }

  /** What answers `name`; undefined if nothing does, or there is no connection. */
  service(name: string): ServiceDef | undefined {
    return this.#session?.messages.find(name)?.service;
  }

  /** Sends a request; resolves with the reply. A retval other than 0 rejects with VPP's error, code `VPP_<NAME>`. */
  call<N extends RequestName>(name: N, ...[value, options]: Arguments<N>): Promise<ReplyOf<N>> {
    const session = this.#session;
    if (session === undefined) return Promise.reject(this.#notConnected(name));
    return session.call(name, (value ?? {}) as MessageValue, options) as Promise<ReplyOf<N>>;
  }

  /** Sends a `*_dump` or `*_get`; the details as they come. Cursors are followed. */
  dump<N extends RequestName>(name: N, ...[value, options]: Arguments<N>): AsyncIterableIterator<DetailsOf<N>> {
    let running: RunningDump | undefined;
    const stream = new DetailsStream(() => running?.giveUp());
    running = this.#startDump(name, (value ?? {}) as MessageValue, stream, options);
    return stream as AsyncIterableIterator<DetailsOf<N>>;
  }

  /** The same, in an array when all have come. */
  dumpAll<N extends RequestName>(name: N, ...[value, options]: Arguments<N>): Promise<DetailsOf<N>[]> {
    const list = new DetailsList();
    this.#startDump(name, (value ?? {}) as MessageValue, list, options);
    return list.promise as Promise<DetailsOf<N>[]>;
  }

  /**
   * Asks VPP for events with a `want_*` request. `event`: which, if the request has several. After a reconnect the new VPP is
   * asked again; if it refuses, the iteration ends with its error. `pid` and `enable_disable` need not be given. Rejects with
   * ERR_NO_EVENT if there is no such event.
   */
  async subscribe<E extends EventName = string>(
    request: RequestName,
    value: MessageValue = {},
    event?: E,
    options: SubscribeOptions = {},
  ): Promise<Subscription<EventOf<E>>> {
    checkSubscription(event ?? request, { ...options });
    const { queueLimit = 1024 } = options;
    const message = this.#connection(request).messages.outgoing(request).message;
    const name = event ?? message.service?.events?.[0];
    if (name === undefined) throw new PuntError("binapi.subscribe", "ERR_NO_EVENT", `${request} asks for no event`);
    if (this.#connection(request).messages.find(name) === undefined) {
      const text = `${request}: VPP has no event ${name}, or there is no definition of it`;
      throw new PuntError("binapi.subscribe", "ERR_NO_EVENT", text, { message: request, event: name });
    }
    const defaults = { enable_disable: 1, enable: true, pid: process.pid };
    const missing = Object.entries(defaults).filter(([field]) => message.hasField(field));
    const filled = { ...Object.fromEntries(missing), ...value };
    const subscription: unknown = await this.#subscriptions.subscribe(request, filled, name, queueLimit);
    return subscription as Subscription<EventOf<E>>;
  }

  /**
   * Events that VPP sends without a `want_*`, such as `dhcp_compl_event`. Throws ERR_NO_EVENT if the connected VPP has no message
   * of that name, or there is no definition of it.
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

  /** Resolves when there is a connection: at once, or after the next reconnect. Rejects with ERR_ABORTED or ERR_CLOSED. */
  async connected(signal?: AbortSignal): Promise<void> {
    if (this.isConnected) return;
    if (this.#closing.signal.aborted) throw this.#notConnected("connected");
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    try {
      await attempt(signals, undefined, (either) => EventEmitter.once(this, "connected", { signal: either }));
    } catch (error) {
      if (this.#closing.signal.aborted) throw this.#lost!;
      const text = `there is no connection to VPP at ${this.endpoint} yet: given up`;
      throw new PuntError("binapi.connect", "ERR_ABORTED", text, {}, signal?.reason ?? error);
    }
  }

  /** Ends everything; requests that wait are rejected with ERR_CLOSED. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const error = new PuntError("binapi.close", "ERR_CLOSED", `${this.endpoint}: the client was closed`);
    this.#closing.abort(error);
    this.#lost = error;
    const session = this.#session;
    this.#session = undefined;
    await this.#subscriptions.closeAll();
    await session?.close(error);
    this.#traceFile?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startDump(name: string, value: MessageValue, sink: DetailsSink, options?: RequestOptions): RunningDump | undefined {
    try {
      const running = new RunningDump(this.#connection(name), name, sink, options);
      running.start(value);
      return running;
    } catch (error) {
      sink.fail(error as PuntError);
      return undefined;
    }
  }

  #connection(name: string): Session {
    if (this.#session === undefined) throw this.#notConnected(name);
    return this.#session;
  }

  #notConnected(name: string): PuntError {
    if (this.#closing.signal.aborted) return this.#lost!;
    const text = `${name}: there is no connection to VPP at ${this.endpoint}`;
    return new PuntError("binapi.call", "ERR_DISCONNECTED", text, { message: name }, this.#lost);
  }

  async #start(): Promise<void> {
    const { wait = 0, signal } = this.#options;
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    if (wait === 0) return this.#establish(signals);
    const limit = wait === true ? undefined : wait;
    await attempt(signals, limit, (either) => this.#establishSometime(either));
  }

  /** Tries until there is a connection. Rejects, with the reason of the last failure, when `signal` is aborted. */
  async #establishSometime(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(this.#options.reconnect || {});
    let reason: unknown;
    for (;;) {
      try {
        return await this.#establish([signal]);
      } catch (error) {
        // An attempt that is cut off says only that; why those before it failed says more.
        if (reason === undefined || !signal.aborted) reason = error;
        this.#lost = reason as PuntError;
        await backoff.wait(signal).catch(() => {});
        if (signal.aborted) throw reason;
      }
    }
  }

  async #establish(signals: readonly AbortSignal[]): Promise<void> {
    const session: Session = new Session(
      {
        queueLimit: this.#options.queueLimit ?? 65536,
        trace: this.#trace,
        wantsEvent: (name) => this.#subscriptions.isWanted(name),
        onEvent: (name, value) => this.#subscriptions.publish(name, value),
        onBadEvent: (name, error) => this.#subscriptions.fail(name, error),
        onClosed: (error) => this.#disconnected(session, error),
      },
      this.#options.timeout ?? 10_000,
    );
    const { connectTimeout = 5000, window = 256 } = this.#options;
    const connect = (signal: AbortSignal) => this.#transport.connect(session, window, signal);
    const link = await attempt(signals, connectTimeout, connect);
    try {
      await this.#prepare(session, link);
    } catch (error) {
      if (this.#session === session) this.#session = undefined;
      session.close(error as PuntError);
      throw error;
    }
    if (this.#closing.signal.aborted) return session.close(this.#lost!);
    this.#announced = session;
    this.#announce(() => this.emit("connected"));
  }

  /** What a listener throws is its own: it ends neither the connection nor the attempts at the next. */
  #announce(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  async #prepare(session: Session, link: Link): Promise<void> {
    const resolver = new Resolver(this.endpoint, link.table, [Schema.builtin()]);
    session.start(link, resolver);
    const schema = await this.#schemas.load(link.table, (request) => session.call(request, {}, undefined));
    if (schema !== undefined) {
      resolver.learn(link.idsOf?.(schema.keys()) ?? []);
      resolver.prefer(schema);
    }
    if (session.ended !== undefined) throw session.ended;
    this.#session = session;
    await this.#subscriptions.renew();
    if (session.ended !== undefined) throw session.ended;
  }

  #disconnected(session: Session, error: PuntError): void {
    this.#lost = error;
    if (this.#session === session) this.#session = undefined;
    if (this.#announced !== session) return; // lost before it was ready: whoever prepares it finds out
    this.#announced = undefined;
    this.#announce(() => this.emit("disconnected", error));
    if (this.#options.reconnect !== false) this.#establishSometime(this.#closing.signal).catch(() => {});
  }
}

function openTransport({ transport = "socket", socketPath }: VppOptions, name: string): Transport {
  if (typeof transport === "object") return transport;
  if (transport === "socket") return new SocketTransport({ path: socketPath ?? DEFAULT_SOCKET_PATH, name });
  if (transport === "vapi") return new VapiTransport({ name, ...(socketPath === undefined ? {} : { socketPath }) });
  const message = `transport must be "socket", "vapi" or a Transport, not ${JSON.stringify(transport)}`;
  throw new PuntError("binapi.connect", "ERR_OPTION", message, { option: "transport" });
}
