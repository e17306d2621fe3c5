// Opens the CNF's ends of a punt's interconnects, for the CNF.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import {
  bindPuntSocket,
  connectMemifControl,
  connectPuntSocket,
  type Descriptor,
  networkNamespace,
  OWN_NAMESPACE,
  openPacketSocket,
} from "../../descriptor/index.js";
import { PuntError } from "../../errors.js";
import { fileLifeId, folderOf } from "../../files/index.js";
import type { InterconnectMetadata, PuntMetadata } from "../../punt/index.js";
import { endKey, type HandedEnd } from "../../wire/index.js";

export interface OpenedEnd {
  readonly end: HandedEnd;
  readonly descriptor: Descriptor;
}

export interface Wanted {
  /** Identities of the ends that the CNF has. */
  readonly have: Readonly<Record<string, string>>;
  readonly packets: boolean;
  /** Only ends of these kinds. Left out: all. */
  readonly only?: readonly HandedEnd["kind"][] | undefined;
  /** Leaves a punt socket to the living process that has it. */
  readonly ifFree?: boolean | undefined;
  /** The folder of the daemon's own punt sockets: the CNF binds all others itself. */
  readonly socketDirectory: string;
}

/**
 * Opens what the CNF has not got.
 *
 * @throws PuntError of what could not be opened, such as EADDRINUSE with `ifFree`; nothing is open then
 */
export function openEnds({ interconnects }: PuntMetadata, wanted: Wanted): OpenedEnd[] {
  const opened: OpenedEnd[] = [];
  try {
    for (const [interconnect, each] of interconnects.entries()) {
      for (const { open, ...rest } of endsOf(each, wanted)) {
        const end = { ...rest, interconnect };
        if (wanted.only && !wanted.only.includes(end.kind)) continue;
        if (wanted.have[endKey(end)] !== end.identity) opened.push({ end, descriptor: open() });
      }
    }
    return opened;
  } catch (error) {
    for (const { descriptor } of opened) descriptor.close();
    throw error;
  }
}

interface End {
  readonly kind: HandedEnd["kind"];
  readonly identity: string;
  readonly folder?: string | undefined;
  open(): Descriptor;
}

function endsOf({ attachment }: InterconnectMetadata, { packets, socketDirectory, ifFree }: Wanted): End[] {
  if (attachment.kind === "memif") {
    const { socket } = attachment;
    return [{ kind: "memif", identity: fileIdentity(socket), open: () => connectMemifControl(socket) }];
  }
  if (attachment.kind === "tap") {
    const { name: device, namespace } = attachment;
    if (!packets) return [];
    const where = namespace === "" ? { device } : { device, namespace };
    const { device: file, inode } = networkNamespace(namespace || OWN_NAMESPACE);
    return [{ kind: "packets", identity: `${file}:${inode}:${device}`, open: () => openPacketSocket(where) }];
  }
  const { path, vppPath } = attachment;
  const peer = vppPath === undefined ? {} : { vppPath };
  const identity = vppPath === undefined ? "unconnected" : fileIdentity(vppPath);
  const bind = () => bindPuntSocket({ path, ...peer, replace: !ifFree });
  const socket: End[] =
    dirname(path) === socketDirectory ? [{ kind: "socket", identity, folder: folderOf(path), open: bind }] : [];
  return vppPath === undefined
    ? socket
    : [...socket, { kind: "inject", identity, open: () => connectPuntSocket(vppPath) }];
}

/** Returns a text that tells a socket of VPP from the socket of its next life. */
function fileIdentity(path: string): string {
  try {
    return fileLifeId(statSync(path, { bigint: true }));
  } catch (cause) {
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    throw new PuntError("punt.attach", code, `VPP's socket ${path} cannot be reached`, { path }, cause);
  }
}
