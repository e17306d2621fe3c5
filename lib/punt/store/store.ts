// The interface of a store, and the store in memory.
import type { Interconnect, KnownNamespace } from "../interconnect/index.js";
import type { Note } from "../items/index.js";
import type { PuntRequest } from "../request/index.js";

/** The options of a manager that say which objects are its own. */
export interface ManagerIdentity {
  readonly owner?: string;
  readonly memifDirectory?: string;
  readonly policyIdPrefix?: number;
  readonly naming?: "own" | "stonework";
  readonly subnets?: { readonly ipv4?: string; readonly ipv6?: string };
}

/** The state that a manager keeps. Plain data. */
export interface StoredState {
  /** Identity of the manager that saved it. Stores of earlier managers lack it. */
  readonly manager?: ManagerIdentity;
  readonly punts: readonly PuntRequest[];
  readonly interconnects: readonly Interconnect[];
  readonly namespaces: readonly KnownNamespace[];
  /** Objects that are ours although they carry no mark in VPP, by item key. */
  readonly claims: Readonly<Record<string, string>>;
  /** Settings that were applied and that VPP has no message to read back, by item key. */
  readonly notes: Readonly<Record<string, Note>>;
}

export interface Store {
  /** Called first by a manager that will save. The store refuses a second one until `close`. */
  open?(): Promise<void>;
  /** Returns the state that was saved last, or undefined if there is none. */
  load(): Promise<StoredState | undefined>;
  /**
   * Saves the state. Resolves when it would survive the crashes that the store protects from. Called for one state at a time. A manager that
   * is closed gives up a save that takes longer than 5 s more.
   */
  save(state: StoredState): Promise<void>;
  /** Called after the last save. */
  close?(): Promise<void>;
}

/**
 * Keeps the state in memory. When the next manager starts, it deletes objects that carry its mark in VPP, such as interconnects and all
 * that depends on them. Punt socket registrations and proxy ARP ranges carry no mark: with this store they stay in VPP.
 * @example
 * ```ts
 * import { MemoryStore, PuntManager } from "vpp-punt";
 * import { Vpp } from "vpp-punt/binapi";
 *
 * // A program that asks for its punts at each start keeps no file of them.
 * await using vpp = await Vpp.connect();
 * await using manager = await PuntManager.start({ vpp, store: new MemoryStore() });
 * ```
 */
export class MemoryStore implements Store {
  #state: string | undefined;

  async load(): Promise<StoredState | undefined> {
    return this.#state === undefined ? undefined : JSON.parse(this.#state);
  }

  async save(state: StoredState): Promise<void> {
    this.#state = JSON.stringify(state);
  }
}
