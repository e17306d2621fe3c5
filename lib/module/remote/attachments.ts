// The CNF's ends of a punt over descriptors of the daemon, for a program that opens them once.
import type { Descriptor } from "../../descriptor/index.js";
import type { PuntError } from "../../errors.js";
import { Memif } from "../../memif/index.js";
import type { PortFilter } from "../../packet/index.js";
import { PacketSocket } from "../../packet-socket/index.js";
import {
  type AttachedPort,
  Attachments,
  type AttachOptions,
  attach,
  type InterconnectMetadata,
  type PuntStatus,
} from "../../punt/index.js";
import { PuntSocket } from "../../punt-socket/index.js";
import type { Handed, HandOverRequest } from "../handed-ends.js";

type HandOver = (request: HandOverRequest) => Promise<readonly Handed[]>;
/** Asks for the memif connections that the program lacks. */
type Ask = (have: HandOverRequest["have"]) => Promise<readonly Handed[]>;
type TapPort = Extract<AttachedPort, { kind: "tap" }>;

/** The frames of a TAP, for a program that wants them. */
export interface FrameOptions {
  readonly filter?: PortFilter;
}

/** How long to wait before memif connections that are lost are asked for again. */
const RETRY_MS = 200;
/** VPP has no socket yet: it restarts, or the punt is not made. */
const ABSENT = new Set(["ENOENT", "ECONNREFUSED"]);

/**
 * Opens the ends over descriptors of the daemon. With `frames`, the ports of TAPs have `packets`, a packet socket. While VPP is away, the
 * paths of the metadata are opened, which wait for it.
 *
 * @throws PuntError of the daemon; EADDRINUSE: another program has the punt socket; of a port
 */
export async function attachHanded(
  { metadata }: PuntStatus,
  options: AttachOptions,
  handOver: HandOver,
  frames?: FrameOptions,
): Promise<Attachments> {
  const only = ["memif", "socket", ...(frames ? (["packets"] as const) : [])] as const;
  const request = { packets: frames !== undefined, only, ifFree: true };
  let handed: readonly Handed[];
  try {
    handed = await handOver({ ...request, have: {} });
  } catch (error) {
    if (ABSENT.has((error as PuntError).code)) return attach(metadata, options);
    throw error;
  }
  const descriptors = new Map(handed.map(({ interconnect, descriptor }) => [interconnect, descriptor]));
  const ports: AttachedPort[] = [];
  try {
    for (const [index, interconnect] of metadata.interconnects.entries())
      ports.push(open(interconnect, descriptors.get(index), options, frames));
    return new HandedAttachments(ports, handed, (have) => handOver({ have, packets: false, only: ["memif"] }));
  } catch (error) {
    new Attachments(ports).close();
    for (const { descriptor } of handed) descriptor.close();
    throw error;
  }
}

function open(
  interconnect: InterconnectMetadata,
  descriptor: Descriptor | undefined,
  options: AttachOptions,
  frames: FrameOptions | undefined,
): AttachedPort {
  const { attachment } = interconnect;
  if (!descriptor) return attach({ interconnects: [interconnect] }, options).ports[0]!;
  if (attachment.kind === "memif") {
    const { id, secret } = attachment;
    const memif = Memif.open({ ...options.memif, role: "client", mode: "ethernet", id, secret, descriptor });
    return { kind: "memif", interconnect, memif };
  }
  if (attachment.kind === "tap") {
    const packets = PacketSocket.open({ ...frames, descriptor });
    return { ...attachment, interconnect, packets } as TapPort;
  }
  const { mode: _mode, group: _group, ...tuning } = options.puntSocket ?? {};
  return { kind: "af-unix", interconnect, socket: PuntSocket.open({ ...tuning, descriptor }) };
}

/** Ends whose memifs come back after a restart of VPP: each connection needs a descriptor of its own. */
class HandedAttachments extends Attachments {
  readonly #ask: Ask;
  readonly #identities: Map<string, string>;
  /** Indexes of the memifs that the program has closed by itself. */
  readonly #over = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: readonly AttachedPort[], handed: readonly Handed[], ask: Ask) {
    super(ports);
    this.#ask = ask;
    this.#identities = new Map(handed.map(({ kind, interconnect, identity }) => [`${kind}/${interconnect}`, identity]));
    // VPP may also end a connection before its handshake is over.
    const onLost = () => this.#askLater();
    for (const port of ports) if (port.kind === "memif") port.memif.on("down", onLost).on("refused", onLost);
  }

  override close(): void {
    clearTimeout(this.#timer);
    super.close();
  }

  #askLater(): void {
    clearTimeout(this.#timer);
    if (this.isClosed || this.#lost().length === 0) return;
    this.#timer = setTimeout(() => void this.#reconnect().finally(() => this.#askLater()), RETRY_MS).unref();
  }

  /** Indexes of the memifs without a connection. */
  #lost(): number[] {
    return this.ports.flatMap((port, index) =>
      port.kind === "memif" && !port.memif.peer && !this.#over.has(index) ? [index] : [],
    );
  }

  /** Whether VPP has not ended the handshake yet, which takes it longer when it is busy. */
  #isConnecting(index: number): boolean {
    const port = this.ports[index];
    return port?.kind === "memif" && port.memif.isConnecting;
  }

  async #reconnect(): Promise<void> {
    const lost = this.#lost();
    // The connection that was handed over last may have come up by now.
    if (lost.length === 0) return;
    for (const index of lost) if (!this.#isConnecting(index)) this.#identities.delete(`memif/${index}`);
    // The daemon or VPP is away: the next attempt may succeed.
    const handed = await this.#ask(Object.fromEntries(this.#identities)).catch(() => []);
    for (const { kind, interconnect, identity, descriptor } of handed) {
      const port = this.ports[interconnect];
      if (this.isClosed || port?.kind !== "memif") {
        descriptor.close();
        continue;
      }
      this.#identities.set(`${kind}/${interconnect}`, identity);
      try {
        port.memif.reconnect(descriptor);
      } catch (error) {
        // The other memifs go on. A memif that the program has not closed is requested again.
        if ((error as PuntError).code === "ERR_CLOSED") this.#over.add(interconnect);
      }
    }
  }
}
