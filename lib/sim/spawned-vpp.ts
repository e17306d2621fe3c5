// An embedded VPP in a process of its own, seen from its parent.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { PuntError } from "../errors.js";
import { packageFile } from "../package-root.js";
import type { HostInterfaceFilter, HostInterfaceInfo, InterfaceInfo, VppControl } from "./control.js";
import type { NodeCounter } from "./dataplane/index.js";
import type { FaultRule } from "./faults.js";
import type { EmbeddedVppOptions } from "./options.js";
import { makeFolder, removeFolder } from "./own-folder.js";

/** A call of the parent's, by name; the arguments go through structured clone. */
export interface ChildCall {
  id: number;
  method: string;
  args: unknown[];
}

export interface ChildReply {
  id: number;
  value?: unknown;
  error?: { op: string; code: string; message: string; details: Readonly<Record<string, unknown>> };
}

/** The first message to the child. */
export interface ChildStart {
  options: EmbeddedVppOptions & { directory: string };
  /** The parent made the folder: the child removes it if the parent is gone. */
  ownsDirectory: boolean;
}

/** The child's message when it is up. */
export interface ChildReady {
  ready: Pick<VppControl, "apiSocket" | "puntSocket" | "statsSocket" | "directory">;
}

const CHILD = packageFile("dist/lib/sim/spawned-main.js");

interface Waiting {
  resolve(value: never): void;
  reject(error: unknown): void;
}

/**
 * An embedded VPP in a process of its own: the same control surface, and `kill()`.
 * @example
 * ```ts
 * import { Vpp } from "vpp-punt/binapi";
 * import { EmbeddedVpp, type SpawnedVpp } from "vpp-punt/sim";
 *
 * async function crash(sim: SpawnedVpp): Promise<void> {
 *   await sim.kill();
 *   await sim.start();
 * }
 *
 * await using sim = await EmbeddedVpp.spawn({ interfaces: ["eth0"] });
 * await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
 * vpp.on("connected", () => console.log("connected again"));
 * await crash(sim);
 * ```
 */
export class SpawnedVpp implements VppControl {
  #child: ChildProcess | undefined;
  #ready: ChildReady["ready"];
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #closing: Promise<void> | undefined;
  readonly #options: EmbeddedVppOptions & { directory: string };
  readonly #ownsDirectory: boolean;

  /** @internal */
  constructor(options: EmbeddedVppOptions & { directory: string }, ownsDirectory: boolean) {
    this.#options = options;
    this.#ownsDirectory = ownsDirectory;
    this.#ready = { apiSocket: "", puntSocket: undefined, statsSocket: undefined, directory: options.directory };
  }

  get apiSocket(): string {
    return this.#ready.apiSocket;
  }

  get puntSocket(): string | undefined {
    return this.#ready.puntSocket;
  }

  get statsSocket(): string | undefined {
    return this.#ready.statsSocket;
  }

  get directory(): string {
    return this.#ready.directory;
  }

  /** 0 while the process is dead. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Whether its process runs. */
  get alive(): boolean {
    return this.#child !== undefined;
  }

  /** Kills the process with SIGKILL. Its socket files stay behind. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** Starts the process again after `kill()` or a crash, with the same paths and nothing else of its state. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    // Options of this process, such as --input-type of `node -e`, are not for the child.
    const child = fork(CHILD, [], { serialization: "advanced", execArgv: [] });
    this.#child = child;
    child.on("exit", () => this.#exited(child));
    child.on("message", (message: ChildReply) => this.#replied(message));
    child.send({ options: this.#options, ownsDirectory: this.#ownsDirectory } satisfies ChildStart);
    this.#ready = await new Promise<ChildReady["ready"]>((resolve, reject) => {
      const onMessage = (message: ChildReady | ChildReply) => {
        if ("ready" in message) resolve(message.ready);
        else if (message.id === 0) reject(errorOf(message));
      };
      child.on("message", onMessage);
      child.once("exit", () => reject(dead("sim.spawn")));
    });
  }

  inject(name: string, frames: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#call("inject", name, frames);
  }

  transmitted(name: string): Promise<Uint8Array[]> {
    return this.#call("transmitted", name);
  }

  hostSend(name: string, frames: Uint8Array | readonly Uint8Array[], namespace = ""): Promise<void> {
    return this.#call("hostSend", name, frames, namespace);
  }

  hostReceived(name: string, namespace = ""): Promise<Uint8Array[]> {
    return this.#call("hostReceived", name, namespace);
  }

  setHostMtu(name: string, mtu: number, namespace = ""): Promise<void> {
    return this.#call("setHostMtu", name, mtu, namespace);
  }

  hostInterfaces(filter: HostInterfaceFilter = {}): Promise<HostInterfaceInfo[]> {
    return this.#call("hostInterfaces", filter);
  }

  interfaces(): Promise<InterfaceInfo[]> {
    return this.#call("interfaces");
  }

  counters(): Promise<NodeCounter[]> {
    return this.#call("counters");
  }

  log(): Promise<string[]> {
    return this.#call("log");
  }

  cli(line: string): Promise<string> {
    return this.#call("cli", line);
  }

  addFault(rule: FaultRule): Promise<void> {
    return this.#call("addFault", rule);
  }

  clearFaults(): Promise<void> {
    return this.#call("clearFaults");
  }

  async restart(options: { downMs?: number } = {}): Promise<void> {
    if (this.#child === undefined) await this.start();
    else await this.#call("restart", options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #close(): Promise<void> {
    const child = this.#child;
    if (child !== undefined) {
      const exit = once(child, "exit");
      await this.#call("close").catch(() => undefined);
      if (child.connected) child.disconnect();
      await exit;
    }
    if (this.#ownsDirectory) removeFolder(this.#options.directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    const child = this.#child;
    if (child === undefined) return Promise.reject(dead(`sim.${method}`));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      child.send({ id, method, args } satisfies ChildCall, (error) => {
        if (error === null || !this.#waiting.delete(id)) return;
        reject(dead(`sim.${method}`));
      });
    });
  }

  #replied(reply: ChildReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    if (reply.error === undefined) waiting.resolve(reply.value as never);
    else waiting.reject(errorOf(reply));
  }

  #exited(child: ChildProcess): void {
    if (this.#child === child) this.#child = undefined;
    for (const { reject } of this.#waiting.values()) reject(dead("sim.call"));
    this.#waiting.clear();
  }
}

/** Starts an embedded VPP in a process of its own. */
export async function spawnVpp(options: EmbeddedVppOptions): Promise<SpawnedVpp> {
  const ownsDirectory = options.directory === undefined;
  const directory = options.directory ?? makeFolder();
  const vpp = new SpawnedVpp({ ...options, directory }, ownsDirectory);
  try {
    await vpp.start();
  } catch (error) {
    await vpp.close();
    throw error;
  }
  return vpp;
}

function errorOf({ error }: ChildReply): PuntError {
  const { op, code, message, details } = error!;
  return new PuntError(op, code, message, details);
}

function dead(op: string): PuntError {
  return new PuntError(op, "ERR_VPP_GONE", "the process of this embedded VPP has ended");
}
