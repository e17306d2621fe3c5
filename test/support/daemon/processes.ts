// A VPP, a daemon and CNFs, each in a process of its own.

import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { CnfRequest, OpenPuntOptions } from "../../../lib/module/index.js";
import { EmbeddedVpp, type SpawnedVpp } from "../../../lib/sim/index.js";
import { programPath } from "../program.js";

const script = (name: string) => programPath(`test/support/daemon/${name}`);

export interface Told {
  readonly state: string;
  readonly codes: readonly string[];
}

/** A CNF's process, and everything it has said of its status. */
export class CnfProcess {
  readonly told: Told[] = [];
  /** Payloads of the packets that it did not answer. */
  readonly seen: string[] = [];
  readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on("message", (told: Told | { seen: string }) => {
      if ("seen" in told) this.seen.push(told.seen);
      else this.told.push(told);
    });
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

/** A namespace that a daemon has bound to a file outlives the daemon. */
async function unpin(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) execFileSync("umount", ["--lazy", join(folder, name)]);
}

async function kill(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}

export interface HostOptions {
  /** TAPs are devices of this machine. Needs root. */
  readonly linux?: boolean;
  /** A user without any right, for whom the daemon's sockets alone can be reached. */
  readonly user?: number;
  /** The daemon is a user without any right either. All that it has is this group, to which VPP's sockets belong. */
  readonly daemonGroup?: number;
}

const NOBODY = 65_534;

/** A host with a VPP, whose interface eth0 has 10.0.0.1. */
export class ClusterHost<V extends { readonly apiSocket: string } = SpawnedVpp> {
  readonly directory: string;
  readonly vpp: V;
  readonly #options: HostOptions;
  readonly #children = new Set<ChildProcess>();
  #daemon: ChildProcess | undefined;

  private constructor(directory: string, vpp: V, options: HostOptions) {
    this.#options = options;
    this.directory = directory;
    this.vpp = vpp;
  }

  /** Everything ends with the test. */
  static async start(t: ExecutionContext, options: HostOptions = {}): Promise<ClusterHost> {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-host-"));
    const exec = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"];
    const own = join(directory, "vpp");
    const devices = options.linux ? ({ host: "linux" } as const) : {};
    await mkdir(own);
    // VPP's group may write to the sockets that VPP makes.
    const umask = options.daemonGroup === undefined ? undefined : process.umask(0o002);
    const starting = EmbeddedVpp.spawn({ directory: own, interfaces: ["eth0", "eth1"], exec, ...devices });
    if (umask !== undefined) process.umask(umask);
    const vpp = await starting;
    t.teardown(() => vpp.close());
    return ClusterHost.#around(t, directory, vpp, options);
  }

  /** A host whose VPP runs already. */
  static async beside<V extends { readonly apiSocket: string }>(
    t: ExecutionContext,
    vpp: V,
    options: HostOptions,
  ): Promise<ClusterHost<V>> {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-host-"));
    await mkdir(join(directory, "vpp"));
    return ClusterHost.#around(t, directory, vpp, options);
  }

  static async #around<V extends { readonly apiSocket: string }>(
    t: ExecutionContext,
    directory: string,
    vpp: V,
    options: HostOptions,
  ): Promise<ClusterHost<V>> {
    await mkdir(join(directory, "run"));
    const host = new ClusterHost(directory, vpp, options);
    if (options.user !== undefined) {
      await chmod(directory, 0o711);
      await chmod(join(directory, "vpp"), 0o700);
    }
    if (options.daemonGroup !== undefined) await host.#giveTo(options.daemonGroup);
    t.teardown(async () => {
      for (const child of host.#children) await kill(child);
      await unpin(join(directory, "run/netns"));
      await rm(directory, { recursive: true, force: true });
    });
    return host;
  }

  /** As an operator does it: VPP's folders and sockets are the group's, and the daemon's own folders are its user's. */
  async #giveTo(group: number): Promise<void> {
    const vpp = join(this.directory, "vpp");
    await chmod(this.directory, 0o711);
    await mkdir(join(this.directory, "state"));
    for (const name of ["run", "state"]) await chown(join(this.directory, name), NOBODY, group);
    for (const name of await readdir(vpp)) await chown(join(vpp, name), 0, group);
    await mkdir(join(vpp, "memif"));
    for (const folder of [vpp, join(vpp, "memif")]) {
      await chown(folder, 0, group);
      // The group of a folder is that of everything that VPP makes in it.
      await chmod(folder, 0o2770);
    }
  }

  get daemonPid(): number {
    return this.#daemon!.pid!;
  }

  get socket(): string {
    return join(this.directory, "run/manager.sock");
  }

  async startDaemon(): Promise<void> {
    const path = (name: string) => join(this.directory, name);
    const options = {
      ...{ socket: this.socket, vppSocket: this.vpp.apiSocket, state: path("state") },
      ...{ socketDirectory: path("vpp/sockets"), manager: { memifDirectory: path("vpp/memif"), resyncInterval: 500 } },
      ...(this.#options.user !== undefined && { socketMode: 0o666 }),
      linux: this.#options.linux ?? false,
    };
    const group = this.#options.daemonGroup;
    this.#daemon =
      group === undefined
        ? this.#fork("daemon-process.js", options)
        : this.#powerless("setpriv", [], { user: NOBODY, group }, "daemon-process.js", options);
    await once(this.#daemon, "message");
  }

  killDaemon(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    return kill(this.#daemon!, signal);
  }

  startCnf(name: string, request: CnfRequest, options: OpenPuntOptions = {}): CnfProcess {
    const job = { request, name, options: { socket: this.socket, ...options } };
    const { user } = this.#options;
    return new CnfProcess(user === undefined ? this.#fork("cnf-process.js", job) : this.#confined(user, job));
  }

  /** A process of another user, without capabilities, in a network namespace of its own. */
  #confined(user: number, job: object): ChildProcess {
    return this.#powerless("unshare", ["--net", "setpriv"], { user }, "cnf-process.js", job);
  }

  /** A process of another user, in at most one group, without capabilities and without a way to get one. */
  #powerless(
    command: string,
    before: readonly string[],
    { user, group }: { user: number; group?: number },
    name: string,
    job: object,
  ): ChildProcess {
    const groups = group === undefined ? "--clear-groups" : `--groups=${group}`;
    const as = ["--reuid", `${user}`, "--regid", `${user}`, groups, "--no-new-privs", "--inh-caps=-all"];
    const all = [...before, ...as, "--bounding-set=-all", process.execPath, script(name), JSON.stringify(job)];
    return this.#keep(spawn(command, all, { stdio: ["ignore", "ignore", "inherit", "ipc"] }));
  }

  #fork(name: string, job: object): ChildProcess {
    return this.#keep(fork(script(name), [JSON.stringify(job)], { stdio: ["ignore", "ignore", "inherit", "ipc"] }));
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#children.add(child);
    child.on("exit", () => this.#children.delete(child));
    return child;
  }
}
