// The only file that loads the addon. Every native type is declared here, or beside it in lib/native/.
import { createRequire } from "node:module";
import { PuntError } from "./errors.js";
import type { FilterAddon, LinuxAddon, NativeDescriptor, NativeFiltered } from "./native/index.js";
import { packageFile } from "./package-root.js";

export type * from "./native/index.js";

/** Facts about the build of the loaded binary (native/build_info.cc). */
export interface NativeBuildInfo {
  /** True for a binary built to run on any glibc from 2.31, which is how prebuilds are made. */
  portable: boolean;
  compiler: string;
  napiVersion: number;
  /** Whether VPP's library was linked in. */
  libmemif: boolean;
  vapi: boolean;
  /** Whether that libvapiclient speaks over the API socket too, as it does since VPP 24.06. */
  vapiSocket: boolean;
  /** JSON: per library, the places its build looked in and what it found: `[{ where, result }]`. */
  looked: string;
  libmemifVersion?: string;
}

/** Settings of a memif port, checked by lib/memif/options.ts. */
export interface NativeMemifSettings {
  server: boolean;
  socket: string;
  id: number;
  /** 0 Ethernet, 1 IP. */
  mode: number;
  secret: string;
  name: string;
  rxQueues: number;
  txQueues: number;
  log2RingSize: number;
  bufferSize: number;
  spareBuffers: number;
  /** Permissions of the socket file; -1 leaves them to umask. */
  socketMode: number;
  reconnectMs: number;
  /** Over the system's libmemif, which must be in this build. */
  libmemif: boolean;
}

export interface NativeMemifEvent {
  type: "up" | "down" | "refused";
  peer: string;
  peerInterface: string;
  rxQueues: number;
  txQueues: number;
  sealed: boolean;
  by: "peer" | "violation" | "self";
  reason: string;
}

/** The memory of a queue, which native code fills. It is kept for as long as the queue is open. */
export interface NativeMemifQueueOptions {
  /** Offsets and lengths, `capacity` 32-bit cells each. */
  table: ArrayBuffer;
  capacity: number;
  /**
   * Set by `burst` and `reserve`: index of the memory that the packets lie in, number of the connection (0: none). A receive queue has a
   * third cell: packets of the burst, those included that a filter has decided about.
   */
  state: Uint32Array;
}

export interface NativeMemifRxOptions extends NativeMemifQueueOptions {
  /** 0 interrupt, 1 polling, 2 adaptive. */
  mode: number;
  /** Copy every packet into memory of JavaScript's. */
  copy: boolean;
  /** A burst has come (not in polling mode); its buffers go back when this returns. */
  onBurst(count: number): void;
}

export interface NativeMemifRx extends NativeFiltered {
  /** Packets for JavaScript. */
  burst(max: number): number;
  /** Packets that the filter has sent to the bounding target, that found no room there, and that it has dropped, in this thread. */
  filterStats(): { passed: number; refused: number; dropped: number };
  release(): void;
  /** A new ArrayBuffer over one memory of the current connection; undefined when there is none. */
  memory(index: number): ArrayBuffer | undefined;
  /** A transmit queue that this thread has opened, by its port's key, as a number for the two below; undefined: the port is closed. */
  addTarget(key: number, queue: number): number | undefined;
  /** A burst takes no more slots than the target has free ones. */
  boundBy(target: number): void;
  /** Sends the packets of the last burst that have `mark` in `marks` on a target; returns how many. */
  passOn(target: number, marks: Uint8Array, count: number, mark: number): number;
  /** A packet of the last burst kept in place; or why not: 1 scattered or copied, 2 none to spare, 3 kept already. */
  retain(index: number): { buffer: ArrayBuffer; token: bigint } | number;
  giveBack(token: bigint): void;
  /** Gives the queue up. */
  close(): void;
}

