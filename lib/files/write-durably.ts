// Replaces files that outlive the program: a reader finds the old content or the new, also after the machine has lost its power.
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Options of a write. */
export interface WriteOptions {
  /** Permissions of the file. Default 0o600: state has secrets. */
  readonly mode?: number;
  /** The file that gets the content first, on the same volume. Default: `<path>.new`. */
  readonly draft?: string;
}

/**
 * Replaces the file at `path`, or makes it. What is at `path` or at the draft's is removed and not written to: it may be a link to another
 * file, or a pipe.
 *
 * @throws an error of Linux: the file at `path` stays as it was, or is the new one already if its folder cannot be synchronized
 */
export async function writeDurably(path: string, text: string, options: WriteOptions = {}): Promise<void> {
  const { mode = 0o600, draft = `${path}.new` } = options;
  try {
    await writeNew(draft, text, mode);
    await rename(draft, path);
    // A rename is durable only after its folder is synchronized.
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
