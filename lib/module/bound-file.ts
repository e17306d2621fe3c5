// The file of a punt socket, by whose path VPP sends: without it, packets are lost although the socket is open.
import { statSync } from "node:fs";
import { folderOf } from "../files/index.js";

/** How many looks in a row must find nothing: a program that takes the path over removes the file for a moment. */
const MOST_MISSES = 2;

/** The file at the path of a socket that this process receives with. */
export class BoundFile {
  readonly #path: string;
  /** A process may not see a file that was bound in another mount namespace. */
  readonly #isSeen: boolean;
  #misses = 0;

  /**
   * `folder`: of the file, as `folderOf` names it in the process that bound the socket. Where this process sees the same folder, a
   * file that is not there from the start is removed. Left out: unknown.
   */
  constructor(path: string, folder?: string) {
    this.#path = path;
    this.#isSeen = isThere(path) || (folder !== undefined && folderOf(path) === folder);
  }

  /** Looks. Returns true once the file is removed. A file of another program, which has taken the path over, counts as there. */
  isRemoved(): boolean {
    if (!this.#isSeen) return false;
    this.#misses = isThere(this.#path) ? 0 : this.#misses + 1;
    return this.#misses >= MOST_MISSES;
  }
}

/** A file that this process may not look at is there. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
