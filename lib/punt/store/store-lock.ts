// The lock that gives a store to one manager. The kernel holds it on a file beside the store, so it works across containers.
import { dirname } from "node:path";
import { FileLock } from "../../descriptor/index.js";
import { messageOf, PuntError } from "../../errors.js";
import { ensureFolderSync } from "../../files/index.js";

/** Locks to release when the process ends without closing them. */
const held = new Set<StoreLock>();

export class StoreLock {
  readonly store: string;
  readonly #lock: FileLock;

  /**
   * Locks the store at `store`.
   *
   * @throws PuntError `ERR_STORE_BUSY`, with `details.pid` in the holder's pid namespace; the errno name if the lock file cannot be written
   */
  static take(store: string): StoreLock {
    const path = `${store}.lock`;
    try {
      ensureFolderSync(dirname(path));
      const lock = new StoreLock(store, FileLock.acquire(path));
      if (held.size === 0) process.on("exit", releaseAll);
      held.add(lock);
      return lock;
    } catch (cause) {
      const { code = "EIO", message, details } = cause as NodeJS.ErrnoException & Partial<PuntError>;
      if (code === "ERR_LOCKED") throw busy(store, Number(details?.holder));
      const text = cause instanceof PuntError ? messageOf(cause) : `cannot lock ${path}: ${message}`;
      throw new PuntError("punt.store", code, text, { path }, cause);
    }
  }

  private constructor(store: string, lock: FileLock) {
    this.store = store;
    this.#lock = lock;
  }

  /** @throws PuntError `ERR_STORE_LOST`: the locked file is not at its path any more, so another manager may have locked a new one */
  requireThere(): void {
    if (this.#lock.isStillThere()) return;
    const message = `the lock of ${this.store} was removed, alone or with its folder: another manager may have the store; start this one again`;
    throw new PuntError("punt.store", "ERR_STORE_LOST", message, { path: this.store });
  }

  release(): void {
    if (!held.delete(this)) return;
    if (held.size === 0) process.off("exit", releaseAll);
    this.#lock.release();
  }
}

function releaseAll(): void {
  for (const lock of held) lock.release();
}

function busy(store: string, pid: number): PuntError {
  const message = `${store} belongs to ${holderText(store, pid)}; a store has one manager`;
  return new PuntError("punt.store", "ERR_STORE_BUSY", message, { path: store, ...(Number.isInteger(pid) && { pid }) });
}

/** The holder wrote its number as its own PID namespace has it: two containers may both be process 1. */
function holderText(store: string, pid: number): string {
  if (pid !== process.pid) return `process ${pid}`;
  if ([...held].some((lock) => lock.store === store)) return `another manager of this process (${pid})`;
  return `a process with the same number as this one (${pid}), in another PID namespace or thread`;
}
