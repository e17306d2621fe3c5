// Where the desired state is kept, so that it outlives the manager.
import type { Interconnect, KnownNamespace } from "../interconnect/index.js";
import type { PuntRequest } from "../request/index.js";

/** All a manager has to remember. Plain data. */
export interface StoredState {
  readonly punts: readonly PuntRequest[];
  readonly interconnects: readonly Interconnect[];
  readonly namespaces: readonly KnownNamespace[];
  /** What VPP cannot tell of objects of ours, by item key. */
  readonly claims: Readonly<Record<string, string>>;
  /** What was applied where VPP has no message that reads it back, by item key. */
  readonly notes: Readonly<Record<string, object>>;
}

export interface Store {
  /** Called before a manager that will save loads: whoever has the store keeps others out. */
  open?(): Promise<void>;
  /** What was saved last; undefined if nothing ever was. */
  load(): Promise<StoredState | undefined>;
  /** Resolves when the state will be there after a crash of whatever the store protects from. Called for one state at a time. */
  save(state: StoredState): Promise<void>;
  /** Called when nothing will be saved any more. */
  close?(): Promise<void>;
}

/**
 * Forgets with the process. What bears a mark of the manager in VPP, as interconnects and all that is built on them do, is deleted by
 * the next one's start; punt socket registrations and proxy-ARP ranges bear none: without a store that outlives the process they stay.
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
