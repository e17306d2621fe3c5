// Stream sockets of the world: in order within a connection, delayed and reordered between connections, cut at any byte.
import { EventEmitter } from "node:events";
import type { StreamSocket } from "../../../lib/binapi/link.js";
import { PuntError } from "../../../lib/errors.js";
import type { Files } from "./files.js";
import type { Party, Schedule } from "./schedule.js";

const EAGAIN = -11;
const EPIPE = -32;
const ECONNRESET = -104;

type OnReady = (writable: boolean, broken: boolean) => void;

interface Listener {
  readonly party: Party;
  accept(socket: ServerEnd): void;
}

export class Network {
  readonly #listeners = new Map<string, Listener>();
  readonly #pairs = new Set<Pair>();

  constructor(
    readonly schedule: Schedule,
    readonly files: Files,
  ) {}

  /** Listens at a path, as the party that runs now. */
  listen(path: string, accept: (socket: ServerEnd) => void): void {
    this.files.bind(path);
    this.#listeners.set(path, { party: this.schedule.party, accept });
  }

  /** Connects the party that runs now. @throws PuntError ENOENT, ECONNREFUSED */
  connect(path: string, onReady: OnReady): ClientEnd {
    const listener = this.#listeners.get(path);
    if (this.files.kind(path) === undefined) throw refused("ENOENT", path);
    if (!listener?.party.isAlive) throw refused("ECONNREFUSED", path);
    const pair = new Pair(this.schedule, onReady, listener.party, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    pair.opened(() => listener.accept(pair.server));
    return pair.client;
  }

  /** Closes all that a dead party had, as the kernel does. */
  leave(party: Party): void {
    for (const pair of [...this.#pairs]) pair.leave(party);
  }

  /** Cuts one of the connections: what is under way is lost. */
  cut(): void {
    const pairs = [...this.#pairs];
    if (pairs.length > 0) pairs[Math.floor(this.schedule.random.next() * pairs.length)]!.cut();
  }
}

/** One direction of a connection. */
export class Way {
  #arrival: number;
  #isCut = false;

  /** @param before the way of an earlier connection: what was sent there arrives first */
  constructor(
    readonly schedule: Schedule,
    readonly to: Party,
    before?: Way,
  ) {
    this.#arrival = before ? before.#arrival : 0;
  }

  /** Delivers after all that was sent before. */
  send(label: string, deliver: () => void): void {
    const { schedule } = this;
    this.#arrival = Math.max(this.#arrival, schedule.now + schedule.delay());
    schedule.at(this.#arrival, label, () => this.#isCut || deliver(), this.to);
  }

  cut(): void {
    this.#isCut = true;
  }
}

class Pair {
  readonly client: ClientEnd;
  readonly server: ServerEnd;
  readonly #ways: readonly [Way, Way];

  constructor(
    readonly schedule: Schedule,
    onReady: OnReady,
    server: Party,
    readonly closed: () => void,
  ) {
    const client = schedule.party;
    const [toServer, toClient] = [new Way(schedule, server), new Way(schedule, client)];
    this.#ways = [toServer, toClient];
    this.client = new ClientEnd(this, toServer, onReady);
    this.server = new ServerEnd(this, toClient);
    this.#parties = { client, server };
  }

  readonly #parties: { readonly client: Party; readonly server: Party };

  /** Nothing arrives before the server has taken the connection. */
  opened(accept: () => void): void {
    this.#ways[0].send("accept", accept);
  }

  leave(party: Party): void {
    if (party === this.#parties.client) this.endClient();
    if (party === this.#parties.server) this.endServer();
  }

  endClient(): void {
    this.#ways[0].send("end", () => this.server.ended());
    this.closed();
  }

  endServer(): void {
    this.#ways[1].send("end", () => this.client.ended(0));
    this.closed();
  }

  cut(): void {
    for (const way of this.#ways) way.cut();
    const { schedule } = this;
    schedule.at(schedule.now + schedule.delay(), "cut", () => this.server.ended(), this.#parties.server);
    schedule.at(schedule.now + schedule.delay(), "cut", () => this.client.ended(ECONNRESET), this.#parties.client);
    this.closed();
  }
}

/** The client's end, in place of the addon's ApiSocket. */
export class ClientEnd implements StreamSocket {
  readonly tellsAll = true;
  readonly #chunks: Uint8Array[] = [];
  #end: number | undefined;
  #isClosed = false;
  #isTelling = false;

  constructor(
    readonly pair: Pair,
    readonly way: Way,
    readonly onReady: OnReady,
  ) {}

  read(into: Uint8Array, start: number, end: number): number {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return this.#end ?? EAGAIN;
    const size = Math.min(chunk.length, end - start);
    into.set(chunk.subarray(0, size), start);
    if (size === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(size);
    return size;
  }

  write(from: Uint8Array, start: number, end: number): number {
    if (this.#end !== undefined) return EPIPE;
    const bytes = Buffer.from(from.subarray(start, end));
    this.way.send("request", () => this.pair.server.arrived(bytes));
    return end - start;
  }

  watch(): void {}

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.pair.endClient();
  }

  arrived(bytes: Buffer): void {
    this.pair.schedule.note(bytes);
    this.#chunks.push(bytes);
    this.#tell();
  }

  ended(result: number): void {
    if (this.#end !== undefined) return;
    this.#end = result;
    this.#tell();
  }

  /** Tells as long as the link leaves bytes, as epoll does. */
  #tell(): void {
    if (this.#isClosed) return;
    this.onReady(false, this.#end !== undefined);
    if (this.#isTelling || this.#isClosed || this.#chunks.length === 0) return;
    this.#isTelling = true;
    const { schedule } = this.pair;
    schedule.at(schedule.now, "more", () => {
      this.#isTelling = false;
      if (this.#chunks.length > 0) this.#tell();
    });
  }
}

/** The server's end: the part of Node's socket that the embedded VPP uses. */
export class ServerEnd extends EventEmitter {
  #isClosed = false;

  constructor(
    readonly pair: Pair,
    readonly way: Way,
  ) {
    super();
  }

  write(bytes: Buffer, done?: () => void): void {
    if (!this.#isClosed) this.way.send("answer", () => this.pair.client.arrived(bytes));
    if (done) this.pair.schedule.at(this.pair.schedule.now, "written", done);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.pair.endServer();
  }

  arrived(bytes: Buffer): void {
    this.pair.schedule.note(bytes);
    if (!this.#isClosed) this.emit("data", bytes);
  }

  ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit("close");
  }
}

function refused(code: string, path: string): PuntError {
  return new PuntError("binapi.connect", code, `${path}: ${code}`, { path });
}
