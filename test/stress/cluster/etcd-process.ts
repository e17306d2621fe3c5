// etcd in a namespace of its own, to be killed, stopped, compacted and asked.
import { join } from "node:path";
import { main } from "../../support/cli/command.js";
import { Child, pause } from "./child.js";
import { command, type HostNetwork } from "./network.js";

const LOCAL = "http://127.0.0.1:2379";

/** A punt of `vpp-punt list --json`. */
export interface ListedPunt {
  readonly host: string;
  readonly id: { readonly cnf: string; readonly key: string; readonly label: string };
  readonly state: string;
  readonly reasons: readonly string[];
}

export class EtcdProcess {
  readonly #network: HostNetwork;
  readonly #directory: string;
  #child: Child | undefined;

  constructor(network: HostNetwork, directory: string) {
    this.#network = network;
    this.#directory = directory;
  }

  async start(): Promise<void> {
    const data = ["--data-dir", join(this.#directory, "etcd"), "--logger", "zap", "--log-level", "warn"];
    const urls = ["--listen-client-urls", "http://0.0.0.0:2379", "--advertise-client-urls", LOCAL];
    const words = this.#inside("etcd", ...data, ...urls);
    this.#child = new Child({ words, log: join(this.#directory, "etcd.log") });
    while (
      !(await this.#ctl("endpoint", "health").then(
        () => true,
        () => false,
      ))
    ) {
      if (!this.#child.isAlive) throw new Error("etcd does not start");
      await pause(100);
    }
  }

  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
  }

  signal(signal: NodeJS.Signals): void {
    this.#child!.signal(signal);
  }

  /** Forgets the history up to now. */
  async compact(): Promise<string> {
    const [{ Status }] = JSON.parse(await this.#ctl("endpoint", "status", "-w", "json"));
    const { revision } = Status.header as { revision: number };
    // Nothing may have been written since the last time.
    await this.#ctl("compact", String(revision)).catch((error: Error) => {
      if (!/has been compacted/.test(error.message)) throw error;
    });
    return `at revision ${revision}`;
  }

  /** Runs `vpp-punt` beside etcd. */
  async cli(...args: string[]): Promise<string> {
    const [name, ...words] = this.#inside(process.execPath, main, ...args, "--etcd", LOCAL);
    return command(name!, ...words);
  }

  async list(): Promise<readonly ListedPunt[]> {
    return JSON.parse(await this.cli("list", "--all-hosts", "--json")).punts;
  }

  #inside(...words: string[]): string[] {
    return this.#network.inside(this.#network.etcd, ...words);
  }

  #ctl(...args: string[]): Promise<string> {
    const [name, ...words] = this.#inside("etcdctl", "--endpoints", LOCAL, "--command-timeout", "3s", ...args);
    return command("env", "ETCDCTL_API=3", name!, ...words);
  }
}
