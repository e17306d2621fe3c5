// The files of punt sockets whose punts are deleted, or have another socket or none. The daemon made them for CNFs, which cannot remove them.
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeStalePuntSocket } from "../../descriptor/index.js";
import { idKey, type PuntStatus, type Punts, reachOf } from "../../punt/index.js";

/** How long after the end of a watch a new one begins. While etcd is away, the punts are not known. */
const WATCH_RETRY_MS = 1_000;
/** How often the sockets are looked at that could not be removed yet. */
const LOOK_MS = 250;
/** How often the sockets are looked at that an earlier daemon has left to living processes: for a minute, in which CNFs hear of deletions. */
const MOST_LOOKS = 240;
/** How long after deletions the folder is looked at again: a CNF that had not heard of one may have made the file again, and died. */
const LATER_MS = 5_000;

export interface DeletedSocketsOptions {
  readonly punts: Pick<Punts, "watch" | "list">;
  /** The folder of the daemon's sockets: files elsewhere are others'. */
  readonly folder: string;
  /** Whether this daemon acts. The copy of the punts that another one has may be behind: a punt that it takes for deleted may be there again. */
  acts(): boolean;
}

/** Removes the files of sockets that no punt has any more. Only the daemon that acts also takes one from a process that has it. */
export class DeletedSockets {
  readonly #options: DeletedSocketsOptions;
  readonly #ending = new AbortController();
  /** The paths of the punts' sockets, by the punt's key. */
  #used = new Map<string, string>();
  /** The paths that no punt has any more. */
  readonly #paths = new Set<string>();
  /** The sockets of living processes that an earlier daemon has left, with the looks that remain. They may be of another owner's punts. */
  readonly #left = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  /** Whether sockets were left since the later look was put off. */
  #isLeftSince = false;

  constructor(options: DeletedSocketsOptions) {
    this.#options = options;
    void this.#follow();
  }

  /** Removes what an earlier daemon has left, if this one acts. Called when it begins to act. */
  begin(): void {
    void this.#readLeft().catch(() => {});
  }

  close(): void {
    this.#ending.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#later);
  }

  async #readLeft(): Promise<void> {
    this.#removeLeft(await this.#options.punts.list());
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#read(signal).catch(() => {});
      await sleep(WATCH_RETRY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    for await (const event of this.#options.punts.watch({ signal })) {
      if (event.kind === "snapshot") {
        this.#removeLeft(event.punts);
        const before = this.#used;
        this.#used = new Map();
        for (const status of event.punts) this.#use(idKey(status.id), pathOf(status));
        for (const [key, path] of before) if (this.#used.get(key) !== path) this.#leave(path);
      } else if (event.kind === "change") {
        const { id, to, status } = event.event;
        const path = to === "DELETED" ? "" : pathOf(status);
        const before = this.#used.get(idKey(id));
        this.#use(idKey(id), path);
        if (before !== undefined && before !== path) this.#leave(before);
      }
    }
  }

  #use(key: string, path: string): void {
    if (dirname(path) === this.#options.folder) this.#used.set(key, path);
    else this.#used.delete(key);
  }

  #leave(path: string): void {
    this.#paths.add(path);
    this.#lookSoon();
    this.#isLeftSince = true;
    this.#lookLater();
  }

  #lookLater(): void {
    if (!this.#isLeftSince || this.#later || this.#ending.signal.aborted) return;
    this.#isLeftSince = false;
    this.#later = setTimeout(() => {
      this.#later = undefined;
      this.begin();
      this.#lookLater();
    }, LATER_MS).unref();
  }

  /** Looks at the deletions of a moment together. */
  #lookSoon(): void {
    this.#timer ??= setTimeout(() => void this.#look(), 0).unref();
  }

  /** Removes what an earlier life of the daemon has left: it may have ended before it could remove the file of a deleted punt. */
  #removeLeft(punts: readonly PuntStatus[]): void {
    if (!this.#options.acts() || this.#ending.signal.aborted) return;
    const used = new Set(punts.map(pathOf));
    const paths = namesIn(this.#options.folder).map((name) => join(this.#options.folder, name));
    for (const path of paths) if (!used.has(path) && remove(path) === "in use") this.#left.set(path, MOST_LOOKS);
    if (this.#left.size > 0) this.#lookSoon();
  }

  async #look(): Promise<void> {
    for (const path of this.#paths) if (remove(path) !== "in use") this.#paths.delete(path);
    if (this.#paths.size > 0 && this.#options.acts()) await this.#removeUnused().catch(() => {});
    for (const [path, looks] of this.#left)
      if (remove(path) === "in use" && looks > 1) this.#left.set(path, looks - 1);
      else this.#left.delete(path);
    const isOver = this.#paths.size + this.#left.size === 0 || this.#ending.signal.aborted;
    this.#timer = isOver ? undefined : setTimeout(() => void this.#look(), LOOK_MS).unref();
  }

  /** Removes the files of sockets that no punt has. Another punt may have the path, or the deleted punt may be there again. */
  async #removeUnused(): Promise<void> {
    const due = [...this.#paths];
    const used = new Set((await this.#options.punts.list()).map(pathOf));
    for (const path of due) {
      if (!used.has(path)) rmSync(path, { force: true });
      this.#paths.delete(path);
    }
  }
}

function pathOf({ request }: PuntStatus): string {
  return reachOf(request).socketPath ?? "";
}

/** A folder that is not there, or cannot be read, has none. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** How a file was found: removed or never there, with a process that has its socket, or not to be removed by this daemon. */
function remove(path: string): "gone" | "in use" | "left alone" {
  try {
    removeStalePuntSocket(path);
    return "gone";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "in use" : "left alone";
  }
}
