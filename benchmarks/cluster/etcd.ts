// An etcd for a benchmark, with its data in a folder.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../test/support/free-port.js";

export class BenchEtcd {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(folder: string): Promise<BenchEtcd> {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    const urls = ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer];
    const cluster = ["--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`];
    const rest = ["--data-dir", join(folder, "etcd"), "--logger", "zap", "--log-level", "error"];
    const child = spawn("etcd", [...urls, ...cluster, ...rest], { stdio: "ignore" });
    process.on("exit", () => child.kill("SIGKILL"));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
    const etcd = new BenchEtcd(client, child);
    while (!etcd.#isHealthy()) await sleep(50);
    return etcd;
  }

  /** MB of etcd's data, and of its process. */
  size(): { readonly dataMb: number; readonly mb: number } {
    const [{ Status }] = JSON.parse(this.#ctl("endpoint", "status", "-w", "json"));
    return { dataMb: Status.dbSize / 1e6, mb: rssMb(this.#child.pid!) };
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }

  #isHealthy(): boolean {
    try {
      this.#ctl("endpoint", "health");
      return true;
    } catch {
      return false;
    }
  }

  #ctl(...args: string[]): string {
    const env = { ...process.env, ETCDCTL_API: "3" };
    return execFileSync("etcdctl", ["--endpoints", this.url, ...args], { env, encoding: "utf8", stdio: "pipe" });
  }
}

/** MB of memory of a process. */
export function rssMb(pid: number): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1e3;
}
