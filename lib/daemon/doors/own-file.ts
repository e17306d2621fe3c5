// Files of ours that another program may remove or replace, such as sockets.
import { unlinkSync } from "node:fs";
import { inodeOf } from "../../sockets/index.js";

/** Milliseconds between two looks at the files. */
const LOOK_MS = 500;

/** A file of ours, until it is removed or replaced. */
export class OwnFile {
  readonly path: string;
  #inode: bigint | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Takes a file as ours: the file at the path, or a file that is about to be moved there. */
  take(made = this.path): void {
    this.#inode = inodeOf(made);
  }

  /** Lets go of the file. */
  forget(): void {
    this.#inode = undefined;
  }

  /** Returns whether our file is at the path. */
  get isThere(): boolean {
    return this.#inode !== undefined && inodeOf(this.path) === this.#inode;
  }

  /** Removes the file, unless it is another program's. */
  remove(): void {
    if (this.isThere) unlinkSync(this.path);
  }
}

/** Looks at files from time to time. */
export interface FileLook {
  /** Ends the looks, and waits for the one under way. */
  close(): Promise<void>;
}

/** Calls `lost` when files are not there any more, and again at each look as long as they are not. */
export function lookAt(files: () => readonly OwnFile[], lost: (gone: readonly OwnFile[]) => Promise<void>): FileLook {
  let underWay: Promise<void> | undefined;
  const look = async () => {
    const gone = files().filter(({ isThere }) => !isThere);
    if (gone.length > 0) await lost(gone);
  };
  const timer = setInterval(() => {
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
  }, LOOK_MS).unref();
  return {
    close: async () => {
      clearInterval(timer);
      await underWay;
    },
  };
}
