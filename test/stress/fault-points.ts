// The points at which a fault strikes a manager, and the faults for each kind of point.
import { setTimeout as sleep } from "node:timers/promises";
import type { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import type { Host, HostChange, Store, StoredState, VppConnection } from "../../lib/punt/index.js";
import { changes, tapped } from "../support/vpp/tapped.js";

/**
 * The fault of a write of the store or of a change of Linux: it fails at once, it is done and reported as failed, it takes longer than
 * VPP may take for an answer, or VPP is killed as it is done.
 */
export const LOCAL_FAULTS = ["refused", "done-but-refused", "late", "then-vpp-crash"] as const;
export type LocalFault = (typeof LOCAL_FAULTS)[number];

/** Where a process is killed: before or after a call that changes VPP, the store or Linux. */
export const KILL_SITES = ["message", "write", "link"] as const;
export type KillSite = (typeof KILL_SITES)[number];
export type Moment = "before" | "after";

/** Milliseconds of a call that is late. */
const LATE_MS = 150;

/** Counts calls, and lets a fault strike one of them. */
export class Fuse {
  readonly #killVpp: () => void;
  #left = 0;
  #fault: LocalFault = "refused";
  /** The call that was struck, until it is over. */
  #striking: Promise<unknown> = Promise.resolve();
  seen = 0;

  constructor(killVpp: () => void) {
    this.#killVpp = killVpp;
  }

  arm(nth: number, fault: LocalFault): void {
    this.#left = nth;
    this.#fault = fault;
  }

  /** Ends the wait for the call. Resolves with whether the call did not come; if it did, once it is over: an operation may end before that. */
  async disarm(): Promise<boolean> {
    const pending = this.#left > 0;
    this.#left = 0;
    await this.#striking;
    return pending;
  }

  async run<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.seen++;
    const struck = this.#left > 0 && --this.#left === 0;
    if (!struck) return work();
    const striking = this.#strike(what, work);
    this.#striking = striking.catch(() => undefined);
    return striking;
  }

  async #strike<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#fault === "refused") throw failure(what);
    if (this.#fault === "late") await sleep(LATE_MS);
    const result = await work();
    if (this.#fault === "done-but-refused") throw failure(what);
    if (this.#fault === "then-vpp-crash") this.#killVpp();
    return result;
  }
}

function failure(what: string): PuntError {
  return new PuntError(what, "EIO", `${what} failed on purpose`);
}

/** Calls around each call that changes something. */
export type Around = <T>(site: KillSite, work: () => Promise<T>) => Promise<T>;

export function watchedStore(store: Store, around: Around): Store {
  return {
    open: () => store.open?.() ?? Promise.resolve(),
    load: () => store.load(),
    save: (state: StoredState) => around("write", () => store.save(state)),
    close: () => store.close?.() ?? Promise.resolve(),
  };
}

export function watchedHost(host: Host, around: Around): Host {
  return {
    hasVhostNet: host.hasVhostNet,
    identify: (namespace) => host.identify(namespace),
    namedNamespaces: () => host.namedNamespaces(),
    links: (namespace) => host.links(namespace),
    change: (namespace: string, change: HostChange) => around("link", () => host.change(namespace, change)),
  };
}

export function watchedVpp(client: Vpp, around: Around): VppConnection {
  const connection = tapped(client, {});
  return {
    get isConnected() {
      return client.isConnected;
    },
    has: (name) => connection.has(name),
    on: (event, listener) => connection.on(event, listener),
    off: (event, listener) => connection.off(event, listener),
    subscribe: (request, fields, event) => connection.subscribe(request, fields, event),
    dumpAll: (name, ...rest) => connection.dumpAll(name, ...rest),
    call: (name, ...rest) =>
      changes(name) ? around("message", () => client.call(name, ...rest)) : client.call(name, ...rest),
  };
}
