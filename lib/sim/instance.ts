// One life of the embedded VPP, from start to stop.
import { Schema } from "../binapi/index.js";
import { type ApiContext, ApiRegistry, ApiServer, MessageTable, registerApi } from "./api/index.js";
import { Cli } from "./cli.js";
import { DataPlane, parseMac } from "./dataplane/index.js";
import {
  type DeviceFactory,
  EmulatedDevices,
  EngineMemifDevice,
  LinuxDevices,
  SocketPuntTransport,
  WireDevice,
} from "./devices/index.js";
import type { Faults } from "./faults.js";
import { VppLog } from "./log.js";
import type { ResolvedOptions } from "./options.js";
import { StatsServer } from "./stats/index.js";

/** One life of the embedded VPP, from start to stop. Only the paths survive it. */
export class VppInstance {
  readonly dp = new DataPlane();
  readonly host = new EmulatedDevices();
  readonly log = new VppLog();
  readonly cli = new Cli(this.dp, () => this.#server.clients);
  readonly table: MessageTable;
  readonly #server: ApiServer;
  readonly #punt: SocketPuntTransport | undefined;
  #stats: StatsServer | undefined;
  readonly #options: ResolvedOptions;

  constructor(options: ResolvedOptions, faults: Faults, crashed: () => void) {
    this.#options = options;
    const registry = new ApiRegistry();
    registerApi(this.#context(registry));
    this.table = new MessageTable(Schema.builtin(options.release), registry, new Set(options.withoutPlugins));
    const { table, log } = this;
    const flush = () => this.dp.flush();
    this.#server = new ApiServer({ path: options.apiSocket, table, registry, faults, log, flush, crashed });
    this.#punt = this.#openPunt();
    if (!options.withoutPlugins.includes("linux_cp")) this.#startLinuxCp();
  }

  async start(): Promise<void> {
    this.dp.createInterface("local0", undefined, new WireDevice("local"));
    for (const { name, mac } of this.#options.interfaces) this.#addWire(name, mac);
    for (const line of this.#options.exec) this.log.write(`exec: ${line}: ${this.cli.run(line)}`);
    await this.#server.listen();
    this.#stats = this.#openStats();
  }

  get clients(): number {
    return this.#server.clients.length;
  }

  async stop(): Promise<void> {
    await this.#server.close();
    this.#stats?.close();
    this.dp.close();
    this.#punt?.close();
  }

  /** linux-cp takes every packet for this VPP that nothing else takes: VPP does not answer UDP to unknown ports any more. */
  #startLinuxCp(): void {
    for (const family of [4, 6] as const) this.dp.udp[family].puntUnknown = true;
  }

  #openPunt(): SocketPuntTransport | undefined {
    const { puntSocket } = this.#options;
    if (puntSocket === false) return undefined;
    const { dp } = this;
    const punt = new SocketPuntTransport(
      puntSocket,
      (datagram) => dp.puntSocket.inject(datagram),
      () => dp.flush(),
    );
    dp.puntSocket.transport = punt;
    dp.onFlush(() => punt.flush());
    return punt;
  }

  #openStats(): StatsServer | undefined {
    const { statsSocket, release } = this.#options;
    if (statsSocket === false) return undefined;
    const { dp } = this;
    return new StatsServer(statsSocket, release, {
      interfaces: () => dp.interfaces.values(),
      counters: () => dp.graph.counters(),
    });
  }

  #addWire(name: string, mac: string): void {
    this.dp.interfaces.setLink(this.dp.createInterface(name, parseMac(mac), new WireDevice()), true);
  }

  #context(registry: ApiRegistry): ApiContext {
    const { dp, log, cli } = this;
    const options = this.#options;
    return {
      registry,
      dp,
      log,
      devices: this.#devices(),
      table: () => this.table,
      runtimeDirectory: options.directory,
      release: options.release,
      host: options.host,
      cli: (line) => cli.answer(line),
    };
  }

  #devices(): DeviceFactory {
    const { dp, host } = this;
    const options = this.#options;
    const linux = options.host === "linux" ? new LinuxDevices() : undefined;
    const program = `VPP ${options.release}-embedded`;
    return {
      memif: (config) => new EngineMemifDevice(dp, config, program),
      tap: (config) => linux?.tap(dp, config) ?? host.tap(dp, config),
      afPacket: (name) => linux?.afPacket(dp, name) ?? host.afPacket(dp, name),
    };
  }
}
