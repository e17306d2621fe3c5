// Makes folders. Node's recursive mkdir never ends where a folder exists and takes no entries, as below /proc (nodejs, up to version 20).
import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileId } from "./file-id.js";

/** The mode of new parent folders. In /run/vpp-punt, a private folder lies beside a socket that every user may reach. */
const ABOVE = 0o755;

/** The mode of a folder for a program's user and group only. */
export const OWN_FOLDER = 0o750;

/** The mode of a folder of sockets for programs of other users, each of which looks whether its own socket is still there. */
export const SOCKET_FOLDER = 0o751;

/** Makes the folder with `mode`, and those above it. Does nothing if it exists. @throws the error of Linux */
export async function ensureFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (await isFolder(path)) return;
    if (!lacksParent(path, error)) throw error;
    await ensureFolder(dirname(path), ABOVE);
    await mkdir(path, { mode }).catch((again) => rethrowUnlessThere(again, path));
  }
}

/** As `ensureFolder`, at once. */
export function ensureFolderSync(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    if (!lacksParent(path, error)) throw error;
    ensureFolderSync(dirname(path), ABOVE);
    ensureLastSync(path, mode);
  }
}

/** Names the folder of a path in the same way in every mount namespace that has it; undefined where it is not seen. */
export function folderOf(path: string): string | undefined {
  try {
    return fileId(statSync(dirname(path), { bigint: true }));
  } catch {
    return undefined;
  }
}

/** Another process may have made it in between. */
function ensureLastSync(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

async function rethrowUnlessThere(error: unknown, path: string): Promise<void> {
  if (!(await isFolder(path))) throw error;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function lacksParent(path: string, error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT" && dirname(path) !== path;
}
