// Native functions for descriptors, namespaces and packet sockets: the part of lib/native.ts that concerns only Linux.

import type { NativeFiltered } from "./filter.js";

export type * from "./filter.js";

/** An open descriptor and its owner (native/descriptor/descriptor.h). Closed at the latest when it is collected. */
export interface NativeDescriptor {
  /** -1 once released or closed. */
  number(): number;
  release(): number;
  duplicate(): NativeDescriptor;
  close(): void;
}

/** A connected UNIX stream socket (native/descriptor/passing_socket.h). A negative result is -errno. */
export interface NativePassingSocket {
  number(): number;
  /** Reads into `into` from `start` on: how much; 0 at the end. Appends what was passed, which are `most` at most. */
  receive(into: Uint8Array, start: number, passed: NativeDescriptor[], most: number): number;
  /** Writes `from` from `start` on: how much of it the kernel took, and all of `descriptors` with the first byte. */
  send(from: Uint8Array, start: number, descriptors: Int32Array): number;
  /** Calls back while there is something to read (1), room to write (2), or either (3). */
  watch(events: number): void;
  close(): void;
}

/** A UNIX stream or sequenced-packet socket that listens (native/descriptor/listener.h). */
export interface NativePassingListener {
  watch(wanted: boolean): void;
  setRef(ref: boolean): void;
  close(): void;
}

/** Where a socket file is made. `group`: the group's number; -1 leaves the process's. */
export interface NativeSocketFile {
  path: string;
  mode: number;
  group: number;
}

/** How a packet socket's ring is set up, checked by lib/packet-socket/options.ts. */
export interface NativePacketSocketOptions {
  /** Empty: the device that the socket is bound to. */
  device: string;
  blockBytes: number;
  blocks: number;
  retireMs: number;
}

/** Counters since the socket was opened. */
export interface NativePacketSocketStats {
  packets: number;
  bytes: number;
  batches: number;
  droppedRingFull: number;
  droppedTooLong: number;
  droppedFilter: number;
  freezes: number;
  vlanTags: number;
  checksums: number;
  segmented: number;
}

/** A packet socket with a receive ring (native/packet_socket/packet_socket.cc). */
export interface NativePacketSocket extends NativeFiltered {
  /** Bursts go to the callback from now on. */
  start(): void;
  stop(): void;
  setRef(ref: boolean): void;
  /** Calls back once when there is room to send. */
  watchRoom(): void;
  close(): void;
  /** Describes the next burst in the table; returns the number of packets. The last burst is over. */
  pull(): number;
  /** A new ArrayBuffer over the ring; null where external memory is refused, undefined once closed. */
  memory(): ArrayBuffer | null | undefined;
  /** Sends `count` frames of the table from the index `from` on: how many were accepted; if none, a negative errno value. */
  send(bytes: Uint8Array, offsets: Uint32Array, lengths: Uint32Array, from: number, count: number): number;
  /** Looks at the device, and follows it to its successor. */
  link(): "up" | "down" | "gone";
  name(): string;
  stats(): NativePacketSocketStats;
}

/** The addon's part that is declared here. */
export interface LinuxAddon {
  Descriptor: new (fd: number) => NativeDescriptor;
  PassingSocket: new (connected: NativeDescriptor, onReady: () => void) => NativePassingSocket;
  PassingListener: new (
    /** `sequenced`: a SOCK_SEQPACKET socket, as VPP's stats socket is. */
    file: NativeSocketFile & { sequenced?: boolean },
    /** The connection, or the name of the error that keeps it from being accepted. */
    onConnection: (connection: NativeDescriptor | string) => void,
  ) => NativePassingListener;
  peerCredentials(fd: number): { pid: number; uid: number; gid: number; groups: number[] };
  /** Undefined where the kernel has none, or when the peer has ended. */
  peerPidfd(fd: number): NativeDescriptor | undefined;
  processIsAlive(pidfd: number): boolean;
  /** False once the other end of a pipe or a socket is closed. */
  hasReader(fd: number): boolean;
  /** Senders that pass descriptors to the socket, or to a connection that it accepts, get EPERM. Does nothing before Linux 6.16. */
  refuseDescriptors(fd: number): void;
  /** Locks the whole file for the open file description of `fd`; false when another has it. */
  lockDescriptor(fd: number): boolean;
  /** Does not wait: EAGAIN when the listener's queue is full. `op` is for the error. */
  connectUnix(op: string, path: string, type: "stream" | "seqpacket" | "dgram"): NativeDescriptor;
  /** The file stays. An empty `vppPath` leaves the socket unconnected. */
  bindDatagram(options: NativeSocketFile & { vppPath: string }): NativeDescriptor;
  /** Removes the file of a datagram socket that no process has. EADDRINUSE: a process has it. Nothing there is no error. */
  removeStaleDatagram(path: string): void;
  /** Takes a UNIX datagram socket of another process, by its number there and its inode. */
  takeDescriptor(pid: number, number: number, inode: number): NativeDescriptor;
  /** How many datagrams, and how many bytes, wait in a queue that no other process reads at that time. */
  queueLength(fd: number): [datagrams: number, bytes: number];
  /** Discards what waits, and has the kernel refuse further datagrams. Returns how many datagrams it has discarded. */
  blockDatagrams(fd: number): number;
  /** Connects it to VPP's punt socket again; with "", or without VPP, it has no peer. */
  unblockDatagrams(fd: number, vppPath: string): void;
  /** A packet socket of the device, in the namespace behind a descriptor; -1: in this one. */
  openPacketSocket(device: string, namespace: number): NativeDescriptor;
  /** Opens the file for reading, without waiting for a peer. `op` is for the error. */
  openPath(op: string, path: string): NativeDescriptor;
  /** Device and inode of the network namespace; undefined when the descriptor is of something else. */
  networkNamespace(fd: number): [bigint, bigint] | undefined;
  /** Moves the device from a namespace (-1: this one) into another; an empty `newName` keeps its name. */
  moveDevice(name: string, from: number, to: number, newName: string): void;
  /** Returns the devices of a namespace (-1: this one) that have their transmit checksum offload on. */
  devicesWithChecksumOffload(names: readonly string[], namespace: number): string[];
  setChecksumOffload(name: string, namespace: number, on: boolean): void;
  PacketSocket: new (
    bound: NativeDescriptor,
    options: NativePacketSocketOptions,
    columns: Uint32Array,
    onBurst: (count: number) => void,
    onRoom: () => void,
    /** The device went down, or away. */
    onLink: () => void,
  ) => NativePacketSocket;
}