export interface NativeMemifTx {
  /** Describes free slots in the table, all in one memory; returns how many. */
  reserve(max: number): number;
  /** Sends the first `count` of them with the lengths in the table; returns `count`, or the index of a length that does not fit. */
  commit(count: number, ringNow: boolean): number;
  /** Copies a packet into one or more slots and sends it: 0 done, 1 ring full, 2 not connected. */
  append(packet: Uint8Array, ringNow: boolean): number;
  /** The same with the first `count` packets of a BatchTable; returns how many. */
  appendTable(bytes: Uint8Array, table: ArrayBuffer, count: number, ringNow: boolean): number;
  /** Copies the packet into the first `count` slots of the last `reserve`; returns `count`, or the first slot that is too short. */
  fill(packet: Uint8Array, count: number): number;
  ringDoorbell(): void;
  freeSlots(): number;
  /** Whether the ring, as it is now, can't hold a packet of so many bytes even when it is empty. */
  isTooLong(bytes: number): boolean;
  countRefused(packets: number): void;
  /** Gives the queue up. */
  close(): void;
  memory(index: number): ArrayBuffer | undefined;
}

export interface NativeMemifRxStats {
  packets: number;
  bytes: number;
  bursts: number;
  chained: number;
  copied: number;
  droppedOversize: number;
  droppedEmpty: number;
  droppedFilter: number;
  lost: number;
  wakeups: number;
}

export interface NativeMemifTxStats {
  packets: number;
  bytes: number;
  bursts: number;
  doorbells: number;
  refused: number;
  unconsumed: number;
}

export interface NativeMemifStats {
  rx: NativeMemifRxStats[];
  tx: NativeMemifTxStats[];
  connects: number;
  disconnects: number;
  violations: number;
  refused: number;
}

export interface NativeMemifPort {
  /** Names the port to other threads; no other process has a port of this number. */
  readonly key: number;
  readonly rxQueues: number;
  readonly txQueues: number;
  /** Slots that the port asks for. */
  readonly ringSize: number;
  /** False where ArrayBuffers over foreign memory are refused. */
  readonly zeroCopyAllowed: boolean;
  /** Undefined when the queue is open already, here or in another thread. */
  openRx(index: number, options: NativeMemifRxOptions): NativeMemifRx | undefined;
  openTx(index: number, options: NativeMemifQueueOptions): NativeMemifTx | undefined;
  stats(): NativeMemifStats;
  /** As client without `socket`: takes over a control socket that is connected to a server. */
  adopt(control: NativeDescriptor): void;
  setRef(ref: boolean): void;
  close(): void;
}

/** The device or socket under a frame port of the embedded VPP. */
export interface NativeSimFramePortOptions {
  /** `punt`: a datagram socket at path `name`. `tap`, `tun`: that new host interface. `packet`: that existing one. */
  kind: "punt" | "tap" | "tun" | "packet";
  name: string;
  /** Path of the network namespace a TAP is made in; "": this one. */
  netns: string;
  /** SO_SNDBUF of a punt socket. */
  sendBuffer: number;
}

/** Frames in bursts over one descriptor (native/sim/frame_port.h). */
export interface NativeSimFramePort {
  name(): string;
  ifIndex(): number;
  /** Calls `onBurst` with the number of frames that have been put into the slots of `slab`, one length each. */
  start(slab: Uint8Array, lengths: Uint32Array, slotSize: number, onBurst: (count: number) => void): void;
  addPeer(path: string): number;
  /** `table`: offset in `arena`, length and peer of each frame; `accepted`: 1 for each that the kernel took. */
  send(arena: Uint8Array, table: Uint32Array, count: number, accepted: Uint8Array): number;
  unref(): void;
  close(): void;
}

/** A connected stream socket to VPP's binary API (native/api_socket). Sizes are bytes; a negative result is -errno. */
export interface NativeApiSocket {
  /** Reads into `start`..`end` of `into`: how much; 0 at the end of the stream. */
  read(into: Uint8Array, start: number, end: number): number;
  /** Writes `start`..`end` of `from`: how much of it the kernel took. */
  write(from: Uint8Array, start: number, end: number): number;
  /** Whether `onReady` is wanted for room to write, too. */
  watch(bytes: boolean, room: boolean): void;
  close(): void;
}

