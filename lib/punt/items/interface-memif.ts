// Interconnects that are memifs.
import { isOurMemifSocket, type Marks } from "../interconnect/index.js";
import { MEMIF_CREATE, versionFor } from "./features.js";
import type { Variant } from "./interface-variant.js";
import { filesOf, makeMemifFolder, memifSocketKey, unspoiltSocket } from "./memif-socket.js";
import { NO_DESCRIPTOR } from "./refusal.js";

export interface MemifInterface {
  readonly via: "memif";
  readonly name: string;
  readonly mac: string;
  readonly socket: string;
  /** Fingerprint of the secret. VPP does not report the secret, so the store has the fingerprint of the one in use. */
  readonly secret: string;
}

/** The memif id of both sides. Each interconnect has a socket of its own. */
export const MEMIF_ID = 1;

/** The socket files that each manager has seen, and that are there or in VPP's table. */
const seenFiles = new WeakMap<Marks, ReadonlySet<string>>();

/**
 * Returns the files of these sockets of VPP that were removed. A VPP with another view of the file system may have files that were never
 * seen here: those are not removed.
 */
async function removedFiles(marks: Marks, sockets: Iterable<string>): Promise<ReadonlySet<string>> {
  const files = await filesOf(marks);
  if (files === undefined) return new Set();
  const present = new Set(files);
  const seen = seenFiles.get(marks);
  const removed = new Set([...sockets].filter((file) => seen?.has(file) && !present.has(file)));
  seenFiles.set(marks, new Set([...present, ...removed]));
  return removed;
}

/** A memif. It is ours if its socket is. */
export const memifVariant: Variant<MemifInterface> = {
  async observe({ vpp, marks }) {
    if (!vpp.has("memif_dump")) return new Map();
    const [memifs, sockets] = await Promise.all([
      vpp.dumpAll("memif_dump", {}),
      vpp.dumpAll("memif_socket_filename_dump", {}),
    ]);
    const paths = new Map(sockets.map((socket) => [socket.socket_id, socket.socket_filename]));
    const removed = await removedFiles(marks, paths.values());
    const found = new Map<number, Omit<MemifInterface, "name">>();
    for (const { sw_if_index, socket_id, role, mode, id, flags } of memifs) {
      const socket = paths.get(socket_id) ?? "";
      const isConnected = flags.includes("IF_STATUS_API_FLAG_LINK_UP");
      const isOpen = isConnected || !removed.has(socket);
      const isAsMade = role === "MEMIF_ROLE_API_MASTER" && mode === "MEMIF_MODE_API_ETHERNET" && id === MEMIF_ID;
      const usable = isAsMade && isOpen;
      if (isOurMemifSocket(marks, socket))
        found.set(sw_if_index, { via: "memif", socket: usable ? socket : `unusable:${socket}` } as MemifInterface);
    }
    return found;
  },

  async create(context, { name, mac, socket }) {
    const { vpp, secretOf } = context;
    await makeMemifFolder(context);
    const socketId = await unspoiltSocket(context, socket);
    const message = versionFor(vpp, MEMIF_CREATE);
    const reply = await vpp.call(message, {
      role: "MEMIF_ROLE_API_MASTER",
      mode: "MEMIF_MODE_API_ETHERNET",
      rx_queues: 1,
      tx_queues: 1,
      id: MEMIF_ID,
      socket_id: socketId,
      ring_size: 1024,
      buffer_size: 2048,
      no_zero_copy: false,
      ...(message === "memif_create_v2" && { use_dma: false }),
      hw_addr: mac,
      secret: secretOf(name),
    });
    return reply.sw_if_index;
  },

  async delete({ vpp }, { index }) {
    await vpp.call("memif_delete", { sw_if_index: index! });
  },

  claim: ({ secret }) => secret,

  dependsOn: ({ socket }) => [memifSocketKey(socket.replace(/^unusable:/, ""))],

  refusable: ({ socket }) => ({
    text: `VPP cannot listen at ${socket}`,
    reasons: [
      NO_DESCRIPTOR,
      "another program listens there",
      "its user may not write to the folder",
      "it has another file system (a container)",
    ],
  }),
};
