// A real etcd of a test's own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { freePort } from "../free-port.js";

export interface EtcdServerOptions {
  /** More arguments of etcd. */
  readonly args?: readonly string[];
  /** `https` where the arguments say so. */
  readonly scheme?: "http" | "https";
  /** Arguments of every etcdctl, such as those for TLS. */
  readonly ctl?: readonly string[];
  /** Address to listen at. */
  readonly address?: string;
}

export class EtcdServer {
  readonly url: string;
  readonly folder: string;
  readonly #options: EtcdServerOptions;
  readonly #peer: string;
  #child: ChildProcess | undefined;
  #data: string;

  private constructor(folder: string, url: string, peer: string, options: EtcdServerOptions) {
    this.folder = folder;
    this.url = url;
    this.#peer = peer;
    this.#options = options;
    this.#data = join(folder, "data");
  }

  /** Starts etcd, which ends with the test. */
  static async start(t: Pick<ExecutionContext, "teardown">, options: EtcdServerOptions = {}): Promise<EtcdServer> {
    const { address = "127.0.0.1", scheme = "http" } = options;
    const folder = await mkdtemp(join(tmpdir(), "vpp-punt-etcd-"));
    const port = await freePort(address);
    const peer = await freePort(address);
    const server = new EtcdServer(folder, `${scheme}://${address}:${port}`, `http://${address}:${peer}`, options);
    server.ctlArgs = options.ctl ?? [];
    t.teardown(async () => {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    });
    await server.run();
    return server;
  }

  /** Starts the process, with the data that it had. */
  async run(): Promise<void> {
    const { args = [] } = this.#options;
    const urls = ["--listen-client-urls", this.url, "--advertise-client-urls", this.url];
    const peers = ["--listen-peer-urls", this.#peer, "--initial-advertise-peer-urls", this.#peer];
    const cluster = ["--initial-cluster", `default=${this.#peer}`, "--data-dir", this.#data, "--unsafe-no-fsync"];
    const all = [...urls, ...peers, ...cluster, "--logger", "zap", "--log-level", "error", ...args];
    this.#child = spawn("etcd", all, { stdio: ["ignore", "ignore", "inherit"] });
    for (;;) {
      try {
        this.ctl("endpoint", "health");
        return;
      } catch {
        if (this.#child.exitCode !== null) throw new Error("etcd does not start");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  stop(): void {
    this.#child!.kill("SIGSTOP");
  }

  continue(): void {
    this.#child!.kill("SIGCONT");
  }

  /** Runs etcdctl. Returns what it prints. */
  ctl(...args: string[]): string {
    const env = { ...process.env, ETCDCTL_API: "3" };
    const all = ["--endpoints", this.url, "--command-timeout", "3s", ...this.ctlArgs, ...args];
    return execFileSync("etcdctl", all, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Arguments of every etcdctl, such as those for TLS. */
  ctlArgs: readonly string[] = [];

  /** Saves what etcd has. */
  snapshot(file: string): void {
    this.ctl("snapshot", "save", file);
  }

  /** Replaces what etcd has by a snapshot, and starts it again. */
  async restore(file: string): Promise<void> {
    await this.kill();
    this.#data = join(this.folder, `data-${Date.now()}`);
    const cluster = ["--initial-cluster", `default=${this.#peer}`, "--initial-advertise-peer-urls", this.#peer];
    const env = { ...process.env, ETCDCTL_API: "3" };
    execFileSync("etcdctl", ["snapshot", "restore", file, "--data-dir", this.#data, ...cluster], {
      env,
      stdio: "ignore",
    });
    await this.run();
  }

  /** Forgets the history. */
  compact(): void {
    const [{ Status }] = JSON.parse(this.ctl("endpoint", "status", "-w", "json"));
    this.ctl("compact", String(Status.header.revision));
  }
}