/** Options as native/punt_socket/punt_socket.cc reads them: checked, complete. */
export interface NativePuntSocketOptions {
  path: string;
  mode: number;
  /** The group's number; undefined leaves the process's. */
  group: number | undefined;
  /** Empty: stay unconnected. */
  vppPath: string;
  batchSize: number;
  maxPacket: number;
  /** 1 MiB each. */
  ringSlabs: number;
  /** SO_SNDBUF; 0 leaves the system's. */
  sendBuffer: number;
  /** How long JavaScript may leave packets unread before the native thread reads them; 0: as VPP's send buffer allows. */
  takeOverUs: number;
  gatherUs: number;
  /** Copy bursts even where external memory is allowed. */
  copy: boolean;
}

/** Counters since the socket was opened. */
export interface NativePuntSocketStats {
  packets: number;
  bytes: number;
  batches: number;
  drained: number;
  droppedRingFull: number;
  droppedPaused: number;
  droppedTooLong: number;
  droppedMalformed: number;
  droppedFilter: number;
  backlogBytes: number;
  connects: number;
  /** Name of the error that keeps it from being connected to VPP. */
  connectError: string | undefined;
}

/** A receiving punt socket (native/punt_socket/punt_socket.cc). */
export interface NativePuntSocket extends NativeFiltered {
  /** Bursts go to the callback from now on. */
  start(): void;
  stop(): void;
  /** Native code reads, discards and counts packets from now on. */
  pause(): void;
  resume(): void;
  setRef(ref: boolean): void;
  close(): void;
  /** Describes the next burst in the table and the location; returns the number of packets. The last burst is over. */
  pull(): number;
  /** The memory of the current burst's slab. */
  memory(): ArrayBuffer;
  /** Connects to the socket now at VPP's path, or at another path. Returns the name of the error, if any. */
  reconnect(vppPath: string | undefined): string | undefined;
  /** Sends one packet by name, as VPP does. Returns the name of the error, if any. */
  sendTo(path: string, swIfIndex: number, action: number, packet: Uint8Array): string | undefined;
  /** undefined once closed. */
  stats(): NativePuntSocketStats | undefined;
}

/** Sends packets to VPP (native/punt_socket/injector.cc). */
export interface NativePuntInjector {
  connect(): string | undefined;
  /** 1, or a negative errno value. */
  send(action: number, swIfIndex: number, packet: Uint8Array): number;
  /** Sends the first `count` of the staged packets: how many were accepted; if none, a negative errno value. */
  sendMany(action: number, swIfIndex: number, count: number): number;
  /** Calls back once when VPP's queue has room. */
  watchRoom(): void;
  close(): void;
}

/** libvapiclient as the other end of a socket pair (native/vapi); only where the build found it. */
export interface NativeVapiBridge {
  /** Starts it; returns this side's socket. It speaks the protocol of VPP's API socket there. */
  start(): number;
  /** Why it could not connect, or why the connection has ended. */
  failure(): { code: string; message: string } | undefined;
  /** The id of a message such as "show_version_51077d14"; -1 if VPP has none. */
  lookup(key: string): number;
}

/** VPP's statistics segment (native/stats/segment.h). A negative result is -errno; EBADF once closed. */
export interface NativeStatsSegment {
  /** Whether VPP's process has ended; undefined where the kernel does not say (Linux before 6.5). */
  hasEnded(): boolean | undefined;
  /** VPP's process id; 0 if VPP runs in another pid namespace. */
  pid(): number;
  /** Bytes of the segment. */
  size(): number;
  /** Reads at most `length` bytes at `offset` to the start of `into`; returns how many. */
  read(into: Uint8Array, length: number, offset: number): number;
  close(): void;
}

