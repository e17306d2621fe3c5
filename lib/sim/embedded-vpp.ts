// A VPP made of TypeScript, for tests without VPP.
import { EventEmitter } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NEWEST_RELEASE } from "../binapi/index.js";
import { PuntError } from "../errors.js";
import { ensureFolder } from "../files/index.js";
import { formatMac } from "../net/index.js";
import { OptionCheck } from "../options.js";
import type { HostInterfaceFilter, HostInterfaceInfo, InterfaceInfo, VppControl } from "./control.js";
import type { InterfaceCounters, NodeCounter, SwInterface } from "./dataplane/index.js";
import type { HostInterface } from "./devices/index.js";
import { type FaultRule, Faults } from "./faults.js";
import { frameList } from "./frame-list.js";
import type { VppInstance } from "./instance.js";
import { checkOptions, type EmbeddedVppOptions, type ResolvedOptions, type WireOptions } from "./options.js";
import { makeFolder, removeFolder } from "./own-folder.js";
import { type SpawnedVpp, spawnVpp } from "./spawned-vpp.js";

/** Frames kept for `transmitted`, per interface. */
const LONGEST_QUEUE = 100_000;

export interface WireEvents {
  /** A frame leaves the interface. The listener must not change the bytes, which are on their way. */
  tx: [frame: Uint8Array];
}

/**
 * The wire of one interface. It stays the same object over restarts of VPP.
 * @example
 * ```ts
 * import { once } from "node:events";
 * import { EmbeddedVpp } from "vpp-punt/sim";
 *
 * const exec = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24", "set ip arp eth0 10.0.0.2 02:00:00:00:00:02"];
 * await using sim = await EmbeddedVpp.start({ interfaces: ["eth0"], exec });
 * const wire = sim.interface("eth0");
 * const arp = "ffffffffffff02000000000208060001080006040001" + "0200000000020a000002" + "0000000000000a000001";
 * const answer = once(wire, "tx");
 * wire.inject(Buffer.from(arp, "hex"));
 * const [frame] = await answer;
 * console.log(frame.length, wire.counters);
 * ```
 */
export class Wire extends EventEmitter<WireEvents> {
  #kept: Uint8Array[] | undefined;
  readonly #find: () => SwInterface;
  readonly #receive: (swInterface: SwInterface, frames: readonly Uint8Array[]) => void;

  /** @internal */
  constructor(
    readonly name: string,
    find: () => SwInterface,
    receive: (swInterface: SwInterface, frames: readonly Uint8Array[]) => void,
  ) {
    super();
    this.#find = find;
    this.#receive = receive;
  }

  /** Gives frames to VPP as if they came from the wire. @throws PuntError ERR_NO_INTERFACE: VPP has no such interface now; ERR_INVALID_PACKET: not a frame */
  inject(frames: Uint8Array | readonly Uint8Array[]): void {
    this.#receive(this.#find(), frameList("sim.inject", frames));
  }

  /** Returns the frames that have left since the last call. Watching starts with the first call. Keeps at most 100,000 frames. */
  transmitted(): Uint8Array[] {
    const frames = this.#kept ?? [];
    this.#kept = [];
    return frames;
  }

  get swIfIndex(): number {
    return this.#find().swIfIndex;
  }

  get counters(): Readonly<InterfaceCounters> {
    return this.#find().counters;
  }

