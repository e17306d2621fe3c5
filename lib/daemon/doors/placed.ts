// A socket's file that may be another daemon's next: it is made under another name, and takes its place in one step.
import { renameSync, statSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/** The file of a socket. */
export class PlacedFile {
  /** Where the socket listens first. */
  readonly made: string;
  readonly #path: string;
  #inode: bigint | undefined;

  /** `path`: where clients look for it. */
  constructor(path: string) {
    this.#path = path;
    // As short as can be: a socket's path has 107 bytes.
    this.made = join(dirname(path), `.${Math.random().toString(36).slice(2, 6)}`);
  }

  /** Moves the socket to its path, and replaces a file that is there. */
  place(): void {
    this.#inode = inodeOf(this.made);
    renameSync(this.made, this.#path);
  }

  /** Returns whether the placed file is still at the path. */
  get isThere(): boolean {
    return this.#inode !== undefined && inodeOf(this.#path) === this.#inode;
  }

  /** Removes the file, unless it is another daemon's. */
  remove(): void {
    if (this.isThere) unlinkSync(this.#path);
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
