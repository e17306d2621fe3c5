// The CNF's end of one interconnect, whatever it is: listening to it, and closing it.

import { networkNamespace, openNamespace } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import type { Memif } from "../memif/index.js";
import type { PacketBatch } from "../packet/index.js";
import { PacketSocket } from "../packet-socket/index.js";
import type { AttachedPort, AttachOptions, PuntStatus } from "../punt/index.js";
import type { PuntAction } from "../punt-socket/index.js";
import type { Responder } from "../responder/index.js";
import type { CnfAnswerOptions } from "./answers.js";

/** The namespaces of packet sockets that were opened by paths. */
const inodes = new WeakMap<PacketSocket, bigint>();

/** Of memif ports that are not connected: why VPP refuses them, or why its socket cannot be reached. */
const refusals = new WeakMap<Memif, string>();

/** Tells `onChange` of each change of a memif port's connection, and keeps VPP's refusal for `objection`. */
export function followMemif(memif: Memif, onChange: () => void): void {
  memif.on("refused", ({ reason }) => {
    refusals.set(memif, reason);
    onChange();
  });
  memif.on("up", () => {
    refusals.delete(memif);
    onChange();
  });
  memif.on("down", onChange);
}

type TapPort = Extract<AttachedPort, { kind: "tap" }>;

/** An open end. */
export type CnfPort =
  | Exclude<AttachedPort, TapPort | { kind: "memif" }>
  | (Extract<AttachedPort, { kind: "memif" }> & {
      /** Answers ARP, neighbor discovery and ping, where the program asks for that. */
      readonly responder?: Responder;
    })
  | (TapPort & {
      /** The TAP's frames, once the program has asked for packets; undefined before. */
      readonly packets?: PacketSocket;
    });

/** Gets a burst. The batch is valid until the handler returns; `interconnect` is its index in the punt's metadata. */
export type BatchHandler = (batch: PacketBatch, interconnect: number) => void;

/** Names and indexes of VPP's interfaces. */
export interface InterfaceNames {
  /** How many there are; 0 while VPP is away or not read yet. */
  readonly size: number;
  find(name: string): { readonly swIfIndex: number; readonly mac?: string } | undefined;
  has(swIfIndex: number): boolean;
  nameOf(swIfIndex: number): string | undefined;
}

export interface EndHooks {
  readonly interfaces: InterfaceNames;
  readonly options: AttachOptions;
  /** Undefined: the program answers by itself. */
  readonly answers: CnfAnswerOptions | undefined;
  /** An end was connected or lost its connection. */
  onChange(): void;
  /** An end could not be opened; it is tried again. Undefined: all are open. */
  onProblem(error: unknown): void;
}

export interface SendPlace {
  readonly interconnect: number;
  readonly swIfIndex?: number;
  /** The action of VPP on the packet of a punt socket. Default: VPP sends the frame out of the interface. */
  readonly action?: PuntAction;
}

/** The CNF's ends of a punt's interconnects: open as long as the punt, whatever happens to VPP and the daemon. */
export interface CnfEnds {
  /** In the order of the punt's metadata; empty until they are open. */
  readonly ports: readonly CnfPort[];
  /** Makes the ends what the status says. `isNew`: VPP may have made the punt again. */
  update(status: PuntStatus, isNew: boolean): void;
  /** Texts for the ends that are not connected. */
  unconnected(): string[];
  /** Until the first handler comes packets wait: in the memif ring, or in the socket's slabs. */
  receive(handler: BatchHandler | undefined): void;
  /** Sends a frame; false when there is no room, or no VPP, or the end is not open. @throws PuntError see `PuntInjector.inject` */
  send(frame: Uint8Array, place: SendPlace): boolean;
  close(): void;
}

/** Passes the bursts of a port on. Those of a punt socket come until it is closed. */
export function listen(port: CnfPort, onBatch: (batch: PacketBatch) => void): void {
  if (port.kind === "memif") (port.responder ?? port.memif).receive(onBatch);
  else if (port.kind === "tap") port.packets?.receive(onBatch);
  else port.socket.receive(onBatch);
}

/** Why an end is not connected; undefined if it is. `wantsFrames`: the program wants those of TAPs, too. */
export function objection(
  port: CnfPort,
  index: number,
  { interfaces }: EndHooks,
  wantsFrames: boolean,
): string | undefined {
  if (port.kind === "tap") {
    if (!wantsFrames || (port.packets && port.packets.link !== "gone")) return undefined;
    return `interconnect ${index}: ${port.packets ? "the TAP is gone" : "the TAP's packet socket is not open yet"}`;
  }
  if (port.kind === "memif") {
    const refusal = refusals.get(port.memif);
    const whose = refusal === "already connected" ? ": another program has the memif" : "";
    const why = refusal === undefined ? "" : `, which refuses the connection (${refusal})${whose}`;
    return port.memif.peer ? undefined : `interconnect ${index}: memif is not connected to VPP${why}`;
  }
  if (interfaces.size === 0) return `interconnect ${index}: VPP's interfaces are not known yet`;
  const { connected, connectError } = port.socket.stats();
  return connected ? undefined : `interconnect ${index}: the punt socket is not connected to VPP (${connectError})`;
}

export function closePort(port: CnfPort): void {
  if (port.kind === "memif") port.memif.close();
  else if (port.kind === "tap") port.packets?.close();
  else port.socket.close();
}

/** Returns the counters of a port; undefined while a TAP's frames are not open. */
export function portStats(port: CnfPort) {
  if (port.kind === "memif") return port.memif.stats();
  return port.kind === "tap" ? port.packets?.stats() : port.socket.stats();
}

/** Opens the frames of a TAP. Needs CAP_NET_RAW, and CAP_SYS_ADMIN in another namespace. @throws PuntError ENODEV, EPERM */
export function withPackets(port: TapPort): TapPort & { readonly packets: PacketSocket } {
  const { name: device, namespace: path } = port;
  if (path === "") return { ...port, packets: PacketSocket.open({ device }) };
  const namespace = openNamespace(path);
  try {
    const packets = PacketSocket.open({ device, namespace });
    inodes.set(packets, networkNamespace(namespace).inode);
    return { ...port, packets };
  } finally {
    namespace.close();
  }
}

/**
 * Sends a frame of a TAP; false without room, or without the TAP.
 *
 * @throws PuntError ERR_PACKET_SIZE: it has no Ethernet header, or is longer than the MTU allows
 */
export function sendToTap(packets: PacketSocket | undefined, frame: Uint8Array): boolean {
  const before = packets?.unfit;
  const isTaken = packets?.send(frame) === 1;
  if (packets?.unfit === before) return isTaken;
  const message = `a frame of ${frame.length} bytes has no Ethernet header, or is longer than the MTU of ${packets!.device} allows`;
  throw new PuntError("cnf.send", "ERR_PACKET_SIZE", message, { length: frame.length });
}

/** Whether a TAP has come back in another namespace, where its packet socket does not follow it. */
export function isElsewhere(packets: PacketSocket, namespace: string): boolean {
  const inode = inodes.get(packets);
  if (packets.link !== "gone" || inode === undefined) return false;
  try {
    return networkNamespace(namespace).inode !== inode;
  } catch {
    return false;
  }
}
