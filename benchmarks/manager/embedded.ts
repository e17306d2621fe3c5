// Starts an embedded VPP in a process of its own, with a network card for each punt, and a client; makes punts of four types for a manager.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import {
  FileStore,
  PuntManager,
  type PuntManagerOptions,
  type PuntRequestInput,
  type VppConnection,
} from "../../lib/punt/index.js";
import { EmbeddedVpp, type SpawnedVpp } from "../../lib/sim/index.js";

export class Bed {
  readonly requests: readonly PuntRequestInput[];
  readonly #vpp: SpawnedVpp;

  private constructor(
    vpp: SpawnedVpp,
    readonly client: Vpp,
    readonly directory: string,
    cards: readonly string[],
  ) {
    this.#vpp = vpp;
    this.requests = cards.map((card, index) => request(card, index, directory));
  }

  /** Starts a VPP with `count` network cards, if0 and so on, and with tables 1 to `tables`. */
  static async start(count: number, tables = 0): Promise<Bed> {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-scale-"));
    const cards = Array.from({ length: count }, (_, index) => `if${index}`);
    const exec = cards.flatMap((card, index) => [
      `set interface state ${card} up`,
      `set interface ip address ${card} 10.${index >> 8}.${index & 255}.1/24`,
    ]);
    const vpp = await EmbeddedVpp.spawn({ directory, interfaces: cards, exec });
    const client = await Vpp.connect({ socketPath: vpp.apiSocket, timeout: 60_000, reconnect: { min: 5, max: 20 } });
    // The embedded VPP's command line has no words for tables.
    for (let table_id = 1; table_id <= tables; table_id++)
      await client.call("ip_table_add_del", { is_add: true, table: { table_id, is_ip6: false, name: "" } });
    return new Bed(vpp, client, directory, cards);
  }

  /** Starts a manager with a store and waits for its first look. */
  async manager(vpp: VppConnection = this.client, options: Partial<PuntManagerOptions> = {}): Promise<PuntManager> {
    const manager = await PuntManager.start({
      ...options,
      vpp,
      store: new FileStore(join(this.directory, "state.json")),
      memifDirectory: join(this.directory, "memif"),
      resyncInterval: 600_000,
    });
    await manager.resync();
    return manager;
  }

  /** Returns the processor time that VPP has used, in milliseconds. */
  vppCpuMs(): number {
    // Fields 14 and 15 are user and system time, in ticks of 10 ms. The second field, the name, is in parentheses.
    const fields = readFileSync(`/proc/${this.#vpp.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async restartVpp(): Promise<void> {
    await this.#vpp.restart();
    await this.client.connected();
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.#vpp.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function request(vppInterface: string, index: number, directory: string): PuntRequestInput {
  const common = { cnf: `cnf${index % 10}`, key: `${index}`, interconnect: "MEMIF" as const };
  switch (index % 4) {
    case 0:
      return { ...common, type: "SPAN", vppInterface };
    case 1:
      return { ...common, type: "ABX", vppInterface, ingressAclRules: [{ protocol: "OSPF" }], egressAclRules: [{}] };
    case 2:
      return { ...common, type: "ISISX", vppInterface };
    default: {
      const { cnf, key } = common;
      // A punt of a well-known port, such as DHCP's, can have needs of its own.
      const toHost = { af: "IPV4" as const, protocol: "UDP" as const, port: 20_000 + index };
      return { cnf, key, type: "PUNT_TO_SOCKET", toHost, socketPath: `${directory}/${index}.sock` };
    }
  }
}

/** Returns the time that the body takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Measures the time during which at least one of several operations runs. */
export class Stopwatch {
  #underWay = 0;
  #since = 0;
  milliseconds = 0;

  async during<T>(work: Promise<T>): Promise<T> {
    if (this.#underWay++ === 0) this.#since = performance.now();
    try {
      return await work;
    } finally {
      if (--this.#underWay === 0) this.milliseconds += performance.now() - this.#since;
    }
  }
}
