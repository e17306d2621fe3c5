// UNIX stream sockets that pass descriptors: in order, a part at a time, with a queue of connections that wait to be accepted.
import type { NativeDescriptor, NativePassingListener, NativePassingSocket } from "../../../lib/native.js";
import type { Party } from "../world/schedule.js";
import { type Handle, OpenFile, type OpenFiles, type Port, refusal } from "./open-files.js";

const EMFILE = -24;
const EPIPE = -32;
const EAGAIN = -11;
const E2BIG = -7;
const ECONNRESET = -104;
const READABLE = 1;
const WRITABLE = 2;
/** How many connections wait to be accepted at the most. */
const BACKLOG = 128;
/** Virtual milliseconds that a connection waits to be accepted at the most, however many clients there are. */
const LONGEST_WAIT_MS = 1_500;
/** Virtual milliseconds for which an end of an exchange is open at the most: 5 s. */
const LONGEST_EXCHANGE_MS = 5_500;

interface Message {
  readonly bytes: Uint8Array;
  readonly files: readonly OpenFile[];
}

/** One end of a connection. */
export class StreamEnd extends OpenFile {
  peer: StreamEnd | undefined;
  /** Called while the end is watched for something that it is ready for. */
  onReady: () => void = () => {};
  readonly #queue: Message[] = [];
  /** Messages on their way here. */
  readonly #coming = new Set<Message>();
  #watched = 0;
  #isTelling = false;
  #isClosed = false;
  /** The result of a read at the end of the stream. */
  #end: number | undefined;
  #arrival = 0;

  constructor(
    table: OpenFiles,
    readonly party: Party,
  ) {
    super(table);
  }

  get text(): string {
    return "connection";
  }

  /** Returns how much is taken: all descriptors with the first byte. */
  send(from: Uint8Array, start: number, files: readonly OpenFile[]): number {
    const { schedule } = this.table;
    const { random } = schedule;
    const { peer } = this;
    if (peer === undefined || peer.#isClosed) return EPIPE;
    if (!schedule.isCalm && random.chance(0.05)) return EAGAIN;
    const size = from.length - start;
    const isLast = files.length > 0 && this.table.failure("pass") !== undefined;
    const isWhole = !isLast && (schedule.isCalm || random.chance(0.9));
    const taken = isWhole ? size : 1 + Math.floor(random.next() * (size - 1));
    if (isLast) schedule.at(schedule.now, "strike", () => this.table.killed(this.party), schedule.world);
    if (files.length > 0 && this.table.failure("given") !== undefined)
      schedule.at(schedule.now, "strike", () => this.table.ended(peer.party), schedule.world);
    for (const file of files) file.hold();
    peer.#take({ bytes: from.slice(start, start + taken), files }, this.#arrivalAtPeer());
    return taken;
  }

  #arrivalAtPeer(): number {
    const { schedule } = this.table;
    this.#arrival = Math.max(this.#arrival, schedule.now + schedule.delay());
    return this.#arrival;
  }

  #take(message: Message, time: number): void {
    this.#coming.add(message);
    const arrive = () => {
      if (!this.#coming.delete(message)) return;
      this.#queue.push(message);
      this.#tell();
    };
    this.table.schedule.at(time, "passed", arrive, this.party);
  }

  receive(into: Uint8Array, start: number, passed: NativeDescriptor[], most: number): number {
    const message = this.#queue[0];
    if (message === undefined) return this.#end ?? EAGAIN;
    const { bytes, files } = message;
    if (files.length > most) return E2BIG;
    if (files.length > 0 && this.table.failure("receive") !== undefined) return EMFILE;
    const size = Math.min(bytes.length, into.length - start);
    into.set(bytes.subarray(0, size), start);
    this.#queue.shift();
    if (size < bytes.length) this.#queue.unshift({ bytes: bytes.subarray(size), files: [] });
    for (const file of files) {
      passed.push(this.table.open(file));
      file.letGo();
    }
    return size;
  }

  watch(events: number): void {
    this.#watched = events;
    this.#tell();
  }

  get #isReady(): boolean {
    const isReadable = this.#queue.length > 0 || this.#end !== undefined;
    return (this.#watched & WRITABLE) !== 0 || ((this.#watched & READABLE) !== 0 && isReadable);
  }

