// The audit log: one JSON line for every call, with who asked, what for, and which rule decided.
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { PuntError } from "../errors.js";
import { linkAt } from "../files/index.js";
import type { PuntId } from "../punt/index.js";

/** A decision. */
export interface AuditEntry {
  readonly caller: string;
  /** For a call that reached the daemon by etcd: the daemon that passed it on, or `etcd` where the caller wrote to etcd itself. */
  readonly through?: string;
  readonly call: string;
  readonly decision: "allowed" | "refused" | "failed";
  readonly rule?: string | undefined;
  /** The host in etcd, where the call named another one than the daemon's own. */
  readonly host?: string | undefined;
  readonly punts?: readonly PuntId[];
  /** The rules that refused it, each with the field that decided. */
  readonly objections?: readonly unknown[];
  /** Why it was refused or failed. */
  readonly code?: string;
  readonly message?: string;
}

/** Entries that wait for a disk with room. The oldest ones give way. */
const MOST_WAITING = 10_000;
/** Milliseconds after which a write that failed is tried again, unless the next entry comes earlier. */
const RETRY_MS = 1000;
const NEWLINE = 0x0a;

/** The file has whole lines only, also after a write that failed half way. */
export class AuditLog {
  readonly #path: string | undefined;
  readonly #problem: (error: unknown) => void;
  #file: FileHandle | undefined;
  #waiting: string[] = [];
  /** Entries that gave way since the last write. */
  #lost = 0;
  /** Whether the file ends in the middle of a line. */
  #isCut = false;
  #isFailing = false;
  #closed = false;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  private constructor(path: string | undefined, problem: (error: unknown) => void) {
    this.#path = path;
    this.#problem = problem;
  }

  /** @throws PuntError ELOOP: a symbolic link of another user is there; an errno name: the file cannot be written */
  static async open(path: string | undefined, problem: (error: unknown) => void): Promise<AuditLog> {
    const log = new AuditLog(path, problem);
    if (path === undefined) return log;
    try {
      log.#file = await openLog(path);
    } catch (cause) {
      throw unwritable(path, cause);
    }
    return log;
  }

  /** Opens the file by its name again, after it was moved away. */
  reopen(): void {
    if (this.#path === undefined || this.#closed) return;
    this.#run(async () => {
      await this.#letGo();
      await this.#write();
    });
  }

  write(entry: AuditEntry): void {
    if (this.#path === undefined || this.#closed) return;
    this.#waiting.push(lineOf(entry));
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#lost++;
    }
    if (!this.#running) this.#run(() => this.#write());
  }

  /** Writes what waits, as far as the disk takes it. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running) await this.#running;
    if (this.#waiting.length > 0) await this.#write();
    clearTimeout(this.#retry);
    await this.#letGo();
  }

  /** One task at a time. */
  #run(task: () => Promise<void>): void {
    const before = this.#running;
    const running = (async () => {
      await before;
      await task();
    })();
    this.#running = running;
    void running.finally(() => {
      if (this.#running !== running) return;
      this.#running = undefined;
      if (this.#waiting.length > 0 && !this.#isFailing) this.#run(() => this.#write());
    });
  }

  async #write(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      this.#file ??= await openLog(this.#path!);
      while (this.#waiting.length > 0) await this.#writeAll(this.#file);
      this.#isFailing = false;
    } catch (error) {
      // One message says that the disk is full.
      if (!this.#isFailing) this.#problem(unwritable(this.#path!, error));
      this.#isFailing = true;
      this.#retry = setTimeout(() => this.#run(() => this.#write()), RETRY_MS).unref();
    }
  }

  /** Writes the lines that wait. Each line that is not written whole waits on. */
  async #writeAll(file: FileHandle): Promise<void> {
    const lines = this.#waiting;
    if (this.#lost > 0) lines.unshift(lineOf(lossOf(this.#lost)));
    this.#waiting = [];
    this.#lost = 0;
    const start = this.#isCut ? 1 : 0;
    const bytes = Buffer.from(`${this.#isCut ? "\n" : ""}${lines.join("")}`);
    let at = 0;
    try {
      while (at < bytes.length) at += (await file.write(bytes, at)).bytesWritten;
      this.#isCut = false;
    } catch (error) {
      const written = bytes.subarray(start, Math.max(at, start));
      const whole = written.filter((byte) => byte === NEWLINE).length;
      this.#waiting = [...lines.slice(whole), ...this.#waiting];
      this.#lost += this.#waiting.splice(0, Math.max(this.#waiting.length - MOST_WAITING, 0)).length;
      if (at > 0) this.#isCut = !(await removed(file, written.length - (written.lastIndexOf(NEWLINE) + 1)));
      throw error;
    }
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#isCut = false;
    await file?.close().catch((error) => this.#problem(unwritable(this.#path!, error)));
  }
}

/** The errors of a write do not name the file. */
function unwritable(path: string, cause: unknown): PuntError {
  const { code = "EIO" } = cause as NodeJS.ErrnoException;
  const why = code === "ELOOP" ? ": a symbolic link of another user is there" : "";
  return new PuntError("daemon.audit", code, `cannot write ${path}${why}`, { path }, cause);
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/** Opens the log. A link of root's or of this user may lead to a file elsewhere, or to /dev/stdout's. */
async function openLog(path: string): Promise<FileHandle> {
  return open(path, APPEND | (linkAt(path) === "trusted" ? 0 : constants.O_NOFOLLOW), 0o640);
}

/** Punts of a line. A call may name a hundred thousand of them. */
const MOST_PUNTS = 1_000;
/** Characters of a line's message. */
const LONGEST_MESSAGE = 4_000;

function lineOf({ punts, message, ...entry }: AuditEntry): string {
  const more = (punts?.length ?? 0) - MOST_PUNTS;
  const line = {
    ...{ time: new Date().toISOString(), ...entry, punts: punts?.slice(0, MOST_PUNTS) },
    ...(more > 0 && { morePunts: more }),
    message: message?.slice(0, LONGEST_MESSAGE),
  };
  return `${JSON.stringify(line)}\n`;
}

function lossOf(count: number): AuditEntry {
  const message = `${count} entries before this one are lost: the file could not be written`;
  return { caller: "the daemon", call: "Audit", decision: "failed", message };
}

/** Removes the begin of a line from the end of the file. Returns false if the file is none that can be cut, such as a pipe. */
async function removed(file: FileHandle, count: number): Promise<boolean> {
  if (count === 0) return true;
  try {
    await file.truncate((await file.stat()).size - count);
    return true;
  } catch {
    return false;
  }
}
