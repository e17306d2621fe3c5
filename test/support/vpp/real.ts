// A real VPP for a test: in a folder of its own, as many at once as wanted, gone when the test process is gone.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { atEnd } from "../machine/at-end.js";
import { program, vppPluginFolder, vppProgram } from "../machine/programs.js";

const run = promisify(execFile);

export interface VppOptions {
  /** Plugins to leave out, such as `abx_plugin.so`. */
  readonly without?: readonly string[];
  /** Plugins to load that are off by default. */
  readonly plugins?: readonly string[];
  /** A folder with plugins of the test's own. */
  readonly pluginFolder?: string;
  /** More sections of startup.conf. */
  readonly config?: string;
  /** Sleep of VPP's main loop while something polls: 100 us keep a connected memif at 12 % of a core, not 100 %. */
  readonly pollSleepMicroseconds?: number;
  /** Memory for ten thousand interfaces. */
  readonly isLarge?: boolean;
}

const READY_WITHIN_MS = 100_000;
/** VPP would take a whole processor of an emulated machine, which has two slow ones. */
const POLL_SLEEP_US = process.env.VHOST_VM ? 5_000 : 100;
const STOP_WITHIN_MS = 10_000;
const prefix = "vpp-real-";
const running = new Set<RealVpp>();

atEnd(() => {
  for (const vpp of running) vpp.abandon();
});

/** One VPP: its sockets' paths stay the same over `kill()`, `stop()` and `start()`. */
export class RealVpp {
  readonly directory: string;
  readonly apiSocket: string;
  readonly cliSocket: string;
  readonly puntSocket: string;
  readonly statsSocket: string;
  readonly #options: VppOptions;
  /** Where the program lies; undefined: where tests look for VPP. */
  #prefix: string | undefined;
  #child: ChildProcess | undefined;

