// A client of VPP's binary API that exists before VPP does, and waits for it.
import { EventEmitter } from "node:events";
import {
  type Arguments,
  type BuiltinEvents,
  type BuiltinRequests,
  type DetailsOf,
  type EventOf,
  type ReplyOf,
  type RequestOf,
  type Subscription,
  Vpp,
} from "../binapi/index.js";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";

interface LateVppEvents {
  connected: [];
  /** VPP is away: why, if that is known. */
  disconnected: [cause?: Error];
  /** VPP has answered a request or a dump: its name, and the milliseconds that it took. */
  called: [message: string, ms: number];
}

/** How long the first connection may take until VPP counts as away. */
const FIRST_MS = 3_000;

/** Connects in the background for as long as it takes, and again after each restart of VPP. Calls reject while VPP is away. */
export class LateVpp extends EventEmitter<LateVppEvents> {
  readonly #socketPath: string;
  readonly #ending = new AbortController();
  #vpp: Vpp | undefined;
  /** Runs out when VPP counts as away; undefined from then on, or from the first connection on. */
  #first: NodeJS.Timeout | undefined;
  #awayCause: Error | undefined;
  readonly #connecting: Promise<void>;

  /** `socketPath`: VPP's API socket. */
  constructor(socketPath: string) {
    super();
    this.#socketPath = socketPath;
    this.#first = setTimeout(() => this.#isAway(), FIRST_MS).unref();
    this.#connecting = this.#connect();
  }

  /** Path of VPP's API socket. */
  get endpoint(): string {
    return this.#socketPath;
  }

  get isConnected(): boolean {
    return this.#vpp?.isConnected ?? false;
  }

  /** Whether the first connection is under way: VPP may be there, as where a daemon has just started. */
  get isConnecting(): boolean {
    return this.#first !== undefined;
  }

  /** Why the first connection failed; undefined once there is one. */
  get awayCause(): Error | undefined {
    return this.#awayCause;
  }

  call<N extends keyof BuiltinRequests>(name: N, ...rest: Arguments<N>): Promise<ReplyOf<N>> {
    return this.#attempt(name, (vpp) => vpp.call(name, ...rest));
  }

  dumpAll<N extends keyof BuiltinRequests>(name: N, ...rest: Arguments<N>): Promise<DetailsOf<N>[]> {
    return this.#attempt(name, (vpp) => vpp.dumpAll(name, ...rest));
  }

  subscribe<R extends keyof BuiltinRequests, E extends keyof BuiltinEvents>(
    request: R,
    fields: RequestOf<R>,
    event: E,
  ): Promise<Subscription<EventOf<E>>> {
    return this.#attempt(request, (vpp) => vpp.subscribe(request, fields, event));
  }

  has(name: string): boolean {
    return this.#vpp?.has(name) ?? false;
  }

  async close(): Promise<void> {
    this.#endFirst();
    this.#ending.abort();
    await this.#connecting;
    await this.#vpp?.close();
  }

  async #connect(): Promise<void> {
    const { signal } = this.#ending;
    try {
      const socketPath = this.#socketPath;
      const vpp = await Vpp.connect({ socketPath, signal }).catch((cause) => {
        this.#isAway(cause);
        return Vpp.connect({ socketPath, wait: true, signal });
      });
      if (signal.aborted) return await vpp.close();
      this.#endFirst();
      this.#awayCause = undefined;
      this.#vpp = vpp;
      vpp.on("connected", () => guarded(() => void this.emit("connected")));
      vpp.on("disconnected", (cause) => guarded(() => void this.emit("disconnected", cause)));
      guarded(() => void this.emit("connected"));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #endFirst(): boolean {
    const isFirst = this.isConnecting;
    clearTimeout(this.#first);
    this.#first = undefined;
    return isFirst;
  }

  #isAway(cause?: Error): void {
    this.#awayCause = cause;
    if (this.#endFirst()) guarded(() => void this.emit("disconnected", cause));
  }

  async #attempt<T>(name: string, body: (vpp: Vpp) => Promise<unknown>): Promise<T> {
    if (this.#vpp) return (await this.#timed(name, body(this.#vpp))) as T;
    const message = `${name}: VPP has not come to ${this.#socketPath} yet`;
    throw new PuntError("binapi.call", "ERR_DISCONNECTED", message, { message: name });
  }

  async #timed<T>(name: string, answer: Promise<T>): Promise<T> {
    const start = performance.now();
    const value = await answer;
    guarded(() => void this.emit("called", name, performance.now() - start));
    return value;
  }
}
