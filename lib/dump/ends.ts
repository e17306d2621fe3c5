// The CNF's ends of a punt, opened in its place to show packets.
import { PuntError } from "../errors.js";
import { type MacTable, wholeFrame } from "../net/index.js";
import type { PacketBatch, PortFilter } from "../packet/index.js";
import { PacketSocket } from "../packet-socket/index.js";
import { type AttachedPort, type Attachments, attach, type PuntStatus, reachOf } from "../punt/index.js";

/** A packet, and where it came from. */
export interface TakenPacket {
  /** The Ethernet frame, as `packets()` of `openPunt` has it. It is valid until the handler returns. */
  readonly bytes: Uint8Array;
  /** VPP's name of the interface that the punt has there. */
  readonly interface: string;
  /** The interconnect that it came by, from 0 on. */
  readonly interconnect: number;
}

export interface OpenEnds {
  /** Number of interconnects. */
  readonly count: number;
  /** Resolves when VPP is connected to every end: a memif that VPP alone calls up may still lose packets. */
  readonly connected: Promise<void>;
  /** Sends a frame to VPP by an interconnect. Returns false if it was lost: the ring is full, or a punt socket carries one way only. */
  send(interconnect: number, frame: Uint8Array): boolean;
  /** Packets that this program was too slow for. */
  dropped(): number;
  close(): void;
}

interface End {
  /** Absent: packets come from the start. */
  readonly connected?: Promise<unknown>;
  send(frame: Uint8Array): boolean;
  dropped(): number;
  close(): void;
}

/** The names of VPP's interfaces, and their MAC addresses. */
export interface DumpInterfaces extends MacTable {
  nameOf(swIfIndex: number): string | undefined;
}

export interface EndsOptions {
  /** The ends, if another process has handed them over: those of TAPs have `packets`. Left out: they are opened by their paths. */
  readonly attached?: Attachments | undefined;
  /** VPP's interfaces: packets of a punt socket have the index of one. */
  readonly interfaces: DumpInterfaces;
  /** The packets to hand out. Default: all. */
  readonly filter?: PortFilter | undefined;
  readonly onPacket: (packet: TakenPacket) => void;
  /** VPP refuses the connection, such as while the CNF has it. */
  readonly onRefused: (error: PuntError) => void;
}

/**
 * Opens every end of a punt and hands out its packets, in the CNF's place.
 *
 * @throws PuntError of the end that cannot be opened, such as EADDRINUSE: the CNF has the punt socket
 */
export function openEnds({ metadata, request }: PuntStatus, options: EndsOptions): OpenEnds {
  const filter = options.filter === undefined ? {} : { filter: options.filter };
  const attached = options.attached ?? attach(metadata, { memif: filter, puntSocket: filter });
  const ends: End[] = [];
  const close = () => {
    for (const end of ends) end.close();
    attached.close();
  };
  try {
    const { interfaces } = reachOf(request);
    for (const [index, port] of attached.ports.entries()) ends.push(openEnd(port, index, interfaces[index], options));
  } catch (error) {
    close();
    throw error;
  }
  return {
    count: ends.length,
    connected: Promise.all(ends.map(({ connected }) => connected)).then(() => {}),
    close,
    send: (interconnect, frame) => ends[interconnect]!.send(frame),
    dropped: () => ends.reduce((sum, end) => sum + end.dropped(), 0),
  };
}

function openEnd(port: AttachedPort, interconnect: number, name: string | undefined, options: EndsOptions): End {
  const { onPacket, onRefused, interfaces } = options;
  const own = name ?? port.interconnect.vppInterface?.name ?? "punt";
  const deliver = (batch: PacketBatch) => {
    for (let i = 0; i < batch.length; i++) onPacket({ bytes: batch.view(i), interface: own, interconnect });
  };
  if (port.kind === "af-unix") {
    const { socket } = port;
    socket.receive((batch) => {
      for (let i = 0; i < batch.length; i++) {
        const name = interfaces.nameOf(batch.swIfIndex(i));
        const { frame } = wholeFrame(batch.view(i), name, interfaces);
        onPacket({ bytes: frame, interface: name ?? `interface ${batch.swIfIndex(i)}`, interconnect });
      }
    });
    return { close: () => {}, send: () => false, dropped: () => lost(socket.stats().dropped) };
  }
  if (port.kind === "memif") {
    const { memif } = port;
    const refused = ({ reason }: { readonly reason: string }) =>
      onRefused(new PuntError("punt.attach", "ERR_REFUSED", `VPP refuses the memif connection: ${reason}`));
    memif.on("refused", refused);
    // Afterwards VPP may end a connection in the middle of its beginning, because VPP ends: the port tries again.
    memif.once("up", () => memif.off("refused", refused));
    memif.receive((batch) => deliver(batch));
    return {
      connected: new Promise((resolve) => memif.once("up", resolve)),
      close: () => {},
      send: (frame) => memif.peer !== undefined && memif.send(frame) === 1,
      dropped: () => 0,
    };
  }
  return openDevice(port, options.filter, deliver);
}

function openDevice(
  { name, namespace, packets }: Extract<AttachedPort, { kind: "tap" }> & { readonly packets?: PacketSocket },
  filter: PortFilter | undefined,
  deliver: (batch: PacketBatch) => void,
): End {
  const socket =
    packets ?? PacketSocket.open({ device: name, ...(namespace !== "" && { namespace }), ...(filter && { filter }) });
  socket.receive(deliver);
  return {
    close: () => socket.close(),
    send: (frame) => socket.send(frame) === 1,
    dropped: () => lost(socket.stats().rx.dropped),
  };
}

/** Packets that were dropped for another reason than the filter. */
function lost({ filter: _, ...causes }: Readonly<Record<string, number>>): number {
  return Object.values(causes).reduce((total, each) => total + each, 0);
}
