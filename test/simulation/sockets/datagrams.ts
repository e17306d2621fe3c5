// UNIX datagram sockets: VPP's punt socket, the punt sockets of CNFs with their files, and the sockets of injectors.
import type { NativePuntInjector, NativePuntSocket, NativePuntSocketStats } from "../../../lib/native.js";
import type { Party } from "../world/schedule.js";
import { type Handle, OpenFile, type OpenFiles, type Port, refusal } from "./open-files.js";

/** How often a socket that was opened by its path looks whether VPP has another socket. */
const FOLLOW_MS = 1_000;

export class DatagramSocket extends OpenFile {
  /** Where it receives; "" for one without a file. */
  path = "";
  #file: bigint | undefined;
  /** The peer that it is connected to, from which alone Linux takes datagrams; "blocked": it takes none. */
  peer: DatagramSocket | "blocked" | undefined;
  isOpen = true;
  /** The process that has opened it. */
  readonly by: Party;
  /** Whether VPP has many packets for it: of a process that is stopped, so many that they take much of VPP's send buffer. */
  readonly isBusy: boolean;

  constructor(table: OpenFiles) {
    super(table);
    this.by = table.schedule.party;
    this.isBusy = table.schedule.random.chance(0.7);
  }

  get text(): string {
    return this.path === "" ? `datagrams to ${this.#peerPath}` : `datagrams at ${this.path}`;
  }

  get #peerPath(): string {
    return this.peer instanceof DatagramSocket ? this.peer.path : String(this.peer);
  }

  /** Whether what is sent by its path comes to it. */
  get isAtPath(): boolean {
    const { files } = this.table;
    return this.isOpen && files.kind(this.path) === "socket" && files.stat(this.path).ino === this.#file;
  }

  get isConnected(): boolean {
    return this.peer instanceof DatagramSocket && this.peer.isAtPath;
  }

  /** @throws PuntError EADDRINUSE, EEXIST, ENOENT */
  bind(op: string, path: string, sockets: Datagrams): void {
    const { files } = this.table;
    if (sockets.at(path)) throw refusal(op, "EADDRINUSE", `${path}: a living process owns the socket there`);
    try {
      files.bind(path);
    } catch (error) {
      throw refusal(op, (error as NodeJS.ErrnoException).code!, path);
    }
    this.path = path;
    this.#file = files.stat(path).ino;
    sockets.bound.add(this);
  }

  /** Returns the name of the error. */
  connect(path: string, sockets: Datagrams): string | undefined {
    const peer = sockets.at(path);
    if (this.table.files.kind(path) === undefined) return "ENOENT";
    if (peer === undefined) return "ECONNREFUSED";
    this.peer = peer;
    return undefined;
  }

  removeFile(): void {
    if (this.isAtPath) this.table.files.remove(this.path);
  }

  protected override closed(): void {
    this.isOpen = false;
  }
}

/** The datagram sockets of the world, by their paths. */
export class Datagrams {
  readonly bound = new Set<DatagramSocket>();

  constructor(readonly table: OpenFiles) {}

  /** Returns the open socket that a path leads to. */
  at(path: string): DatagramSocket | undefined {
    for (const socket of this.bound) if (!socket.isOpen) this.bound.delete(socket);
    return [...this.bound].find((socket) => socket.path === path && socket.isAtPath);
  }

  /** VPP, whose party runs now, opens its punt socket. */
  serve(path: string): void {
    const socket = new DatagramSocket(this.table);
    socket.bind("vpp", path, this);
    this.table.open(socket);
  }

  /** In place of the addon's bindDatagram. */
  bind(path: string, vppPath: string): Handle {
    const op = "descriptor.bind";
    this.table.check("bind", op);
    const socket = new DatagramSocket(this.table);
    socket.bind(op, path, this);
    const failed = vppPath === "" ? undefined : socket.connect(vppPath, this);
    if (failed === undefined) return this.table.open(socket);
    socket.removeFile();
    throw refusal(op, failed, `connect to ${vppPath}`);
  }

  /** In place of the addon's connectUnix for datagrams. */
  connect(op: string, path: string): Handle {
    const socket = new DatagramSocket(this.table);
    const failed = socket.connect(path, this);
    if (failed !== undefined) throw refusal(op, failed, `connect to ${path}`);
    return this.table.open(socket);
  }

  /** In place of the addon's queueLength, of a process that is stopped. */
  queueLength(socket: OpenFile): [number, number] {
    return (socket as DatagramSocket).isBusy ? [200, 20_000] : [0, 0];
  }

  /** Returns the sockets of a process at which VPP's packets gather. @param by the process that has opened them */
  gathering(party: Party, by: Party): DatagramSocket[] {
    const files = this.table.handlesOf(party).map(({ file }) => file);
    return files.flatMap((file) => {
      const isFound = file instanceof DatagramSocket && file.by === by && file.isBusy && file.isAtPath;
      return isFound && file.peer !== "blocked" ? file : [];
    });
  }

  /** In place of the addon's blockDatagrams. */
  block(socket: OpenFile): number {
    (socket as DatagramSocket).peer = "blocked";
    return 200;
  }

  /** In place of the addon's unblockDatagrams. */
  unblock(socket: OpenFile, vppPath: string): void {
    const datagrams = socket as DatagramSocket;
    datagrams.peer = undefined;
    datagrams.connect(vppPath, this);
  }

