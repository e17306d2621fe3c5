// Socket files of memifs: files in VPP's table, and files that a VPP left behind.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { lchown, readdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PuntError } from "../../errors.js";
import { ensureFolder } from "../../files/index.js";
import { isOurMemifSocket, type Marks } from "../interconnect/index.js";
import { MEMIF_SOCKET, versionFor } from "./features.js";
import type { Part } from "./item.js";
import type { ActContext, Kind } from "./kind.js";
import { NO_INDEX, type VppApi } from "./vpp-api.js";

interface MemifSocket {
  readonly path: string;
}

export function memifSocketKey(path: string): string {
  return `memif-socket/${path}`;
}

export function memifSocketPart(path: string): Part<MemifSocket> {
  return { kind: "memif-socket", key: memifSocketKey(path), value: { path } };
}

/** Only owner and group may connect: the group is that of VPP's API socket, which VPP gives to its memif sockets too. */
const DIRECTORY_MODE = 0o750;
/** Of the folders above it that have to be made. */
const PARENT_MODE = 0o755;

/** A file name that VPP has under a number. The name and the folder of the file say whether it is ours. */
export const memifSocket: Kind<MemifSocket> = {
  async observe({ vpp, marks }) {
    if (!vpp.has("memif_socket_filename_dump")) return [];
    const details = await vpp.dumpAll("memif_socket_filename_dump", {});
    return details.map(({ socket_id: index, socket_filename: path }) => {
      return {
        kind: "memif-socket",
        key: memifSocketKey(path),
        value: { path },
        ours: isOurMemifSocket(marks, path),
        index,
      };
    });
  },

  async create(context, { path }, key) {
    await makeMemifFolder(context);
    context.made(key, await addSocket(context.vpp, path));
  },

  delete: ({ vpp }, { index, value }) => removeSocket(vpp, index!, value.path),

  dependsOn: () => [],
};

async function removeSocket(vpp: VppApi, index: number, path: string): Promise<void> {
  const fields = { is_add: false, socket_id: index, socket_filename: path };
  await vpp.call(versionFor(vpp, MEMIF_SOCKET), fields);
}

/**
 * Returns the number of a socket for its first memif. A memif that VPP could not make has spoilt its socket: VPP's count of users is at -1,
 * and it makes the next memif without listening (memif.c, memif_create_if, of 22.02 to 26.10). So a socket of an earlier run is removed, and added again.
 */
export async function unspoiltSocket(context: ActContext, path: string): Promise<number> {
  const { vpp, facts, indexOfItem, made } = context;
  const key = memifSocketKey(path);
  const number = indexOfItem(key);
  if (facts.seen.get(key)?.index !== number) return number;
  try {
    await removeSocket(vpp, number, path);
  } catch (error) {
    // Another memif has it: VPP listens there.
    if ((error as PuntError).code === "VPP_UNEXPECTED_INTF_STATE") return number;
    throw error;
  }
  const fresh = await addSocket(vpp, path);
  made(key, fresh);
  return fresh;
}

/** Adds the path to VPP's table. @returns its number */
async function addSocket(vpp: VppApi, path: string): Promise<number> {
  if (versionFor(vpp, MEMIF_SOCKET) === "memif_socket_filename_add_del") return addSocketUnderOurNumber(vpp, path);
  const fields = { is_add: true, socket_id: NO_INDEX, socket_filename: path };
  const reply = await vpp.call("memif_socket_filename_add_del_v2", fields);
  return reply.socket_id;
}

/** Attempts to find a free number. Each after the first fails if another client takes the number between our look and our call. */
const MOST_COLLISIONS = 8;