interface Addon extends LinuxAddon, FilterAddon {
  initialize(errorClass: typeof PuntError): void;
  memifOpen(settings: NativeMemifSettings, onEvent: (event: NativeMemifEvent) => void): NativeMemifPort;
  /** Gives two client ports one memory; they connect again. */
  memifShare(keyA: number, keyB: number): void;
  /** Undefined when the port is closed. */
  memifAttach(key: number, onEvent: (event: NativeMemifEvent) => void): NativeMemifPort | undefined;
  /** Every view on it is empty from now on. */
  detachArrayBuffer(buffer: ArrayBuffer): void;
  /** `endpoint`: prefix of shared memory, or path of the API socket. `keys`: what the message table is to list. */
  VapiBridge?: new (
    endpoint: string,
    sharedMemory: boolean,
    keys: readonly string[],
  ) => NativeVapiBridge;
  /** Connects to the socket at `path`, or takes over a connected one's fd. `onReady` is called when there is something to read (the end, too), or room to write; `broken`: for the last time, as the peer is gone. */
  ApiSocket: new (
    path: string | number,
    onReady: (writable: boolean, broken: boolean) => void,
  ) => NativeApiSocket;
  buildInfo(): NativeBuildInfo;
  PuntSocket: new (
    options: NativePuntSocketOptions,
    columns: Uint32Array,
    /** Of the current burst: [slab, 1 if memory() was a copy]. */
    location: Uint32Array,
    onBurst: (count: number) => void,
    /** A bound socket to take over. */
    adopted?: NativeDescriptor,
  ) => NativePuntSocket;
  PuntInjector: new (
    vppPath: string,
    onRoom: () => void,
    /** 64 slots of equal size, each for the 8-byte descriptor and a packet of at most 2048 bytes. */
    staging: Uint8Array,
    /** Of the packets in the slots. */
    lengths: Uint32Array,
    /** A connected socket to take over; `vppPath` is empty then. */
    adopted?: NativeDescriptor,
  ) => NativePuntInjector;
  /** The number of a group; undefined if the system does not know it. @throws PuntError an errno name: the system cannot tell */
  groupId(op: string, name: string): number | undefined;
  /** Makes a folder of mkdtemp's template; returns its path, or -errno. It is removed at the end of the environment (native/sim/own_folders.h). */
  makeOwnFolder(template: string): string | number;
  removeOwnFolder(path: string): void;
  SimFramePort: new (options: NativeSimFramePortOptions) => NativeSimFramePort;
  /** Asks VPP at its stats socket for the shared memory of its statistics. */
  fetchStatsSegment(path: string): Promise<NativeStatsSegment>;
}

const require = createRequire(import.meta.url);

function load(): Addon | PuntError {
  try {
    return require("node-gyp-build")(packageFile());
  } catch (cause) {
    const hint =
      "no binary of this package fits here; `npm rebuild vpp-punt --foreground-scripts` compiles one and says what it needs (npm 11.16 and newer: `npm approve-scripts vpp-punt` first)";
    const message = `${hint} (linux ${process.arch}, Node ${process.version}): ${(cause as Error).message.trim()}`;
    return new PuntError("load", "ERR_ADDON_UNAVAILABLE", message, undefined, cause);
  }
}

/** Stands in for an addon that could not be loaded: every use throws the reason. */
function unavailable(problem: PuntError): Addon {
  return new Proxy({} as Addon, {
    get() {
      throw problem;
    },
  });
}

const loaded = load();

/** The reason why the addon could not be loaded; undefined if it is loaded. */
export const addonProblem: PuntError | undefined = loaded instanceof PuntError ? loaded : undefined;

/** The addon. If it could not be loaded, every use of it throws `addonProblem`. */
export const native: Addon = loaded instanceof PuntError ? unavailable(loaded) : loaded;
if (addonProblem === undefined) native.initialize(PuntError);