  /** @internal */
  sent(frame: Uint8Array): void {
    if (this.#kept !== undefined && this.#kept.length < LONGEST_QUEUE) this.#kept.push(frame.slice());
    this.emit("tx", frame);
  }
}

/**
 * A VPP made of TypeScript, for tests without VPP. It speaks the binary API on a real socket, moves real packets between
 * memif interfaces, punt sockets, TAPs and program-held wires, and fails on demand.
 */
export class EmbeddedVpp implements VppControl {
  readonly pid = process.pid;
  readonly faults = new Faults();
  /** @internal Carries out the `crash` fault. In this process VPP starts again at once, as if a supervisor had restarted it. */
  crash = (): void => {
    if (!this.#closed) void this.restart();
  };
  readonly #wires = new Map<string, Wire>();
  #instance: VppInstance;
  #closed = false;
  #closing: Promise<void> = Promise.resolve();
  /** The end of the last restart or stop. They follow one another. */
  #settled: Promise<unknown> = Promise.resolve();
  readonly #options: ResolvedOptions;
  readonly #Instance: typeof VppInstance;

  private constructor(options: ResolvedOptions, Instance: typeof VppInstance) {
    this.#options = options;
    this.#Instance = Instance;
    this.#instance = this.#newInstance();
  }

  /**
   * Starts an embedded VPP in this process.
   *
   * @throws PuntError ERR_OPTION; EADDRINUSE: a process listens on the API socket's path
   * @example
   * ```ts
   * import { Vpp } from "vpp-punt/binapi";
   * import { EmbeddedVpp } from "vpp-punt/sim";
   *
   * await using sim = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
   * await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
   * sim.interface("eth0").inject(new Uint8Array(60));
   * ```
   */
  static async start(options: EmbeddedVppOptions = {}): Promise<EmbeddedVpp> {
    const resolved = await resolveOptions(options);
    let vpp: EmbeddedVpp | undefined;
    try {
      // All of VPP is in there: an import of the package stays quick.
      const { VppInstance } = await import("./instance.js");
      vpp = new EmbeddedVpp(resolved, VppInstance);
      await vpp.#instance.start();
      return vpp;
    } catch (error) {
      if (vpp !== undefined) await vpp.#instance.stop();
      if (resolved.ownsDirectory) removeFolder(resolved.directory);
      throw error;
    }
  }

  /**
   * Starts an embedded VPP in a process of its own, which can be killed.
   *
   * @example
   * ```ts
   * import { EmbeddedVpp } from "vpp-punt/sim";
   *
   * await using sim = await EmbeddedVpp.spawn({ interfaces: ["eth0"] });
   * await sim.kill(); // as a crash of VPP
   * await sim.start();
   * ```
   */
  static spawn(options: EmbeddedVppOptions = {}): Promise<SpawnedVpp> {
    return spawnVpp(options);
  }

  get apiSocket(): string {
    return this.#options.apiSocket;
  }

  get puntSocket(): string | undefined {
    return this.#options.puntSocket || undefined;
  }

  get statsSocket(): string | undefined {
    return this.#options.statsSocket || undefined;
  }

  get directory(): string {
    return this.#options.directory;
  }

  /** The number of API clients connected now. */
  get clients(): number {
    return this.#instance.clients;
  }

  /** Returns an interface by VPP's name or by its tag. The interface need not exist yet. @throws PuntError ERR_OPTION: no name is given */
  interface(name: string): Wire {
    new OptionCheck("sim.interface").text("name", name);
    let wire = this.#wires.get(name);
    if (wire === undefined) {
      const receive = (swInterface: SwInterface, frames: readonly Uint8Array[]) => this.#receive(swInterface, frames);
      wire = new Wire(name, () => this.#findInterface(name), receive);
      this.#wires.set(name, wire);
    }
    return wire;
  }

  /** Returns the host's end of a TAP or af_packet interface, by its name on the host. @throws PuntError ERR_NO_INTERFACE; ERR_OPTION */
  host(name: string, namespace = ""): HostInterface {
    const check = new OptionCheck("sim.host");
    check.text("name", name);
    check.text("namespace", namespace);
    const found = this.#instance.host.find(name, namespace);
    if (found === undefined)
      throw noInterface(`the emulated host has no interface ${name} in namespace "${namespace}"`);
    return found;
  }

  async inject(name: string, frames: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.interface(name).inject(frames);
  }

  async transmitted(name: string): Promise<Uint8Array[]> {
    return this.interface(name).transmitted();
  }

  async hostSend(name: string, frames: Uint8Array | readonly Uint8Array[], namespace = ""): Promise<void> {
    const host = this.host(name, namespace);
    for (const frame of frameList("sim.hostSend", frames)) host.send(frame);
  }

  async hostReceived(name: string, namespace = ""): Promise<Uint8Array[]> {
    return this.host(name, namespace).received();
  }

  async setHostMtu(name: string, mtu: number, namespace = ""): Promise<void> {
    const end = this.host(name, namespace);
    end.mtu = new OptionCheck("sim.set-host-mtu").integer("mtu", mtu, 0, 65_535);
  }

  async hostInterfaces(filter: HostInterfaceFilter = {}): Promise<HostInterfaceInfo[]> {
    const found = this.#instance.host.values().filter((each) => isListed(each, filter));
    return found.map(({ name, namespace, mac, ifIndex, mtu, addresses }) => {
      return { name, namespace, mac: formatMac(mac), ifIndex, mtu, addresses };
    });
  }

  async interfaces(): Promise<InterfaceInfo[]> {
    return [...this.#instance.dp.interfaces.values()].map(
      ({ name, swIfIndex, tag, adminUp, linkUp, mac, counters }) => {
        const text = mac === undefined ? undefined : formatMac(mac);
        return { name, swIfIndex, tag, adminUp, linkUp, mac: text, counters: { ...counters } };
      },
    );
  }

  async counters(): Promise<NodeCounter[]> {
    return this.#instance.dp.graph.counters();
  }

  async log(): Promise<string[]> {
    return this.#instance.log.lines();
  }

  async cli(line: string): Promise<string> {
    return this.#instance.cli.run(line);
  }

  async addFault(rule: FaultRule): Promise<void> {
    this.faults.add(rule);
  }

  async clearFaults(): Promise<void> {
    this.faults.clear();
  }

  async restart({ downMs = 0 }: { downMs?: number } = {}): Promise<void> {
    if (this.#closed) throw new PuntError("sim.restart", "ERR_CLOSED", "this embedded VPP has been closed");
    await this.#inTurn(async () => {
      await this.#instance.stop();
      await sleep(downMs);
      this.#instance = this.#newInstance();
      await this.#instance.start();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#settled.then(work);
    this.#settled = done.catch(() => {});
    return done;
  }

  /** Stops VPP and removes its sockets and its folder. Later calls wait for the same end. */
  close(): Promise<void> {
    if (!this.#closed) this.#closing = this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.#inTurn(() => this.#instance.stop());
    const { ownsDirectory, directory } = this.#options;
    if (ownsDirectory) removeFolder(directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #newInstance(): VppInstance {
    const instance = new this.#Instance(this.#options, this.faults, () => this.crash());
    instance.dp.onTransmit((swInterface, frame) => {
      if (this.#wires.size === 0) return;
      this.#wires.get(swInterface.name)?.sent(frame);
      if (swInterface.tag !== "" && swInterface.tag !== swInterface.name) this.#wires.get(swInterface.tag)?.sent(frame);
    });
    return instance;
  }

  #receive(swInterface: SwInterface, frames: readonly Uint8Array[]): void {
    const { dp } = this.#instance;
    for (const frame of frames) dp.receive(swInterface, new Uint8Array(frame));
    dp.flush();
  }

  #findInterface(name: string): SwInterface {
    const { interfaces } = this.#instance.dp;
    const found = interfaces.findByName(name) ?? [...interfaces.values()].find(({ tag }) => tag === name);
    if (found === undefined) throw noInterface(`the embedded VPP has no interface named or tagged ${name}`);
    return found;
  }
}

function noInterface(message: string): PuntError {
  return new PuntError("sim.interface", "ERR_NO_INTERFACE", message);
}

async function resolveOptions(options: EmbeddedVppOptions): Promise<ResolvedOptions> {
  checkOptions(options);
  const ownsDirectory = options.directory === undefined;
  const directory = await makeDirectory(options.directory);
  return {
    directory,
    ownsDirectory,
    apiSocket: options.apiSocket ?? join(directory, "api.sock"),
    puntSocket: options.puntSocket ?? join(directory, "punt.sock"),
    statsSocket: options.statsSocket ?? join(directory, "stats.sock"),
    release: options.release ?? NEWEST_RELEASE,
    withoutPlugins: options.withoutPlugins ?? [],
    interfaces: (options.interfaces ?? []).map(resolveWire),
    host: options.host ?? "emulated",
    exec: options.exec ?? [],
  };
}

/** The folder given, or a new one. */
async function makeDirectory(given: string | undefined): Promise<string> {
  if (given === undefined) return makeFolder();
  try {
    await ensureFolder(given);
    return given;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "EIO";
    throw new PuntError("sim.start", code, `cannot make the folder ${given}`, { path: given }, cause);
  }
}

function resolveWire(wire: WireOptions | string, index: number): Required<WireOptions> {
  const { name, mac } = typeof wire === "string" ? { name: wire } : wire;
  const number = (index + 1).toString(16).padStart(4, "0");
  return { name, mac: mac ?? `02:fc:00:00:${number.slice(0, 2)}:${number.slice(2)}` };
}

function isListed(found: { name: string; namespace: string }, { name, namespace }: HostInterfaceFilter): boolean {
  return (name ?? found.name) === found.name && (namespace ?? found.namespace) === found.namespace;
}
