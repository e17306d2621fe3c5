// A manager's store in etcd: each object is a key, and a save writes the differences.
import type { PuntRequest, Store, StoredState } from "../punt/index.js";
import type { Condition, Mirror, Write } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import { acceptedKey, FOLDERS, idIn, isWishOf, Orders, recordsOf, stateOf, wishText } from "./records.js";
import type { Writer } from "./writer.js";

/** The state that a daemon remembers from before etcd had another history. */
export interface Remembered {
  readonly state: StoredState;
  /** Whether it replaces etcd's state. Otherwise its claims alone are added: objects without a mark would stay in VPP for good. */
  readonly replaces: boolean;
}

export interface EtcdStoreOptions {
  readonly mirror: Mirror;
  readonly keys: Keys;
  /** Absent for a read-only manager. */
  readonly writer?: Writer;
  readonly remembered?: Remembered | undefined;
  /** Returns who asked for a punt. */
  whoAsked(request: PuntRequest): string;
}

export class EtcdStore implements Store {
  readonly #options: EtcdStoreOptions;
  #orders = new Orders();
  /** Keys that this store read or wrote. It deletes no others. */
  #own = new Set<string>();
  #writing: ReadonlySet<string> = new Set();
  /** The changes under way that wishes ask for: the key of each wish, with its request as text, or undefined for its end. */
  readonly #followed = new Set<{ readonly key: string; readonly text: string | undefined }>();

  constructor(options: EtcdStoreOptions) {
    this.#options = options;
  }

  /** Returns the state in the copy of etcd. @throws PuntError ERR_ETCD_CONTENT */
  async load(): Promise<StoredState | undefined> {
    const { mirror, keys, remembered } = this.#options;
    const orders = new Orders();
    const state = stateOf(mirror.below(keys.folder("state")), keys, orders);
    this.#orders = orders;
    this.#own = new Set(FOLDERS.flatMap((folder) => mirror.below(keys.folder("state", folder)).map(({ key }) => key)));
    return remembered ? joined(remembered, state) : state;
  }

  /** @throws PuntError of the writer: etcd has the old state, or a part of the new state, which the next save completes */
  async save(state: StoredState): Promise<void> {
    const { writer } = this.#options;
    const { writes, conditions, own } = this.#differences(state);
    this.#writing = new Set(writes.map(({ key }) => key));
    try {
      if (writes.length > 0) await writer!.write(writes, conditions);
    } finally {
      this.#writing = new Set();
    }
    // Not before: a punt whose deletion failed keeps its place, so that its record stays equal and its wish is not written again.
    for (const key of this.#own) if (!own.has(key)) this.#orders.forget(key);
    this.#own = own;
  }

  /** Whether a save under way writes or removes a key. */
  isWriting(key: string): boolean {
    return this.#writing.has(key);
  }

  /**
   * Makes a change that a wish asks for. The wish may be another by the time that the change is saved, so such a change neither writes nor
   * ends it.
   */
  async following<T>(key: string, request: PuntRequest | undefined, change: () => Promise<T>): Promise<T> {
    const followed = { key, text: request && JSON.stringify(request) };
    this.#followed.add(followed);
    try {
      return await change();
    } finally {
      this.#followed.delete(followed);
    }
  }

  #isFollowed(key: string, request: PuntRequest | undefined): boolean {
    const isSame = (text: string | undefined) => text === (request && JSON.stringify(request));
    return [...this.#followed].some((each) => each.key === key && isSame(each.text));
  }

  #differences(state: StoredState): { writes: Write[]; conditions: Condition[]; own: Set<string> } {
    const { mirror, keys } = this.#options;
    const records = recordsOf(state, keys, this.#orders);
    const writes: Write[] = [];
    for (const [key, value] of records) if (mirror.get(key)?.value !== value) writes.push({ key, value });
    const gone = [...this.#own].filter((key) => !records.has(key) && mirror.get(key) !== undefined);
    for (const key of gone) writes.push({ key });
    const wishes = [...this.#newWishes(state.punts, writes), ...this.#endedWishes(gone)];
    const conditions = wishes.map(({ key }) => ({ key, modified: mirror.get(key)?.modified ?? 0 }));
    return { writes: [...writes, ...wishes], conditions, own: new Set(records.keys()) };
  }

  /** A request that this daemon accepted becomes a wish, as if another program had written it. An equal wish stays. */
  #newWishes(punts: readonly PuntRequest[], writes: readonly Write[]): Write[] {
    const { mirror, keys, whoAsked } = this.#options;
    const written = new Set(writes.filter(({ value }) => value !== undefined).map(({ key }) => key));
    return punts
      .filter((request) => written.has(acceptedKey(keys, request)))
      .map((request) => ({ request, key: keys.punt("wanted", request) }))
      .filter(({ request, key }) => !isWishOf(mirror.get(key), request) && !this.#isFollowed(key, request))
      .map(({ request, key }) => ({ key, value: wishText(request, whoAsked(request)) }));
  }

  #endedWishes(gone: readonly string[]): Write[] {
    const { mirror, keys } = this.#options;
    const folder = keys.folder("state", "punts");
    return gone
      .flatMap((key) => idIn(key, folder) ?? [])
      .map((id) => ({ key: keys.punt("wanted", id) }))
      .filter(({ key }) => mirror.get(key) !== undefined && !this.#isFollowed(key, undefined));
  }
}

function joined({ state: before, replaces }: Remembered, now: StoredState | undefined): StoredState {
  if (replaces) return before;
  const { claims, notes, ...rest } = now ?? { punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} };
  return { ...rest, notes, claims: { ...before.claims, ...claims } };
}
