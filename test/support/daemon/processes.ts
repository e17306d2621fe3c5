// A VPP, a daemon and CNFs, each in a process of its own.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import type { CnfRequest, OpenPuntOptions } from "../../../lib/module/index.js";
import { EmbeddedVpp, type SpawnedVpp } from "../../../lib/sim/index.js";

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export interface Told {
  readonly state: string;
  readonly codes: readonly string[];
}

/** A CNF's process, and everything it has said of its status. */
export class CnfProcess {
  readonly told: Told[] = [];
  readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on("message", (told) => this.told.push(told as Told));
  }

  /** Resolves when the last status is that; rejects when the process ends. */
  async reaches(isIt: (told: Told) => boolean): Promise<void> {
    while (!(this.told.length > 0 && isIt(this.told.at(-1)!))) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error("the CNF has ended");
      await Promise.race([once(this.child, "message"), once(this.child, "exit")]);
    }
  }

  async kill(): Promise<void> {
    await kill(this.child);
  }
}

async function kill(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}

/** A host with a VPP, whose interface eth0 has 10.0.0.1. */
export class ClusterHost {
  readonly directory: string;
  readonly vpp: SpawnedVpp;
  readonly #children = new Set<ChildProcess>();
  #daemon: ChildProcess | undefined;

  private constructor(directory: string, vpp: SpawnedVpp) {
    this.directory = directory;
    this.vpp = vpp;
  }

  /** Everything ends with the test. */
  static async start(t: ExecutionContext): Promise<ClusterHost> {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-host-"));
    const exec = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"];
    const vpp = await EmbeddedVpp.spawn({ directory, interfaces: ["eth0", "eth1"], exec });
    const host = new ClusterHost(directory, vpp);
    t.teardown(async () => {
      for (const child of host.#children) await kill(child);
      await vpp.close();
      await rm(directory, { recursive: true, force: true });
    });
    return host;
  }

  get socket(): string {
    return join(this.directory, "manager.sock");
  }

  async startDaemon(): Promise<void> {
    const path = (name: string) => join(this.directory, name);
    const options = {
      ...{ socket: this.socket, vppSocket: this.vpp.apiSocket, state: path("state") },
      ...{ socketDirectory: path("sockets"), manager: { memifDirectory: path("memif"), resyncInterval: 500 } },
    };
    this.#daemon = this.#fork("daemon-process.js", options);
    await once(this.#daemon, "message");
  }

  killDaemon(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    return kill(this.#daemon!, signal);
  }

  startCnf(name: string, request: CnfRequest, options: OpenPuntOptions = {}): CnfProcess {
    return new CnfProcess(
      this.#fork("cnf-process.js", { request, name, options: { socket: this.socket, ...options } }),
    );
  }

  #fork(name: string, job: object): ChildProcess {
    const child = fork(script(name), [JSON.stringify(job)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#children.add(child);
    child.on("exit", () => this.#children.delete(child));
    return child;
  }
}
