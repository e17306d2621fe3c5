// VPP and Linux for the daemon that acts. Nothing is sent or changed unless its lease is good.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import { DefaultHost, type Host, type HostChange, type VppConnection } from "../punt/index.js";
import type { Leadership } from "./leadership.js";

/**
 * Requests under way at once. A dump takes two places of the client's window (256), so fewer than half of the window never wait in
 * the client. A request that waited there would be sent long after the lease was checked.
 */
const MOST_UNDER_WAY = 100;

/** Returns an error that a manager takes for a lost connection, so that no punt becomes FAILED. */
function fenced(op: string, leadership: Leadership): PuntError {
  const cause = leadership.refusal(op);
  const text = cause.message.slice(op.length + 2);
  return new PuntError(op, "ERR_DISCONNECTED", text, cause.details, cause);
}

/** A connection to VPP that sends only while the lease is good, and only after `open`. */
export class FencedVpp extends EventEmitter<{ connected: []; disconnected: [] }> implements VppConnection {
  readonly election: string;
  readonly #vpp: VppConnection;
  readonly #leadership: Leadership;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  #isOpen = false;
  /** Whether `open` may still come. */
  #isPending = true;

  /** `registered`: see {@link VppConnection}. */
  constructor(
    vpp: VppConnection,
    leadership: Leadership,
    election: string,
    readonly registered: (name: string | undefined) => void = () => {},
  ) {
    super();
    this.election = election;
    this.#vpp = vpp;
    this.#leadership = leadership;
    vpp.on("connected", this.#onConnected);
    vpp.on("disconnected", this.#onDisconnected);
  }

  /** Lets requests pass from now on. */
  open(): void {
    this.#isOpen = true;
    this.#isPending = false;
    if (this.isConnected) guarded(() => void this.emit("connected"));
    else if (!this.isConnecting) this.#onDisconnected();
  }

  close(): void {
    this.#isOpen = false;
    this.#isPending = false;
    this.#vpp.off("connected", this.#onConnected);
    this.#vpp.off("disconnected", this.#onDisconnected);
  }

  get endpoint(): string | undefined {
    return this.#vpp.endpoint;
  }

  get isConnected(): boolean {
    return this.#isOpen && this.#vpp.isConnected && this.#leadership.isGood;
  }

  get isConnecting(): boolean {
    const isComing = this.#vpp.isConnecting ?? false;
    return this.#isPending ? this.#vpp.isConnected || isComing : this.#isOpen && isComing;
  }

  get awayCause(): Error | undefined {
    return this.#vpp.awayCause;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the client's own signatures, passed on
  call(name: any, ...rest: any[]): Promise<any> {
    return this.#guarded(name, () => (this.#vpp.call as (...all: unknown[]) => Promise<unknown>)(name, ...rest));
  }

  // biome-ignore lint/suspicious/noExplicitAny: the client's own signatures, passed on
  dumpAll(name: any, ...rest: any[]): Promise<any[]> {
    return this.#guarded(name, () => (this.#vpp.dumpAll as (...all: unknown[]) => Promise<unknown[]>)(name, ...rest));
  }

  // biome-ignore lint/suspicious/noExplicitAny: the client's own signatures, passed on
  subscribe(request: any, ...rest: any[]): Promise<any> {
    const subscribe = this.#vpp.subscribe as (...all: unknown[]) => Promise<unknown>;
    return this.#guarded(request, () => subscribe.call(this.#vpp, request, ...rest));
  }

  has(name: Parameters<VppConnection["has"]>[0]): boolean {
    return this.#vpp.has(name);
  }

  /** Sends when there is room. Checks the lease right before. */
  async #guarded<T>(name: string, send: () => Promise<unknown>): Promise<T> {
    if (this.#underWay >= MOST_UNDER_WAY) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay++;
    try {
      if (!this.#isOpen || !this.#leadership.isGood) throw fenced(`vpp.${name}`, this.#leadership);
      return (await send()) as T;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#underWay--;
    }
  }

  readonly #onConnected = (): void => {
    if (this.isConnected) guarded(() => void this.emit("connected"));
  };

  readonly #onDisconnected = (): void => {
    if ((this.#isPending || this.#isOpen) && this.#leadership.isGood) guarded(() => void this.emit("disconnected"));
  };
}

/** Returns a host that makes changes only while the lease is good. */
export function fencedHost(host: Host | undefined, vpp: VppConnection, leadership: Leadership): Host {
  const inner = host ?? new DefaultHost(vpp);
  return {
    get hasVhostNet() {
      return inner.hasVhostNet;
    },
    get hasDevices() {
      return inner.hasDevices ?? true;
    },
    identify: (namespace) => inner.identify(namespace),
    explain: (namespace) => inner.explain?.(namespace),
    namedNamespaces: () => inner.namedNamespaces(),
    links: (namespace) => inner.links(namespace),
    deviceNames: async (namespace) => inner.deviceNames?.(namespace),
    change: async (namespace: string, change: HostChange) => {
      if (!leadership.isGood) throw fenced("host.change", leadership);
      return inner.change(namespace, change);
    },
  };
}