  /** In place of the addon's removeStaleDatagram. */
  removeStale(path: string): void {
    const { files } = this.table;
    const kind = files.kind(path);
    if (kind === undefined) return;
    if (kind !== "socket") throw refusal("descriptor.remove", "EEXIST", path);
    if (this.at(path)) throw refusal("descriptor.remove", "EADDRINUSE", path);
    files.remove(path);
  }
}

/** The part that punt sockets and injectors have in common. */
abstract class DatagramPort implements Port {
  readonly isPassing = false;
  readonly party: Party;
  readonly handle: Handle;
  protected readonly sockets: Datagrams;

  constructor(sockets: Datagrams, handle: Handle) {
    this.sockets = sockets;
    this.party = sockets.table.schedule.party;
    this.handle = handle;
    sockets.table.opened(this);
  }

  abstract readonly end: string;

  protected get socket(): DatagramSocket {
    return this.handle.file as DatagramSocket;
  }

  get isConnected(): boolean {
    return this.socket.isConnected;
  }

  /** Why it has no peer. */
  protected get lack(): string | undefined {
    if (this.socket.peer === "blocked") return "ECONNREFUSED";
    return this.socket.peer ? undefined : "ENOTCONN";
  }

  setRef(): void {}
  setFilter(): void {}
  start(): void {}
  stop(): void {}
  pause(): void {}
  resume(): void {}
  watchRoom(): void {}

  close(): void {
    this.sockets.table.closed(this);
    this.handle.close();
  }
}

/** Opens the socket of a port, or takes it over. @throws PuntError */
function socketOf(sockets: Datagrams, call: "punt-socket" | "injector", adopted: Handle | undefined): Handle {
  const { table } = sockets;
  const handle = adopted?.take() ?? table.open(new DatagramSocket(table));
  try {
    if (!(handle.file instanceof DatagramSocket)) throw refusal(call, "EPROTOTYPE", "a datagram socket is expected");
    table.check(call, call);
  } catch (error) {
    handle.close();
    throw error;
  }
  return handle;
}

const NO_PACKETS = {
  ...{ packets: 0, bytes: 0, batches: 0, drained: 0, droppedRingFull: 0, droppedPaused: 0, droppedTooLong: 0 },
  ...{ droppedMalformed: 0, droppedFilter: 0, backlogBytes: 0, connects: 0 },
};

/** In place of the addon's PuntSocket. No packet comes. */
export class SimulatedPuntSocket extends DatagramPort implements NativePuntSocket {
  readonly #isAdopted: boolean;
  #vppPath: string;
  #error: string | undefined;
  #looked = 0;

  constructor(sockets: Datagrams, path: string, vppPath: string, adopted: Handle | undefined) {
    super(sockets, socketOf(sockets, "punt-socket", adopted));
    this.#isAdopted = adopted !== undefined;
    this.#vppPath = vppPath;
    try {
      if (!this.#isAdopted) this.socket.bind("punt-socket.open", path, sockets);
    } catch (error) {
      this.close();
      throw error;
    }
    this.reconnect(undefined);
  }

  get end(): string {
    return `punt socket at ${this.socket.path}`;
  }

  override get isConnected(): boolean {
    this.stats();
    return super.isConnected && this.socket.isAtPath;
  }

  reconnect(vppPath: string | undefined): string | undefined {
    this.#vppPath = vppPath ?? this.#vppPath;
    this.#looked = this.sockets.table.schedule.now;
    this.#error = this.#vppPath === "" ? this.lack : this.socket.connect(this.#vppPath, this.sockets);
    return this.#error;
  }

  stats(): NativePuntSocketStats | undefined {
    if (this.handle.file === undefined) return undefined;
    const { now } = this.sockets.table.schedule;
    const isDue = this.#vppPath !== "" && now - this.#looked >= FOLLOW_MS && !this.socket.isConnected;
    if (isDue && this.sockets.at(this.#vppPath)) this.reconnect(undefined);
    return { ...NO_PACKETS, connectError: this.#vppPath === "" ? this.lack : this.#error };
  }

  pull(): number {
    return 0;
  }

  memory(): ArrayBuffer {
    return new ArrayBuffer(0);
  }

  sendTo(): string | undefined {
    return "ENOENT";
  }

  /** The file of a socket that was handed over stays: the daemon has made it. So does the file of a process that is killed. */
  override close(): void {
    if (!this.#isAdopted && this.party.isAlive && this.handle.file) this.socket.removeFile();
    super.close();
  }
}

/** In place of the addon's PuntInjector. No packet is sent. */
export class SimulatedInjector extends DatagramPort implements NativePuntInjector {
  readonly #vppPath: string;

  constructor(sockets: Datagrams, vppPath: string, adopted: Handle | undefined) {
    super(sockets, socketOf(sockets, "injector", adopted));
    this.#vppPath = vppPath;
  }

  get end(): string {
    return "injector";
  }

  /** An injector connects to a VPP that has come again when it sends something. */
  override get isConnected(): boolean {
    return super.isConnected || this.#vppPath !== "";
  }

  connect(): string | undefined {
    return this.#vppPath === "" ? this.lack : this.socket.connect(this.#vppPath, this.sockets);
  }

  send(): number {
    return 0;
  }

  sendMany(): number {
    return 0;
  }
}
