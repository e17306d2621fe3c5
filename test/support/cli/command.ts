// The command line as a user runs it, over an embedded VPP that is a program of its own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { programPath } from "../program.js";

/** Path of the program. */
export const main = programPath("lib/cli/main.js");

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

/** How long a command may take: less than the time after which AVA ends a test. In an emulated machine a second becomes a minute. */
export const LONGEST_RUN_MS = process.env.VHOST_VM ? 500_000 : 110_000;

/** Runs the program to its end. Rejects if a signal ends it: it has no status then. */
export function cli(args: readonly string[], { env = {}, stdin = "", cwd }: RunOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: LONGEST_RUN_MS,
      maxBuffer: 1 << 28,
      env: { ...process.env, ...env },
      ...(cwd && { cwd }),
    };
    const program = execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      if (error?.signal) return reject(new Error(`vpp-punt ${args[0]} was ended by ${error.signal}: ${stderr}`));
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    program.stdin!.end(stdin);
  });
}

/** Starts the program; its standard output can be read. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

/** Ends a program by a signal; resolves with its exit status and signal. */
export async function end(program: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<unknown[]> {
  if (program.exitCode !== null || program.signalCode !== null) return [program.exitCode, program.signalCode];
  const ended = once(program, "exit");
  program.kill(signal);
  return ended;
}

/** A punt of `list --json`, as far as tests look at it. */
interface ListedPunt {
  readonly id: { readonly cnf: string };
  readonly type: string;
  readonly state: string;
  readonly reasons: readonly string[];
  readonly degraded: readonly { readonly text: string }[];
  readonly missing: readonly object[];
  readonly metadata: { readonly caveats: readonly string[] };
}

/** An embedded VPP, a store and a folder for the memif sockets. */
export class Site {
  readonly folder: string;
  readonly sim: ChildProcess;

  constructor(folder: string, sim: ChildProcess) {
    this.folder = folder;
    this.sim = sim;
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** The environment of a command that is about this VPP. */
  get env(): Record<string, string> {
    return { VPP_PUNT_VPP: this.at("api.sock"), VPP_PUNT_STORE: this.at("store.json") };
  }

  /** Options that the environment does not give. */
  get options(): string[] {
    return ["--memif-directory", this.at("memif")];
  }

  /** Writes a file of punts and returns its path. */
  async file(punts: readonly string[], name = "punts.yaml"): Promise<string> {
    const path = this.at(name);
    await writeFile(path, `punts:\n${punts.map((punt) => `  - ${punt}\n`).join("")}`);
    return path;
  }

  /** Runs a command about the punts of this VPP. */
  punts(...args: string[]): Promise<Result> {
    return cli([...args, ...this.options], { env: this.env });
  }

  /** The punts as `list --json` prints them. */
  async listed(): Promise<ListedPunt[]> {
    return JSON.parse((await this.punts("list", "--json")).stdout).punts;
  }
}

/** Starts an embedded VPP with eth0 and eth1, which ends with the test. */
export async function site(t: ExecutionContext<unknown>, ...options: string[]): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-cli-"));
  const interfaces = ["--interface", "eth0", "--interface", "eth1"];
  const sim = start(["sim", "--json", "--directory", folder, ...interfaces, ...options]);
  t.teardown(async () => {
    await end(sim, "SIGKILL");
    await rm(folder, { recursive: true });
  });
  await once(sim.stdout!, "data");
  return new Site(folder, sim);
}

export const SPAN = "{ type: SPAN, cnf: monitor, key: eth0, interconnect: MEMIF, vppInterface: eth0 }";
export const XCONNECT =
  "{ type: HAIRPIN_XCONNECT, cnf: wire, interconnect: MEMIF, vppInterface1: eth1, vppInterface2: eth2 }";
