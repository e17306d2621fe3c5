// Memif links without packets: VPP's ends, control sockets, and the CNFs' ports.
import type { NativeMemifEvent, NativeMemifPort, NativeMemifSettings, NativeMemifStats } from "../../../lib/native.js";
import type { Happening, Party } from "../world/schedule.js";
import { type Handle, OpenFile, type OpenFiles, type Port, refusal } from "./open-files.js";

const FIRST_PAUSE_MS = 20;

/** VPP's end of a link. */
export class VppMemif {
  /** The connection that it has. */
  control: ControlSocket | undefined;
  readonly party: Party;

  constructor(
    readonly memifs: Memifs,
    readonly path: string,
    readonly id: number,
    readonly secret: string,
  ) {
    this.party = memifs.table.schedule.party;
    memifs.servers.add(this);
  }

  /** VPP ends the connection, and takes another one. */
  hangUp(): void {
    const { control } = this;
    this.control = undefined;
    control?.hungUp();
  }

  close(): void {
    this.memifs.servers.delete(this);
    this.hangUp();
  }
}

/** A connection to a server that has not said yet which link it is for, or that is a link's. */
class ControlSocket extends OpenFile {
  /** VPP's end of the link, once that has taken it. */
  server: VppMemif | undefined;
  port: MemifPort | undefined;

  constructor(
    readonly memifs: Memifs,
    readonly path: string,
    readonly vpp: Party,
  ) {
    super(memifs.table);
  }

  get text(): string {
    return `memif control of ${this.path}`;
  }

  hungUp(): void {
    this.server = undefined;
    this.port?.lost(this);
  }

  protected override closed(): void {
    if (this.server) this.server.control = undefined;
    this.server = undefined;
  }
}

export class Memifs {
  readonly servers = new Set<VppMemif>();

  constructor(readonly table: OpenFiles) {}

  #serversAt(path: string): VppMemif[] {
    return [...this.servers].filter((each) => each.path === path && each.party.isAlive);
  }

  /** In place of the addon's connectUnix for control sockets. */
  connect(op: string, path: string): Handle {
    this.table.check("control", op);
    const [server] = this.#serversAt(path);
    if (this.table.files.kind(path) === undefined) throw refusal(op, "ENOENT", path);
    if (server === undefined) throw refusal(op, "ECONNREFUSED", path);
    return this.table.open(new ControlSocket(this, path, server.party));
  }

  /** VPP takes a client for one of its ends. */
  take(control: ControlSocket, id: number, secret: string): boolean {
    const found = this.#serversAt(control.path).find((each) => each.id === id && each.party === control.vpp);
    if (found === undefined || found.secret !== secret || found.control) return false;
    found.control = control;
    control.server = found;
    return true;
  }

  /** VPP ends one of the connections. */
  hangUp(nth: number): void {
    const connected = [...this.servers].filter(({ control }) => control);
    connected[nth % Math.max(1, connected.length)]?.hangUp();
  }

  /** VPP has died. */
  leave(vpp: Party): void {
    for (const server of [...this.servers]) if (server.party === vpp) server.close();
  }
}

/** In place of the addon's memif port. It moves no packet. */
export class MemifPort implements NativeMemifPort, Port {
  readonly rxQueues = 1;
  readonly txQueues = 1;
  readonly ringSize = 32;
  readonly zeroCopyAllowed = true;
  readonly isPassing = false;
  readonly party: Party;
  readonly key: number;
  handle: Handle | undefined;
  readonly #memifs: Memifs;
  readonly #settings: NativeMemifSettings;
  readonly #onEvent: (event: NativeMemifEvent) => void;
  #isUp = false;
  #isClosed = false;
  #disconnects = 0;
  #refused = 0;
  #pause = FIRST_PAUSE_MS;
  #retry: Happening | undefined;

