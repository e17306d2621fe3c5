// A lock that the kernel keeps on a file, for as long as this process has it open.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { PuntError } from "../errors.js";
import { linkAt } from "../files/index.js";
import { native } from "../native.js";

const OP = "file-lock.acquire";
/** How often the file may be replaced while it is being locked. */
const ATTEMPTS = 100;

/**
 * Holds an exclusive lock on a file (F_OFD_SETLK). The kernel releases it when the process or the worker thread ends, however
 * that happens, and it holds between containers that share the folder. Each `acquire` is one holder, also within a process.
 */
export class FileLock implements Disposable {
  /** The file that is locked: absolute, without symbolic links. */
  readonly path: string;
  #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Locks the file at `path`, which is made if it is not there, with this process's id as its text. Does not wait. A symbolic
   * link is followed first, so that two names of one file are one lock; one of another user is refused. The folder must be there.
   *
   * @throws PuntError `ERR_LOCKED` when another has it (`details.path`, `details.holder`: the text in the file, for a person);
   *   `ELOOP` for a symbolic link of another user; the errno name when the file cannot be made or locked
   */
  static acquire(path: string): FileLock {
    try {
      const real = realPath(path);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const lock = FileLock.#try(real);
        if (lock !== undefined) return lock;
      }
    } catch (cause) {
      if (cause instanceof PuntError) throw cause;
      const code = (cause as NodeJS.ErrnoException).code ?? "EIO";
      throw new PuntError(OP, code, `cannot lock ${path}: ${(cause as Error).message}`, { path }, cause);
    }
    throw new PuntError(OP, "ERR_LOCKED", `${path} is removed and made again all the time`, { path });
  }

  /** Undefined when the file was replaced before it was locked. */
  static #try(path: string): FileLock | undefined {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const lock = new FileLock(path, openSync(path, flags, 0o600));
    try {
      if (!fstatSync(lock.#fd).isFile()) {
        throw new PuntError(OP, "ERR_OPTION", `${path} is not a file`, { option: "path", path });
      }
      if (!native.lockDescriptor(lock.#fd)) throw locked(path, lock.#fd);
      if (lock.isStillThere()) return lock.#sign();
    } catch (error) {
      lock.#close();
      throw error;
    }
    lock.#close();
    return undefined;
  }

  /** The text is for people: what counts is the lock. A file without it, on a full disk, does not stay. */
  #sign(): this {
    try {
      ftruncateSync(this.#fd);
      writeSync(this.#fd, `${process.pid}\n`, 0);
      return this;
    } catch (error) {
      if (this.isStillThere()) rmSync(this.path, { force: true });
      throw error;
    }
  }

  /** Tells whether the locked file is still the one at the path: another process may have removed it, or its folder. */
  isStillThere(): boolean {
    if (this.#fd < 0) return false;
    const own = fstatSync(this.#fd, { bigint: true });
    try {
      const now = statSync(this.path, { bigint: true });
      return now.dev === own.dev && now.ino === own.ino;
    } catch {
      // It is away, or something on the way to it is not a folder any more.
      return false;
    }
  }

  /** Removes the file, if it is still the locked one, and lets go of it. Does nothing the second time. */
  release(): void {
    if (this.#fd < 0) return;
    // Removed first: what another process opens now, it finds replaced, and tries again.
    try {
      if (this.isStillThere()) rmSync(this.path, { force: true });
    } finally {
      this.#close();
    }
  }

  #close(): void {
    closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Of a file that need not be there; its folder must be. */
function realPath(path: string): string {
  if (linkAt(path) === "foreign")
    throw Object.assign(new Error("a symbolic link of another user is there"), { code: "ELOOP" });
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return join(realpathSync(dirname(path)), basename(path));
  }
}

function locked(path: string, fd: number): PuntError {
  const holder = readFileSync(fd, "utf8").slice(0, 64).trim();
  const who = holder === "" ? "another process" : `process ${holder}`;
  return new PuntError(OP, "ERR_LOCKED", `${path} is locked by ${who}`, { path, holder });
}
