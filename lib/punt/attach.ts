// Opens what a punt's metadata names: the CNF's end of its interconnects.
import { PuntError } from "../errors.js";
import { Memif, type MemifOptions } from "../memif/index.js";
import { PuntSocket, type PuntSocketOptions } from "../punt-socket/index.js";
import type { InterconnectMetadata, PuntMetadata } from "./metadata.js";

export interface AttachOptions {
  /** Options for memif ports but those the metadata says. */
  readonly memif?: Omit<MemifOptions, "role" | "socket" | "id" | "secret" | "mode">;
  /** Options for punt sockets but those the metadata says. */
  readonly puntSocket?: Omit<PuntSocketOptions, "path" | "vppPath">;
}

/** The open end of one interconnect. */
export type AttachedPort =
  | { readonly kind: "memif"; readonly interconnect: InterconnectMetadata; readonly memif: Memif }
  | { readonly kind: "af-unix"; readonly interconnect: InterconnectMetadata; readonly socket: PuntSocket }
  | {
      /** A device of Linux, which has it open: programs use it through their sockets. */
      readonly kind: "tap";
      readonly interconnect: InterconnectMetadata;
      readonly name: string;
      /** Path of the namespace it is in; "" for the manager's. */
      readonly namespace: string;
    };

/** The CNF's ends of a punt's interconnects, in the order of its metadata. */
export class Attachments implements Disposable {
  readonly ports: readonly AttachedPort[];
  #closed = false;

  constructor(ports: readonly AttachedPort[]) {
    this.ports = ports;
  }

  /** VPP has a new punt socket, or the same under a new life of it: sockets connected to the old one get nothing any more. */
  reconnect(metadata: PuntMetadata): void {
    for (const [index, port] of this.ports.entries()) {
      const attachment = metadata.interconnects[index]?.attachment;
      if (port.kind === "af-unix" && attachment?.kind === "af-unix") port.socket.reconnect(attachment.vppPath);
    }
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const port of this.ports) {
      if (port.kind === "memif") port.memif.close();
      else if (port.kind === "af-unix") port.socket.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens the CNF's end of each interconnect: a memif port (which comes back by itself when VPP restarts), or the datagram socket
 * that packets are punted to. There is nothing to open of a TAP.
 *
 * @throws PuntError `ERR_INVALID_METADATA`, or of the port that cannot be opened; those opened before it are closed
 */
export function attach(metadata: Pick<PuntMetadata, "interconnects">, options: AttachOptions = {}): Attachments {
  if (!Array.isArray(metadata?.interconnects)) {
    throw new PuntError(
      "punt.attach",
      "ERR_INVALID_METADATA",
      "a punt's metadata is expected, as `status.metadata` has it",
    );
  }
  const ports: AttachedPort[] = [];
  try {
    for (const interconnect of metadata.interconnects) ports.push(open(interconnect, options));
  } catch (error) {
    new Attachments(ports).close();
    throw error;
  }
  return new Attachments(ports);
}

function open(interconnect: InterconnectMetadata, options: AttachOptions): AttachedPort {
  const { attachment } = interconnect;
  switch (attachment?.kind) {
    case "memif": {
      const { socket, id, secret } = attachment;
      const memif = Memif.open({ ...options.memif, role: "client", mode: "ethernet", socket, id, secret });
      return { kind: "memif", interconnect, memif };
    }
    case "af-unix": {
      const { path, vppPath } = attachment;
      const where = vppPath === undefined ? { path } : { path, vppPath };
      return { kind: "af-unix", interconnect, socket: PuntSocket.open({ ...options.puntSocket, ...where }) };
    }
    case "tap":
      return { kind: "tap", interconnect, name: attachment.name, namespace: attachment.namespace };
    default:
      throw new PuntError("punt.attach", "ERR_INVALID_METADATA", `unknown attachment ${JSON.stringify(attachment)}`);
  }
}
