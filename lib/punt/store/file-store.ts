// A store in a file.
import { constants, readlinkSync, realpathSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { PuntError } from "../../errors.js";
import { ensureFolder, linkAt, readRegularFile, writeDurably } from "../../files/index.js";
import { OptionCheck } from "../../options.js";
import { parse, serialize } from "./format.js";
import type { Store, StoredState } from "./store.js";
import { StoreLock } from "./store-lock.js";

/**
 * Keeps the state in a file. Each save replaces the file as a whole, so that a reader finds the state before or after the save, even after
 * a crash. `<path>.backup` has the state before. A damaged file is reported and left alone. While the store is open, the kernel holds a
 * lock on `<path>.lock`, which ends with the process. If `path` is a symbolic link, all of this applies to its target. A link of another user is not
 * followed: a save replaces it.
 *
 * @example
 * ```ts
 * import { FileStore, PuntManager } from "vpp-punt";
 * import { Vpp } from "vpp-punt/binapi";
 *
 * const store = new FileStore("/var/lib/punts/state.json");
 * const manager = await PuntManager.start({ vpp: await Vpp.connect({ wait: true }), store });
 * ```
 */
export class FileStore implements Store, AsyncDisposable {
  readonly path: string;
  readonly backup: string;
  readonly #file: string;
  #hasFile = false;
  #lock: StoreLock | undefined;

  /** @throws PuntError `ERR_OPTION`: `path` is not a path */
  constructor(path: string) {
    new OptionCheck("store.open").text("path", path, Number.POSITIVE_INFINITY, 1);
    this.path = path;
    this.#file = targetOf(path);
    this.backup = `${this.#file}.backup`;
  }

  /**
   * Locks the store, so that other managers cannot open it.
   *
   * @throws PuntError `ERR_STORE_BUSY`: another manager has it, with `details.pid` in that manager's pid namespace; the errno name if the
   * lock file cannot be written
   */
  async open(): Promise<void> {
    this.#lock = StoreLock.take(this.#file);
  }

  /** Unlocks the store. */
  async close(): Promise<void> {
    this.#lock?.release();
    this.#lock = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Reads the file. Returns undefined if there is none.
   *
   * @throws PuntError `ERR_STORE_DAMAGED`: the file is truncated, altered or not a store; `ERR_STORE_VERSION`: a later version wrote it;
   * `details.backup` is the path of the state before, if it is good. The errno name if the file cannot be read
   */
  async load(): Promise<StoredState | undefined> {
    const text = await readIfThere(this.#file);
    if (text === undefined) return undefined;
    const state = await this.#parseOrReport(text);
    this.#hasFile = true;
    return state;
  }

  /**
   * Replaces the file.
   *
   * @throws PuntError the errno name if it cannot be written: the file stays as it was; `ERR_STORE_LOST`: the folder or the lock file was
   * removed, so another manager may have the store
   */
  async save(state: StoredState): Promise<void> {
    this.#lock?.requireThere();
    try {
      await this.#replace(serialize(state));
    } catch (cause) {
      throw this.#unwritable(cause as NodeJS.ErrnoException);
    }
  }

  #unwritable(cause: NodeJS.ErrnoException): PuntError {
    const { code = "EIO" } = cause;
    const advice =
      code === "EBUSY" ? "; the file is a mount point and cannot be replaced: mount its folder instead" : "";
    const message = `cannot write ${this.path}: ${cause.message}${advice}`;
    return new PuntError("punt.store", code, message, { path: this.path }, cause);
  }

  async #parseOrReport(text: string): Promise<StoredState> {
    try {
      return parse(text, this.path);
    } catch (error) {
      const { code, message, details, op } = error as PuntError;
      const backup = await this.#goodBackup();
      const advice = backup ? `the state before is in ${backup}` : "there is no good backup";
      const text = `${message.slice(op.length + 2)}; the file was left alone, and ${advice}`;
      throw new PuntError(op, code, text, { ...details, backup }, error);
    }
  }

  async #goodBackup(): Promise<string | undefined> {
    try {
      parse((await readIfThere(this.backup)) ?? "", this.backup);
      return this.backup;
    } catch {
      return undefined;
    }
  }

  async #replace(text: string): Promise<void> {
    if (!this.#hasFile) await ensureFolder(dirname(this.#file));
    else await this.#keepBackup();
    await writeDurably(this.#file, text);
    this.#hasFile = true;
  }

  /** A backup of another kind, such as a pipe, would take no copy. */
  async #keepBackup(): Promise<void> {
    await rm(this.backup, { force: true });
    await copyFile(this.#file, this.backup, constants.COPYFILE_EXCL);
  }
}

/** Returns the file that a path names. Follows symbolic links but those of other users, even if their target does not exist yet. */
function targetOf(path: string): string {
  if (linkAt(path) === "foreign") return inRealFolder(path);
  try {
    return realpathSync(path);
  } catch {
    const target = linkTarget(path);
    return target === undefined ? inRealFolder(path) : targetOf(target);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return undefined;
  }
}

function inRealFolder(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return resolve(path);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(path)).toString("utf8");
  } catch (cause) {
    const { code = "EIO", message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new PuntError("punt.store", code, `cannot read ${path}: ${message}`, { path }, cause);
  }
}