  constructor(memifs: Memifs, settings: NativeMemifSettings, onEvent: (event: NativeMemifEvent) => void) {
    memifs.table.check("memif", "memif.open");
    this.#memifs = memifs;
    this.party = memifs.table.schedule.party;
    this.key = memifs.table.newInode();
    this.#settings = settings;
    this.#onEvent = onEvent;
    memifs.table.opened(this);
    if (settings.socket !== "") this.#attempt();
  }

  get end(): string {
    return `memif ${this.#settings.id} at ${this.#control?.path ?? this.#settings.socket}`;
  }

  get isConnected(): boolean {
    return this.#isUp && this.#control?.server !== undefined;
  }

  get #control(): ControlSocket | undefined {
    return this.handle?.file as ControlSocket | undefined;
  }

  /** A port that was opened by a path connects by itself. */
  #attempt(): void {
    try {
      this.#begin(this.#memifs.connect("memif.connect", this.#settings.socket).take());
    } catch {
      this.#attemptLater();
    }
  }

  #attemptLater(): void {
    if (this.#settings.socket === "") return;
    const { schedule } = this.#memifs.table;
    this.#retry = schedule.at(schedule.now + this.#pause, "memif", () => this.#attempt(), this.party);
    this.#pause = Math.min(2 * this.#pause, this.#settings.reconnectMs);
  }

  adopt(control: Handle): void {
    const taken = control.take();
    if (this.#isClosed) {
      taken.close();
      return;
    }
    const [wasUp, wasThere] = [this.#isUp, this.handle !== undefined];
    this.#drop();
    if (wasThere) this.#count(wasUp ? "down" : "refused");
    if (wasUp) this.#tellLater("down", "self", "another control socket takes its place");
    this.#begin(taken);
  }

  #begin(handle: Handle): void {
    const control = handle.file as ControlSocket;
    this.handle = handle;
    control.port = this;
    const { schedule } = this.#memifs.table;
    const greet = () => {
      if (this.#control !== control) return;
      const { id, secret } = this.#settings;
      if (!this.#memifs.take(control, id, secret)) return this.#ended("refused", "VPP does not take the client");
      this.#isUp = true;
      this.#pause = FIRST_PAUSE_MS;
      this.#tell("up", "peer", "");
    };
    schedule.at(schedule.now + schedule.delay(), "memif", greet, this.party);
  }

  /** VPP has closed the connection. */
  lost(control: ControlSocket): void {
    const { schedule } = this.#memifs.table;
    const ended = () => {
      if (this.#control === control) this.#ended(this.#isUp ? "down" : "refused", "disconnected");
    };
    schedule.at(schedule.now + schedule.delay(), "memif", ended, this.party);
  }

  #ended(type: "down" | "refused", reason: string): void {
    this.#drop();
    this.#count(type);
    this.#attemptLater();
    this.#tell(type, "peer", reason);
  }

  #count(type: "down" | "refused"): void {
    if (type === "down") this.#disconnects++;
    else this.#refused++;
  }

  #drop(): void {
    this.#isUp = false;
    this.handle?.close();
    this.handle = undefined;
  }

  #tellLater(type: "down", by: "self", reason: string): void {
    const { schedule } = this.#memifs.table;
    schedule.at(schedule.now, "memif", () => this.#isClosed || this.#tell(type, by, reason), this.party);
  }

  #tell(type: NativeMemifEvent["type"], by: NativeMemifEvent["by"], reason: string): void {
    const counts = { rxQueues: 1, txQueues: 1, sealed: true };
    this.#onEvent({ type, peer: "VPP", peerInterface: "memif", ...counts, by, reason });
  }

  openRx(): never {
    const none = () => undefined;
    return { setFilter: none, burst: () => 0, release: none, memory: none, giveBack: none } as never;
  }

  openTx(): undefined {
    return undefined;
  }

  stats(): NativeMemifStats {
    return { rx: [], tx: [], connects: 0, disconnects: this.#disconnects, violations: 0, refused: this.#refused };
  }

  setRef(): void {}

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#memifs.table.closed(this);
    if (this.#retry) this.#retry.run = undefined;
    this.#drop();
  }
}
