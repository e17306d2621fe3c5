// A daemon's memory of etcd's history, by which it notices that etcd was restored to an older state.
import { PuntError } from "../errors.js";
import { StateFile, type StateForm } from "../files/index.js";
import { lazily, zod } from "../lazily.js";
import type { Change, Entry, Header } from "./etcd/index.js";

/** A leader raises the generation with every write. */
export interface Generation {
  readonly number: number;
  /** Tells two writes with the same number apart. */
  readonly write: string;
}

/** The part of etcd that a daemon acts for. */
interface Place {
  readonly host: string;
  readonly prefix: string;
}

/** A daemon's memory of etcd's history, as it is kept. */
export interface Remembered {
  /** Absent from a file of an earlier version. */
  readonly place?: Place | undefined;
  readonly cluster?: string | undefined;
  readonly revision: number;
  readonly generation?: Generation | undefined;
}

const text = lazily(() => zod().string());
const count = lazily(() => zod().int().min(0));

/** The file of a daemon's memory of etcd's history. */
export const HISTORY: StateForm<Remembered> = {
  op: "cluster.start",
  format: "vpp-punt history of etcd",
  shape: lazily(() =>
    zod().object({
      place: zod().object({ host: text(), prefix: text() }).optional(),
      cluster: text().optional(),
      revision: count(),
      generation: zod().object({ number: count(), write: text() }).optional(),
    }),
  ),
  remedy: "remove it if etcd was never restored to an older history",
};

/** Reads the generation's key. @throws PuntError ERR_ETCD_CONTENT */
export function parseGeneration(text: string, key: string): Generation {
  try {
    const { number, write } = JSON.parse(text);
    if (Number.isInteger(number) && typeof write === "string") return { number, write };
  } catch {
    // Handled below, like JSON of another shape.
  }
  throw new PuntError("cluster.read", "ERR_ETCD_CONTENT", `${key} in etcd is not what a daemon wrote there`, { key });
}

/** Returns the generation that an entry holds; undefined where there is no entry. @throws PuntError ERR_ETCD_CONTENT */
export function generationIn(entry: Entry | undefined): Generation | undefined {
  return entry && parseGeneration(entry.value, entry.key);
}

/** The daemon that has a memory. */
interface Owner {
  problem(error: PuntError): void;
  /** @throws PuntError ERR_STORE_LOST: the file may be another daemon's now, and is not written */
  requireState?(): void;
}

/** A daemon's memory of one host in etcd. A file keeps it when the daemon ends. */
export class History {
  readonly #file: StateFile<Remembered> | undefined;
  readonly #owner: Owner;
  readonly #place: Place;
  #known: Remembered = { revision: 0 };
  #saving: Promise<void> | undefined;
  #isDirty = false;

  private constructor(file: string | undefined, place: Place, owner: Owner) {
    this.#file = file === undefined ? undefined : new StateFile(file, HISTORY);
    this.#place = place;
    this.#owner = owner;
  }

  /** @throws PuntError ERR_STORE_DAMAGED, ERR_STORE_VERSION: of the file; an errno name */
  static async open(file: string | undefined, place: Place, owner: Owner): Promise<History> {
    const history = new History(file, place, owner);
    history.#known = (await history.#file?.load()) ?? history.#known;
    return history;
  }

  /** Whether this daemon has never seen the host in etcd. */
  get isNew(): boolean {
    return this.#known.generation === undefined;
  }

  /** Marks the host as known: VPP has nothing that etcd lacks. */
  begin(): void {
    if (this.isNew) this.#note({ generation: { number: 0, write: "" } });
  }

  /** Checks an answer of etcd. @throws PuntError ERR_ETCD_HISTORY */
  see({ cluster, revision }: Header, floor: number): void {
    const { cluster: known, revision: highest } = this.#known;
    if (known !== undefined && known !== cluster)
      throw replaced(`it is the cluster ${cluster}, and was ${known} before`);
    const least = Math.max(floor, this.#isOpening ? highest : 0);
    if (revision < least) throw replaced(`it is at revision ${revision}, and was at ${least} before`);
    this.#isOpening = false;
    if (known === undefined || revision > highest) this.#note({ cluster, revision: Math.max(revision, highest) });
  }

  /** The file's revision may be ahead of answers to earlier questions, except for the first answer. */
  #isOpening = true;

  /** Checks the generation that etcd has. @throws PuntError ERR_ETCD_HISTORY: etcd had a later generation before */
  check(found: Generation | undefined): void {
    const { generation: known, place } = this.#known;
    if (known && place) this.#checkPlace(place);
    if (known && known.number > (found?.number ?? 0)) {
      const has = found === undefined ? "nothing of this host" : `generation ${found.number} of this host`;
      throw replaced(`it has ${has}, and had generation ${known.number} before`);
    }
    if (known && found && found.number > 0 && found.number === known.number && found.write !== known.write)
      throw replaced(
        `its generation ${known.number} of this host differs from the generation ${known.number} that it had before`,
      );
    if (found) this.#note({ generation: found });
  }

  #checkPlace({ host, prefix }: Place): void {
    const { host: newHost, prefix: newPrefix } = this.#place;
    if (host === newHost && prefix === newPrefix) return;
    throw replaced(
      `the daemon remembers host ${host} with the prefix ${prefix}, and is for host ${newHost} with the prefix ${newPrefix} now`,
    );
  }

  /** Checks the generation among changes. `key`: its key. @throws PuntError ERR_ETCD_HISTORY; ERR_ETCD_CONTENT */
  checkAll(changes: readonly Change[], key: string): void {
    for (const change of changes) if (change.key === key) this.check(generationIn(change.entry));
  }

  /** Accepts etcd's present state as the truth. */
  accept(): void {
    this.#known = { revision: 0 };
    this.#isOpening = true;
    this.#save();
  }

  async close(): Promise<void> {
    await this.#saving;
  }

  #note(news: Partial<Remembered>): void {
    this.#known = { place: this.#place, ...this.#known, ...news };
    this.#save();
  }

  /** The file may lag behind by a moment. After a restart, only a history that is older than the file is noticed then. */
  #save(): void {
    this.#isDirty = true;
    if (this.#file === undefined) return;
    this.#saving ??= this.#write(this.#file)
      .catch((error) => this.#owner.problem(error))
      .finally(() => {
        this.#saving = undefined;
      });
  }

  async #write(file: StateFile<Remembered>): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      this.#owner.requireState?.();
      await file.save(this.#known);
      if (this.#isDirty) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function replaced(reason: string): PuntError {
  const advice = "nothing is changed until an operator decides: see `vpp-punt resume` in docs/cluster.md";
  return new PuntError(
    "cluster.history",
    "ERR_ETCD_HISTORY",
    `etcd has another history than before: ${reason}; ${advice}`,
  );
}
