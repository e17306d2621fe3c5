// Real containers of podman over the host's own programs and this package: no image and no network. They end with the test.
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ExecutionContext } from "ava";
import { atEnd } from "../machine/at-end.js";
import { until } from "../machine/netns.js";
import { removeTraces } from "../vpp/real.js";

const run = promisify(execFile);
/** Folder of the package, with dist/. */
const PACKAGE = fileURLToPath(new URL("../../../..", import.meta.url));
/** Options of podman for a machine without systemd and with low limits. */
const GLOBAL = ["--cgroup-manager=cgroupfs", "--runtime", "runc"];
const LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];
const open = new Set<Podman>();

atEnd(() => {
  for (const podman of open) podman.abandon();
});

/** Where this package is inside. */
export const APP = "/app";

export interface ContainerOptions {
  /** `none`, `host`, or `ns:<path>`. Default `none`. */
  readonly network?: string;
  /** Shares the PID namespace of the host. */
  readonly hostPids?: boolean;
  /** User and group. Without it root, with `capabilities`. */
  readonly user?: number;
  /** Capabilities beside none. */
  readonly capabilities?: readonly string[];
  readonly privileged?: boolean;
  /** `source:target[:options]`. */
  readonly mounts?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where this package is inside. Default {@link APP}. */
  readonly packageAt?: string;
}

/** A running container with its output. */
export class Container {
  readonly name: string;
  readonly child: ChildProcess;
  output = "";

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Its first process, as the host sees it. */
  async pid(): Promise<number> {
    const { stdout } = await run("podman", [...GLOBAL, "inspect", "--format", "{{.State.Pid}}", this.name]);
    return Number(stdout);
  }

  async kill(): Promise<void> {
    await run("podman", [...GLOBAL, "rm", "--force", "--time", "0", this.name]).catch(() => {});
  }
}

/** The containers of one test. */
export class Podman {
  readonly directory = mkdtempSync(join(tmpdir(), "vpp-punt-ct-"));
  readonly #names: string[] = [];
  readonly #containers: Container[] = [];
  readonly #services: ChildProcess[] = [];

  constructor(t: ExecutionContext) {
    open.add(this);
    t.teardown(() => this.abandon());
  }

  /** Starts Podman's service of Docker's API. @returns the path of its socket */
  async service(): Promise<string> {
    const path = join(this.directory, "engine.sock");
    const child = spawn("podman", [...GLOBAL, "system", "service", "--time", "0", `unix://${path}`], {
      stdio: "ignore",
    });
    this.#services.push(child);
    await until("podman's service", () => existsSync(path));
    return path;
  }

  start(name: string, command: readonly string[], options: ContainerOptions = {}): Container {
    const full = `vpp-punt-${process.pid}-${name}-${this.#names.length}`;
    this.#names.push(full);
    const { network = "none", hostPids, user, capabilities = [], privileged, mounts = [], env = {} } = options;
    const { packageAt = APP } = options;
    const words = [
      ...GLOBAL,
      ...["run", "--rm", "--name", full, "--network", network, ...LIMITS, "--workdir", APP],
      ...(hostPids ? ["--pid", "host"] : []),
      ...(privileged
        ? ["--privileged"]
        : ["--cap-drop", "all", ...capabilities.flatMap((each) => ["--cap-add", each])]),
      ...(user === undefined ? [] : ["--user", `${user}:${user}`, "--security-opt", "no-new-privileges"]),
      ...[...hostFolders(packageAt), ...mounts].flatMap((mount) => ["--volume", mount]),
      ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...["--rootfs", this.#rootfs(full), ...command],
    ];
    const container = new Container(full, spawn("podman", words, { stdio: ["ignore", "pipe", "pipe"] }));
    this.#containers.push(container);
    return container;
  }

  /** Describes the containers, their output and the daemon's sockets, for the message of a test that fails. */
  report(): string {
    const texts = this.#containers.map(({ name, child, output }) => {
      const end = child.exitCode ?? child.signalCode;
      return `${name}, ${end === null ? "running" : `ended with ${end}`}:\n${output}`;
    });
    const run = join(this.directory, "run");
    const files = existsSync(run) ? readdirSync(run).map((file) => ({ file, ...statSync(join(run, file)) })) : [];
    const modes = files.map(({ file, mode, uid }) => `${file} ${mode.toString(8)} of user ${uid}`);
    return [...texts, ...modes].join("\n");
  }

  abandon(): void {
    open.delete(this);
    for (const service of this.#services) service.kill("SIGKILL");
    if (this.#names.length > 0)
      execFileSync("podman", [...GLOBAL, "rm", "--force", "--ignore", "--time", "0", ...this.#names], {
        stdio: "ignore",
      });
    // Namespaces that a daemon of the host has bound to files.
    const pins = join(this.directory, "run/netns");
    for (const name of existsSync(pins) ? readdirSync(pins) : [])
      spawnSync("umount", ["--lazy", join(pins, name)], { stdio: "ignore" });
    removeTraces(this.directory);
  }

  #rootfs(name: string): string {
    const root = join(this.directory, "roots", name);
    for (const folder of ["usr", "opt", "etc", "proc", "sys", "dev", "tmp", "run", "var/run", "app"])
      mkdirSync(join(root, folder), { recursive: true });
    for (const link of ["bin", "sbin", "lib", "lib32", "lib64"])
      if (existsSync(join("/usr", link))) symlinkSync(`usr/${link}`, join(root, link));
    return root;
  }
}

function hostFolders(packageAt: string): string[] {
  const node = dirname(dirname(process.execPath));
  const { VPP_PREFIX = "/opt/vpp", LIBMEMIF_PREFIX = "/usr" } = process.env;
  const others = [node, VPP_PREFIX, LIBMEMIF_PREFIX].filter((path) => existsSync(path) && path !== "/usr");
  return ["/usr:/usr:ro", `${PACKAGE}:${packageAt}:ro`, ...others.map((path) => `${path}:${path}:ro`)];
}
