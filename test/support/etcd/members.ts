// Daemons of one host over an embedded VPP and a real etcd, in this process.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Vpp } from "../../../lib/binapi/index.js";
import { type ClusterOptions, ClusterPunts, Etcd, EtcdPunts } from "../../../lib/cluster/index.js";
import type { PuntError } from "../../../lib/errors.js";
import { EmulatedHost } from "../../../lib/punt/index.js";
import { EmbeddedVpp } from "../../../lib/sim/index.js";
import { LateVpp } from "../../../lib/vpp/index.js";
import { EtcdServer, type EtcdServerOptions } from "./etcd.js";

export class Members {
  readonly etcd: EtcdServer;
  readonly vpp: EmbeddedVpp;
  readonly directory: string;
  readonly problems: PuntError[] = [];
  readonly #t: ExecutionContext;
  #count = 0;

  private constructor(t: ExecutionContext, etcd: EtcdServer, vpp: EmbeddedVpp, directory: string) {
    this.#t = t;
    this.etcd = etcd;
    this.vpp = vpp;
    this.directory = directory;
  }

  static async start(t: ExecutionContext, options: EtcdServerOptions = {}): Promise<Members> {
    const etcd = await EtcdServer.start(t, options);
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-members-"));
    const exec = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"];
    const vpp = await EmbeddedVpp.start({ directory, interfaces: ["eth0", "eth1"], exec });
    t.teardown(async () => {
      await vpp.close();
      await rm(directory, { recursive: true, force: true });
    });
    return new Members(t, etcd, vpp, directory);
  }

  /** Starts a daemon's punts. `state`: a folder that it remembers etcd in. `on`: another VPP. */
  async join(
    options: Partial<ClusterOptions> & { readonly state?: string; readonly on?: EmbeddedVpp } = {},
  ): Promise<ClusterPunts> {
    const { state, on = this.vpp, ...cluster } = options;
    const name = `daemon-${++this.#count}`;
    const vpp = new LateVpp(on.apiSocket);
    const host = new EmulatedHost(on);
    const memifDirectory = join(on.directory, "memif");
    const punts = await ClusterPunts.start({
      cluster: { endpoints: this.etcd.url, host: "h1", lease: 10, timeout: 1000, name, ...cluster },
      manager: { vpp, host, memifDirectory, resyncInterval: 500 },
      state,
      addresses: [`/run/${name}.sock`],
      problem: (error) => void this.problems.push(error),
    });
    this.#t.teardown(async () => {
      await punts.close();
      await vpp.close();
    });
    return punts;
  }

  /** Starts another VPP. */
  async otherVpp(): Promise<EmbeddedVpp> {
    const exec = ["set interface state eth0 up"];
    const vpp = await EmbeddedVpp.start({ interfaces: ["eth0", "eth1"], exec });
    this.#t.teardown(() => vpp.close());
    return vpp;
  }

  /** The names and tags of VPP's interfaces. */
  async interfaces({ apiSocket: socketPath } = this.vpp): Promise<string[]> {
    await using vpp = await Vpp.connect({ socketPath });
    const found = await vpp.dumpAll("sw_interface_dump", {
      sw_if_index: 0xffff_ffff,
      name_filter_valid: false,
      name_filter: "",
    });
    return found.map(({ interface_name, sw_if_index, tag }) => `${sw_if_index} ${interface_name} ${tag}`);
  }

  /** Connects as an operator of a host. */
  async operator(host = "h1"): Promise<EtcdPunts> {
    const etcd = await Etcd.open({ endpoints: this.etcd.url, timeout: 1000 });
    this.#t.teardown(() => etcd.close());
    return new EtcdPunts(etcd, { host, by: () => "an operator" });
  }
}

/** Resolves when a daemon has that role. */
export async function hasRole(punts: ClusterPunts, role: string): Promise<void> {
  while (punts.role !== role) await new Promise((resolve) => punts.once("role", resolve));
}

/** Resolves when `isIt` says so. The test's own time ends it otherwise. */
export async function eventually(isIt: () => unknown): Promise<void> {
  while (!(await isIt())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export const span = (cnf: string, more: object = {}) =>
  ({ type: "SPAN", cnf, interconnect: "MEMIF", vppInterface: "eth0", ...more }) as const;

export const socketPunt = (cnf: string, port: number, directory: string) =>
  ({
    type: "PUNT_TO_SOCKET",
    cnf,
    socketPath: join(directory, `${cnf}.sock`),
    toHost: { af: "IPV4", protocol: "UDP", port },
  }) as const;
