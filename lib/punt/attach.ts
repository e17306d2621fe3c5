// Opens the CNF's ends of a punt's interconnects, as its metadata names them.
import { PuntError } from "../errors.js";
import { Memif, type MemifOptions } from "../memif/index.js";
import { OptionCheck, show } from "../options.js";
import { PuntSocket, type PuntSocketOptions } from "../punt-socket/index.js";
import type { InterconnectMetadata, PuntMetadata } from "./metadata.js";

export interface AttachOptions {
  /** Options of memif ports. The metadata gives the others. */
  readonly memif?: Omit<MemifOptions, "role" | "socket" | "id" | "secret" | "mode">;
  /** Options of punt sockets. The metadata gives the others. */
  readonly puntSocket?: Omit<PuntSocketOptions, "path" | "vppPath">;
}

/** Checks the shape of the options; the ports check the values. @throws PuntError `ERR_OPTION` */
export function checkAttachOptions(check: OptionCheck, option: string, options: AttachOptions): void {
  check.known(options, ["memif", "puntSocket"], option);
  for (const name of ["memif", "puntSocket"] as const)
    if (options[name] !== undefined) check.object(`${option}.${name}`, options[name]);
}

/** The open end of one interconnect. */
export type AttachedPort =
  | { readonly kind: "memif"; readonly interconnect: InterconnectMetadata; readonly memif: Memif }
  | { readonly kind: "af-unix"; readonly interconnect: InterconnectMetadata; readonly socket: PuntSocket }
  | {
      /** A network device of Linux: there is nothing to open, programs use it through their sockets. */
      readonly kind: "tap";
      readonly interconnect: InterconnectMetadata;
      readonly name: string;
      /** Path of its namespace; "" for the manager's. */
      readonly namespace: string;
    };

/**
 * The CNF's ends of a punt's interconnects, in the order of its metadata.
 * @example
 * ```ts
 * import { PuntManager } from "vpp-punt";
 * import { Vpp } from "vpp-punt/binapi";
 *
 * await using vpp = await Vpp.connect();
 * await using manager = await PuntManager.start({ vpp });
 * using ends = manager.attach({ cnf: "monitor" });
 * for (const port of ends.ports) {
 *   if (port.kind === "memif") port.memif.receive((batch) => console.log(batch.length));
 *   else if (port.kind === "af-unix") port.socket.receive((batch) => console.log(batch.length));
 *   else console.log(`the packets come to the device ${port.name}`);
 * }
 * ```
 */
export class Attachments implements Disposable {
  readonly ports: readonly AttachedPort[];
  #closed = false;

  constructor(ports: readonly AttachedPort[]) {
    this.ports = ports;
  }

  /** Connects punt sockets again after VPP has restarted or moved its socket: the old connections carry nothing any more. */
  reconnect(metadata: PuntMetadata): void {
    for (const [index, port] of this.ports.entries()) {
      const attachment = metadata.interconnects[index]?.attachment;
      if (port.kind === "af-unix" && attachment?.kind === "af-unix") port.socket.reconnect(attachment.vppPath);
    }
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Closes all ends. The punt stays. */
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
 * Opens the CNF's end of each interconnect: a memif port, which reconnects by itself when VPP restarts, or the datagram socket to which
 * VPP punts packets. A TAP has nothing to open.
 *
 * @throws PuntError `ERR_INVALID_METADATA`, `ERR_OPTION`, or the error of a port that cannot be opened: the ports before it are closed
 * @example
 * ```ts
 * import { attach, PuntManager } from "vpp-punt";
 * import { Vpp } from "vpp-punt/binapi";
 *
 * const vpp = await Vpp.connect();
 * const manager = await PuntManager.start({ vpp });
 * const span = { type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth0" } as const;
 * const { metadata } = await manager.add(span, { waitFor: "CREATED" });
 * const attached = attach(metadata);
 * for (const port of attached.ports) if (port.kind === "memif") port.memif.receive((batch) => console.log(batch.length));
 * ```
 */
export function attach(metadata: Pick<PuntMetadata, "interconnects">, options: AttachOptions = {}): Attachments {
  checkAttachOptions(new OptionCheck("punt.attach"), "options", options);
  if (!Array.isArray(metadata?.interconnects)) {
    throw new PuntError(
      "punt.attach",
      "ERR_INVALID_METADATA",
      "metadata must be that of a punt, such as `status.metadata`",
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
  const attachment = interconnect?.attachment;
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
      throw new PuntError(
        "punt.attach",
        "ERR_INVALID_METADATA",
        `an interconnect has an attachment of the unknown kind ${show((attachment as { readonly kind?: unknown })?.kind)}`,
      );
  }
}