  constructor(options: VppOptions = {}) {
    this.#options = options;
    // UNIX socket paths have 107 characters: the folder's name is short.
    this.directory = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
    this.apiSocket = join(this.directory, "api.sock");
    this.cliSocket = join(this.directory, "cli.sock");
    this.puntSocket = join(this.directory, "punt.sock");
    this.statsSocket = join(this.directory, "stats.sock");
    running.add(this);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Runs VPP and waits until its sockets answer. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error("this VPP runs already");
    for (const socket of [this.apiSocket, this.cliSocket, this.puntSocket, this.statsSocket])
      rmSync(socket, { force: true });
    const child = this.#spawn();
    this.#child = child;
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
    });
    const until = Date.now() + READY_WITHIN_MS;
    while (!(await this.#answers())) {
      if (this.#child === undefined) throw new Error(`VPP ended at its start:\n${this.log()}`);
      if (Date.now() > until) throw new Error(`VPP does not answer:\n${this.log()}`);
      await sleep(20);
    }
  }

  #spawn(): ChildProcess {
    const log = openSync(join(this.directory, "output"), "a");
    const conf = join(this.directory, "startup.conf");
    writeFileSync(conf, startupConf(this, this.#options, vppPluginFolder(this.#prefix)));
    const command = [vppProgram(this.#prefix)!, "-c", conf];
    // The kernel ends VPP when this process dies without a chance to do so itself.
    const setpriv = program("setpriv");
    if (setpriv !== undefined) command.unshift(setpriv, "--pdeathsig", "KILL");
    // The sanitizers that these tests may run under are for our addon: preloaded into VPP they take the memory it wants.
    const { LD_PRELOAD: _, ...env } = process.env;
    const child = spawn(command[0]!, command.slice(1), { cwd: this.directory, env, stdio: ["ignore", log, log] });
    closeSync(log);
    return child;
  }

  async #answers(): Promise<boolean> {
    if (!(await accepts(this.apiSocket)) || !existsSync(this.cliSocket)) return false;
    return this.cli("show version").then(
      (text) => text.startsWith("vpp v"),
      () => false,
    );
  }

  /** Returns the answer of VPP's command line. */
  async cli(command: string): Promise<string> {
    const vppctl = join(dirname(vppProgram(this.#prefix)!), "vppctl");
    const args = ["-s", this.cliSocket, ...command.split(" ")];
    // vppctl of VPP 22.10 may fail after it has printed the whole answer, as VPP closes the socket first.
    const { stdout } = await run(vppctl, args, { timeout: 20_000 }).catch((error: { stdout?: string }) => {
      if (error.stdout) return { stdout: error.stdout };
      throw error;
    });
    return stdout.replaceAll("\r", "");
  }

  /** Runs several commands. A command that VPP refuses is an error. */
  async configure(...commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      const answer = await this.cli(command);
      if (/unknown input|parse error|failed|not found|^\S+: /m.test(answer)) throw new Error(`${command}: ${answer}`);
    }
  }

  /** Returns VPP's output so far: its standard output and its log. */
  log(): string {
    return ["output", "vpp.log"]
      .map((name) => join(this.directory, name))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, "utf8"))
      .join("");
  }

  /** SIGKILL, as a crash would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** A new VPP in the place of this one, which remembers nothing. */
  async restart(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await this.#end(signal);
    await this.start();
  }

  /** A VPP of another release in the place of this one. @param prefix where it lies; undefined: where tests look for VPP */
  async replace(prefix: string | undefined): Promise<void> {
    await this.#end("SIGTERM");
    this.#prefix = prefix;
    await this.start();
  }

  /** Ends VPP and removes its folder. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    this.abandon();
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const slow = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await ended;
    clearTimeout(slow);
  }

  /** Ends VPP and removes its traces at once, without waiting for its end. */
  abandon(): void {
    this.#child?.kill("SIGKILL");
    removeTraces(this.directory);
    running.delete(this);
  }
}

/** Starts a VPP; `stop()` it in the test's teardown. */
export async function startVpp(options: VppOptions = {}): Promise<RealVpp> {
  if (vppProgram() === undefined) throw new Error("no program vpp in $VPP_PREFIX/bin, /opt/vpp/bin or PATH");
  sweep();
  const vpp = new RealVpp(options);
  try {
    await vpp.start();
  } catch (error) {
    vpp.abandon();
    throw error;
  }
  return vpp;
}

function startupConf(vpp: RealVpp, options: VppOptions, path: string | undefined): string {
  const plugins = [
    "plugin linux_cp_plugin.so { enable }",
    ...(options.plugins ?? []).map((name) => `plugin ${name} { enable }`),
    ...(options.without ?? []).map((name) => `plugin ${name} { disable }`),
  ];
  if (options.pluginFolder !== undefined) plugins.unshift(`add-path ${options.pluginFolder}`);
  if (path !== undefined) plugins.unshift(`path ${path}`);
  return [
    `unix { nodaemon nocolor nobanner cli-no-pager log ${join(vpp.directory, "vpp.log")} cli-listen ${vpp.cliSocket}`,
    `  runtime-dir ${vpp.directory} poll-sleep-usec ${options.pollSleepMicroseconds ?? POLL_SLEEP_US} }`,
    `api-segment { prefix ${basename(vpp.directory)} }`,
    `socksvr { socket-name ${vpp.apiSocket} }`,
    `punt { socket ${vpp.puntSocket} }`,
    `statseg { socket-name ${vpp.statsSocket} page-size default size ${options.isLarge ? "512M" : "32M"} }`,
    // Without huge pages, and small: several run at once.
    `memory { main-heap-size ${options.isLarge ? "2G" : "512M"} main-heap-page-size default }`,
    "buffers { page-size default buffers-per-numa 16384 }",
    `plugins { ${plugins.join(" ")} }`,
    options.config ?? "",
    "",
  ].join("\n");
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Where VPP makes the memory of its API, `<api-segment's prefix>-vpe-api` and others. It leaves the files behind. */
const SHARED_MEMORY = "/dev/shm";

/** Removes a VPP's folder, and its files in shared memory. */
export function removeTraces(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  for (const name of readdirSync(SHARED_MEMORY))
    if (name.startsWith(`${basename(directory)}-`)) rmSync(join(SHARED_MEMORY, name), { force: true });
}

/** Removes the traces of test processes that were killed. */
function sweep(): void {
  for (const folder of [tmpdir(), SHARED_MEMORY]) {
    for (const name of readdirSync(folder)) {
      const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
      if (owner > 0 && !existsSync(`/proc/${owner}`)) rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}