  #tell(): void {
    if (this.#isTelling || !this.#isReady) return;
    this.#isTelling = true;
    const { schedule } = this.table;
    const tell = () => {
      this.#isTelling = false;
      if (this.#isReady && !this.#isClosed) this.onReady();
    };
    schedule.at(schedule.now, "ready", tell, this.party);
  }

  protected override closed(): void {
    this.#isClosed = true;
    const left = [...this.#queue.splice(0), ...this.#coming];
    this.#coming.clear();
    for (const { files } of left) for (const file of files) file.letGo();
    const { peer } = this;
    const end = left.length > 0 ? ECONNRESET : 0;
    const tell = () => {
      peer!.#end ??= end;
      peer!.#tell();
    };
    if (peer && !peer.#isClosed) this.table.schedule.at(this.#arrivalAtPeer(), "end", tell, peer.party);
  }
}

/** One end of an exchange, in place of the addon's PassingSocket. */
export class PassingSocket implements NativePassingSocket, Port {
  readonly end = undefined;
  readonly isPassing = true;
  readonly isConnected = true;
  readonly handle: Handle;
  readonly party: Party;
  readonly #stream: StreamEnd;
  readonly #passes: (files: readonly OpenFile[], to: StreamEnd) => void;

  /** @param passes called when files are about to be passed */
  constructor(connected: Handle, onReady: () => void, passes: (files: readonly OpenFile[], to: StreamEnd) => void) {
    this.#passes = passes;
    this.handle = connected.take();
    this.party = connected.party;
    this.#stream = this.handle.file as StreamEnd;
    this.#stream.onReady = onReady;
    const { table } = this.#stream;
    table.opened(this);
    table.schedule.expect(this.party, LONGEST_EXCHANGE_MS, () =>
      this.handle.file ? `an exchange takes longer than ${LONGEST_EXCHANGE_MS} ms` : "",
    );
  }

  number(): number {
    return this.handle.number();
  }

  receive(into: Uint8Array, start: number, passed: NativeDescriptor[], most: number): number {
    return this.#stream.receive(into, start, passed, most);
  }

  send(from: Uint8Array, start: number, descriptors: Int32Array): number {
    const files = [...descriptors].map((fd) => this.#stream.table.fileOf(fd));
    if (files.length > 0) this.#passes(files, this.#stream.peer!);
    return this.#stream.send(from, start, files);
  }

  watch(events: number): void {
    this.#stream.watch(events);
  }

  close(): void {
    this.#stream.table.closed(this);
    this.handle.close();
  }
}

/** In place of the addon's PassingListener. */
export class Listener implements NativePassingListener, Port {
  readonly end = undefined;
  readonly isPassing = false;
  readonly isConnected = true;
  readonly handle = undefined;
  readonly party: Party;
  readonly #table: OpenFiles;
  readonly #path: string;
  readonly #inode: bigint;
  readonly #onConnection: (connection: NativeDescriptor | string) => void;
  readonly #backlog: StreamEnd[] = [];
  #isWatching = false;
  #isClosed = false;

  constructor(table: OpenFiles, path: string, onConnection: (connection: NativeDescriptor | string) => void) {
    this.#table = table;
    this.#path = path;
    this.party = table.schedule.party;
    this.#onConnection = onConnection;
    table.files.bind(path);
    this.#inode = table.files.stat(path).ino;
    table.opened(this);
  }

  isAt(path: string): boolean {
    return this.#table.files.kind(path) === "socket" && this.#table.files.stat(path).ino === this.#inode;
  }

  /** Connects the party that runs now. */
  connect(op: string): StreamEnd {
    if (this.#backlog.length >= BACKLOG) throw refusal(op, "EAGAIN", `${this.#path}: too many wait`);
    const [client, server] = [this.#table.schedule.party, this.party].map((party) => new StreamEnd(this.#table, party));
    client!.peer = server;
    server!.peer = client;
    server!.hold();
    this.#backlog.push(server!);
    this.#table.schedule.expect(this.party, LONGEST_WAIT_MS, () =>
      this.#backlog.includes(server!) ? `a connection to ${this.#path} waits longer than ${LONGEST_WAIT_MS} ms` : "",
    );
    this.#acceptLater();
    return client!;
  }

  #acceptLater(): void {
    const { schedule } = this.#table;
    schedule.at(schedule.now + schedule.delay(), "accept", () => this.#accept(), this.party);
  }

  #accept(): void {
    if (!this.#isWatching || this.#isClosed || this.#backlog.length === 0) return;
    const failure = this.#table.failure("accept");
    this.#onConnection(failure ?? this.#taken(this.#backlog.shift()!));
  }

  #taken(server: StreamEnd): Handle {
    const handle = this.#table.open(server);
    server.letGo();
    return handle;
  }

  watch(wanted: boolean): void {
    if (wanted && !this.#isWatching) for (const _ of this.#backlog) this.#acceptLater();
    this.#isWatching = wanted;
  }

  setRef(): void {}

  close(): void {
    this.#table.closed(this);
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The file of a dead process stays.
    if (this.party.isAlive && this.isAt(this.#path)) this.#table.files.remove(this.#path);
    for (const server of this.#backlog.splice(0)) server.letGo();
  }
}