/** Before 23.06 the client chooses the number. It must be free, and other managers should choose others. */
async function addSocketUnderOurNumber(vpp: VppApi, path: string): Promise<number> {
  // The first attempt is without a look: a collision is rare, and the list is as long as there are sockets.
  let taken: ReadonlySet<number> = new Set([0]);
  for (let collisions = 0; ; collisions++) {
    const socketId = freeNumber(path, taken);
    try {
      await vpp.call("memif_socket_filename_add_del", { is_add: true, socket_id: socketId, socket_filename: path });
      return socketId;
    } catch (error) {
      const isTaken = (error as PuntError).code === "VPP_ENTRY_ALREADY_EXISTS";
      if (!isTaken || collisions === MOST_COLLISIONS) throw error;
      taken = await takenNumbers(vpp);
    }
  }
}

async function takenNumbers(vpp: VppApi): Promise<ReadonlySet<number>> {
  const details = await vpp.dumpAll("memif_socket_filename_dump", {});
  return new Set(details.map((detail) => detail.socket_id));
}

/** 0 is VPP's own socket, and the largest number means "none". */
function freeNumber(path: string, taken: ReadonlySet<number>): number {
  let number = createHash("sha256").update(path).digest().readUInt32BE() % (NO_INDEX - 1);
  do number = number === NO_INDEX - 1 ? 1 : number + 1;
  while (taken.has(number));
  return number;
}

/** Makes the folder of the memif sockets, once in a run. @throws PuntError the errno name */
export function makeMemifFolder({ marks, once, vpp }: Pick<ActContext, "marks" | "once" | "vpp">): Promise<void> {
  const { memifDirectory } = marks;
  return once(`folder ${memifDirectory}`, () => makeDirectory(memifDirectory, vpp.endpoint));
}

/** A folder that is there keeps its group and mode. */
async function makeDirectory(path: string, apiSocket: string | undefined): Promise<void> {
  try {
    if (existsSync(path)) return await ensureFolder(path);
    await ensureFolder(dirname(path), PARENT_MODE);
    await ensureFolder(path, DIRECTORY_MODE);
    await giveToGroupOf(apiSocket, path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "EIO";
    throw new PuntError("punt.memif", code, `cannot make the folder of memif sockets ${path}`, { path }, cause);
  }
}

/** A user who is not root may give a folder to a group of his own only. */
async function giveToGroupOf(apiSocket: string | undefined, path: string): Promise<void> {
  const found = apiSocket === undefined ? undefined : await stat(apiSocket).catch(() => undefined);
  if (found) await lchown(path, -1, found.gid).catch(() => {});
}

/** Returns the paths of all files in the folder of the memif sockets; undefined if the folder cannot be read. */
export async function filesOf({ memifDirectory }: Pick<Marks, "memifDirectory">): Promise<string[] | undefined> {
  try {
    const names = await readdir(memifDirectory);
    return names.map((name) => join(memifDirectory, name));
  } catch (error) {
    return /^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? "") ? [] : undefined;
  }
}

interface SocketFile {
  readonly file: string;
}

/** Other files in the folder were not made by a manager. */
const MADE_FILE = /^memif-([A-Za-z0-9-]{1,20}-)?[a-zA-F]{5}\.sock$/;

/** A socket file that an earlier VPP left in our folder. No plan wants one: they are found and deleted. */
export const memifSocketFile: Kind<SocketFile> = {
  async observe({ vpp, marks }) {
    const [files = [], sockets] = await Promise.all([
      filesOf(marks),
      vpp.has("memif_socket_filename_dump") ? vpp.dumpAll("memif_socket_filename_dump", {}) : [],
    ]);
    const known = new Set(sockets.map((socket) => socket.socket_filename));
    return files
      .filter((file) => MADE_FILE.test(basename(file)) && isOurMemifSocket(marks, file) && !known.has(file))
      .map((file) => ({ kind: "memif-socket-file", key: `memif-socket-file/${file}`, value: { file }, ours: true }));
  },

  async create() {},

  async delete(_context, { value: { file } }) {
    await unlink(file).catch(ignoreMissing);
  },

  dependsOn: () => [],
};

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
