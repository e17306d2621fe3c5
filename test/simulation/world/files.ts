// Folders and files in memory, below one path. They outlive the processes of the world, as a disk does.
import type { BigIntStats, Stats } from "node:fs";
import { dirname } from "node:path";

/** All paths of the simulated world begin so. */
export const ROOT = "/simulated";

export type FileKind = "folder" | "file" | "socket";

export class Files {
  readonly #kinds = new Map<string, FileKind>([[ROOT, "folder"]]);
  readonly #inodes = new Map<string, bigint>();
  #nextInode = 1n;
  readonly #texts = new Map<string, string>();

  kind(path: string): FileKind | undefined {
    return this.#kinds.get(path);
  }

  /** @throws ENOENT: its folder is missing; EEXIST */
  make(path: string, kind: FileKind): void {
    if (this.#kinds.get(dirname(path)) !== "folder") throw failed("ENOENT", path);
    if (this.#kinds.has(path)) throw failed("EEXIST", path);
    this.#kinds.set(path, kind);
    this.#inodes.set(path, this.#nextInode++);
  }

  /** Returns what a file has in it. @throws ENOENT */
  read(path: string): string {
    if (this.#kinds.get(path) !== "file") throw failed("ENOENT", path);
    return this.#texts.get(path) ?? "";
  }

  /** @throws ENOENT: its folder is missing */
  write(path: string, text: string): void {
    if (!this.#kinds.has(path)) this.make(path, "file");
    this.#texts.set(path, text);
  }

  /** Opens a file or a folder, or makes a file. @throws ENOENT; EEXIST */
  open(path: string, isNew: boolean): object {
    if (isNew) this.make(path, "file");
    else this.stat(path);
    const done = async () => undefined;
    return {
      ...{ stat: async () => this.stat(path), readFile: async () => Buffer.from(this.read(path)) },
      ...{ writeFile: async (text: string) => this.write(path, text), sync: done, close: done },
    };
  }

  /** Puts a file in the place of another. It stays the same file. @throws ENOENT */
  rename(from: string, to: string): void {
    const { ino } = this.stat(from);
    const [kind, text] = [this.#kinds.get(from)!, this.#texts.get(from)];
    this.remove(from);
    this.removeIfThere(to);
    this.make(to, kind);
    this.#inodes.set(to, ino);
    if (text !== undefined) this.#texts.set(to, text);
  }

  /** Puts a socket at a path, also in place of one that a dead process left. */
  bind(path: string): void {
    if (this.#kinds.get(path) === "socket") this.#kinds.delete(path);
    this.make(path, "socket");
  }

  /** @throws ENOENT */
  remove(path: string): void {
    if (!this.#kinds.delete(path)) throw failed("ENOENT", path);
    this.#texts.delete(path);
  }

  /** As `rm` with `force` does. */
  removeIfThere(path: string): void {
    if (this.#kinds.has(path)) this.remove(path);
  }

  /** @throws ENOENT */
  list(folder: string): string[] {
    if (!this.#kinds.has(folder)) throw failed("ENOENT", folder);
    return [...this.#kinds.keys()]
      .filter((path) => path !== ROOT && dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1))
      .sort();
  }

  /** @throws ENOENT */
  stat(path: string): Stats & BigIntStats {
    const kind = this.#kinds.get(path);
    if (kind === undefined) throw failed("ENOENT", path);
    const ino = this.#inodes.get(path) ?? 0n;
    const found = {
      ...{ gid: 0, uid: 0, mode: 0o750, ino, dev: 1n, ctimeNs: ino },
      isSocket: () => kind === "socket",
      isDirectory: () => kind === "folder",
      isFile: () => kind === "file",
    };
    return found as unknown as Stats & BigIntStats;
  }
}

/** Returns an error without a stack: a manager looks often for what is not there. */
function failed(code: string, path: string): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = Object.assign(new Error(`${code}: ${path}`), { code, path });
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}
