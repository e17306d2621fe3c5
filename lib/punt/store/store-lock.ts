// One manager a store: a file beside it says which process has it.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { threadId } from "node:worker_threads";
import { PuntError } from "../../errors.js";

/** A process. Its id alone may have been given to another since; no two of one boot share the time they were started too. */
interface Holder {
  readonly pid: number;
  /** Clock ticks from the machine's boot to the start of the process. */
  readonly started: string;
  readonly boot: string;
}

/** What is removed when the process ends without closing. */
const held = new Set<StoreLock>();

/** Of one process, and seen by those that see its process id: not by containers that share only the folder. */
export class StoreLock {
  readonly #path: string;
  readonly #content: string;

  /**
   * Takes `path`. One that a dead process left is replaced.
   *
   * @throws PuntError `ERR_STORE_BUSY` with the holder's `details.pid`; the errno name if the file cannot be written
   */
  static take(path: string): StoreLock {
    const lock = new StoreLock(path);
    try {
      lock.#take();
    } catch (cause) {
      if (cause instanceof PuntError) throw cause;
      const code = (cause as NodeJS.ErrnoException).code ?? "EIO";
      throw new PuntError("punt.store", code, `cannot write ${path}`, { path }, cause);
    }
    if (held.size === 0) process.on("exit", releaseAll);
    held.add(lock);
    return lock;
  }

  private constructor(path: string) {
    this.#path = path;
    this.#content = JSON.stringify(thisProcess());
  }

  #take(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    while (!this.#create()) {
      const content = readIfThere(this.#path);
      if (content === undefined) continue;
      const holder = holderOf(content);
      if (holder && isAlive(holder)) throw busy(this.#path, holder.pid);
      this.#discard(content);
    }
  }

  /** Made under another name and linked: whoever finds the file finds all of it. */
  #create(): boolean {
    const own = this.#ownName();
    writeFileSync(own, this.#content, { mode: 0o600 });
    try {
      linkSync(own, this.#path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      rmSync(own, { force: true });
    }
  }

  /** Moved away and looked at again: another starter may have replaced it since it was read, and then it gets its own back. */
  #discard(content: string): void {
    const away = this.#ownName();
    try {
      renameSync(this.#path, away);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    try {
      if (readFileSync(away, "utf8") !== content) linkSync(away, this.#path);
    } finally {
      rmSync(away, { force: true });
    }
  }

  #ownName(): string {
    return `${this.#path}.${process.pid}.${threadId}`;
  }

  release(): void {
    if (!held.delete(this)) return;
    if (held.size === 0) process.off("exit", releaseAll);
    // Not one that somebody put there after ours was removed by hand.
    if (readIfThere(this.#path) === this.#content) rmSync(this.#path, { force: true });
  }
}

function releaseAll(): void {
  for (const lock of held) lock.release();
}

function thisProcess(): Holder {
  const { started } = statOf(process.pid)!;
  return { pid: process.pid, started, boot: bootId() };
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Undefined for what no lock of ours contains. */
function holderOf(content: string): Holder | undefined {
  try {
    const holder = JSON.parse(content) as Partial<Holder> | null;
    return Number.isInteger(holder?.pid) && holder!.pid! > 0 ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started, boot }: Holder): boolean {
  if (boot !== bootId()) return false;
  const stat = statOf(pid);
  // A zombie runs no more.
  return stat ? stat.started === started && !/[ZX]/.test(stat.state) : isThere(pid);
}

/** Where /proc hides the processes of other users, a signal that is not sent still tells that there is one. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** proc(5): the name in parentheses may have spaces; state is the 3rd field and the start time the 22nd. */
function statOf(pid: number): { state: string; started: string } | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields && { state: fields[0]!, started: fields[19]! };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ESRCH: the process ended between the opening of its file and the reading.
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}

function busy(path: string, pid: number): PuntError {
  const store = path.replace(/\.lock$/, "");
  const who = pid === process.pid ? `another manager of this process (${pid})` : `process ${pid}`;
  return new PuntError("punt.store", "ERR_STORE_BUSY", `${store} belongs to ${who}; a store has one manager`, {
    path: store,
    pid,
  });
}
