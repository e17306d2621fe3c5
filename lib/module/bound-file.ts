// The file of a punt socket, by whose path VPP sends: without it, packets are lost although the socket is open.
import { statSync } from "node:fs";
import { fileId, folderOf } from "../files/index.js";

/** How many looks in a row must find nothing: a program that takes the path over removes the file for a moment. */
const MOST_MISSES = 2;

/** The file at the path of a socket that this process receives with. */
export class BoundFile {
  readonly #path: string;
  /** A process may not see a file that was bound in another mount namespace. */
  readonly #isSeen: boolean;
  /** The file as it was at the start; undefined if it was removed already. */
  readonly #own: string | undefined;
  #misses = 0;

  /**
   * `folder`: of the file, as `folderOf` names it in the process that bound the socket. Where this process sees the same folder, a
   * file that is not there from the start is removed. Left out: unknown.
   */
  constructor(path: string, folder?: string) {
    this.#path = path;
    this.#own = idAt(path);
    this.#isSeen = this.#own !== undefined || (folder !== undefined && folderOf(path) === folder);
  }

  /** Looks. Packets come no more once the file is removed, or another program has one of its own at the path. */
  look(): "there" | "removed" | "taken" {
    const now = this.#isSeen ? idAt(this.#path) : HIDDEN;
    this.#misses = now === undefined ? this.#misses + 1 : 0;
    if (this.#misses >= MOST_MISSES) return "removed";
    const isOthers = now !== undefined && now !== HIDDEN && this.#own !== HIDDEN && now !== this.#own;
    return isOthers ? "taken" : "there";
  }
}

/** A file that this process may not look at. */
const HIDDEN = "";

/** Returns a text that tells a file from others at its path; undefined where there is none. */
function idAt(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found && fileId(found);
  } catch {
    return HIDDEN;
  }
}
