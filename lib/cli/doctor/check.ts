// The machine that `vpp-punt doctor` looks at, and the shape of a check and of its findings.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { DEFAULT_DAEMON_SOCKET } from "../../default-sockets.js";
import { fileId } from "../../files/index.js";
import type { DeviceReport, ListedManager } from "../../punt/index.js";
import {
  answerError,
  answeredFeatures,
  answeredManagers,
  answersAsEmbedded,
  triedDevices,
  type VppAnswer,
} from "./vpp-devices.js";

export interface Finding {
  /** "problem": something does not work. "advice": something works less well. */
  readonly level: "problem" | "advice";
  readonly what: string;
  readonly why: string;
  /** The command or the edit that removes the finding. */
  readonly remedy: string;
}

/** Looks at one thing. An empty result means that it is in order. */
export interface Check {
  readonly name: string;
  run(machine: Machine): readonly Finding[] | Promise<readonly Finding[]>;
}

export interface MachineOptions {
  /** Folder where the machine's file system is. Default "/". */
  readonly root?: string;
  readonly vppSocket: string;
  /** The daemon's socket. Default {@link DEFAULT_DAEMON_SOCKET}. */
  readonly daemonSocket?: string;
  /** Version of Node. Default: the version that runs this program. */
  readonly node?: string;
  /** Runs a program; returns its standard output, or undefined where the program is missing or fails. */
  readonly output?: (program: string, ...args: string[]) => string | undefined;
  /** Loads the native addon. Rejects with the reason. */
  readonly loadAddon?: () => Promise<unknown>;
  /** Tries VPP's abilities with TAPs. Undefined where they cannot be tried. Default: only for the machine at "/". */
  readonly tryDevices?: () => Promise<DeviceReport | undefined>;
  /** Asks VPP for an answer; resolves with the code of the error without one. Default: only for the machine at "/". */
  readonly askVpp?: () => Promise<string | undefined>;
  /** Asks VPP for its features; undefined without an answer. Default: only for the machine at "/". */
  readonly askFeatures?: () => Promise<VppAnswer | undefined>;
  /** Asks VPP for the managers among its clients. Default: only for the machine at "/". */
  readonly askManagers?: () => Promise<readonly ListedManager[]>;
  /** Whether the daemon is connected with a VPP that it does not name to this user. Default false. */
  readonly isServed?: boolean;
  /** Returns the devices with transmit checksum offload; `namespace` is a path. Default: only for the machine at "/". */
  readonly offloading?: (names: readonly string[], namespace?: string) => Promise<readonly string[]>;
  /** Returns whether an embedded VPP answers at the API socket. Default: only for the machine at "/". */
  readonly isEmbedded?: () => Promise<boolean>;
}

/** A process: its number and its command line. */
export interface Process {
  readonly pid: number;
  readonly words: readonly string[];
}

const OUTPUT_LIMIT_MS = 5_000;

function outputOf(program: string, ...args: string[]): string | undefined {
  const limits = { encoding: "utf8", timeout: OUTPUT_LIMIT_MS, killSignal: "SIGKILL" } as const;
  const { status, stdout } = spawnSync(program, args, limits);
  return status === 0 ? stdout : undefined;
}

/** Returns the errno name of a look at the file that fails. */
function statError(path: string): string | undefined {
  try {
    statSync(path);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Returns `read()`, or `otherwise` where the file or the folder cannot be read. */
function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** The devices that have their transmit checksum offload on; none where the addon, which another check is about, does not load. */
async function offloadingDevices(names: readonly string[], namespace?: string): Promise<readonly string[]> {
  try {
    const { devicesWithChecksumOffload } = await import("../../descriptor/index.js");
    return devicesWithChecksumOffload(names, namespace);
  } catch {
    return [];
  }
}

const VPP = /(^|\/)vpp(_main)?$/;

/** A machine, read from its file system. */
export class Machine {
  readonly #root: string;
  readonly vppSocket: string;
  readonly daemonSocket: string;
  readonly node: string;
  readonly output: (program: string, ...args: string[]) => string | undefined;
  readonly loadAddon: () => Promise<unknown>;
  readonly tryDevices: () => Promise<DeviceReport | undefined>;
  readonly askVpp: () => Promise<string | undefined>;
  readonly askFeatures: () => Promise<VppAnswer | undefined>;
  readonly askManagers: () => Promise<readonly ListedManager[]>;
  readonly isServed: boolean;
  readonly offloading: (names: readonly string[], namespace?: string) => Promise<readonly string[]>;

  /** Whether VPP is an embedded one: it has neither a startup.conf nor a process `vpp`, and no agent changes it. */
  isEmbedded = false;

  /** Returns the machine, with the VPP of its API socket recognized. */
  static async of(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(options);
    const { root = "/", vppSocket, isEmbedded = async () => root === "/" && answersAsEmbedded(vppSocket) } = options;
    machine.isEmbedded = await isEmbedded();
    return machine;
  }

  private constructor(options: MachineOptions) {
    const { root = "/", vppSocket, node, output, loadAddon, tryDevices, askVpp, askFeatures, offloading } = options;
    this.#root = root;
    this.vppSocket = vppSocket;
    this.daemonSocket = options.daemonSocket ?? DEFAULT_DAEMON_SOCKET;
    this.node = node ?? process.versions.node;
    this.output = output ?? outputOf;
    this.tryDevices = tryDevices ?? (async () => (root === "/" ? triedDevices(vppSocket) : undefined));
    this.askVpp = askVpp ?? (async () => (root === "/" ? answerError(vppSocket) : undefined));
    this.askFeatures = askFeatures ?? (async () => (root === "/" ? answeredFeatures(vppSocket) : undefined));
    this.askManagers = options.askManagers ?? (async () => (root === "/" ? answeredManagers(vppSocket) : []));
    this.isServed = options.isServed ?? false;
    this.offloading = offloading ?? (root === "/" ? offloadingDevices : async () => []);
    this.loadAddon = loadAddon ?? (() => import("../../native.js"));
  }

  path(path: string): string {
    return join(this.#root, path);
  }

  /** Returns false only where the path is known to be free: not in a folder that this user may not enter. */
  exists(path: string): boolean {
    return existsSync(this.path(path)) || this.closedFolder(path) !== undefined;
  }

  /** Returns the folder on the way to the path that this user may not enter. */
  closedFolder(path: string): string | undefined {
    if (statError(this.path(path)) !== "EACCES") return undefined;
    let folder = dirname(path);
    while (statError(this.path(folder)) === "EACCES") folder = dirname(folder);
    return folder;
  }

  /** Returns whether this user may write to a file. */
  mayWrite(path: string): boolean {
    return readOr(false, () => {
      accessSync(this.path(path), constants.W_OK);
      return true;
    });
  }

  /** Returns the text of a file, or undefined where it cannot be read. */
  text(path: string): string | undefined {
    return readOr(undefined, () => readFileSync(this.path(path), "utf8"));
  }

  /** Returns the names in a folder, or an empty list where it cannot be read. */
  names(path: string): string[] {
    return readOr([], () => readdirSync(this.path(path)));
  }

  /** Returns the group of a file. */
  groupOf(path: string): number | undefined {
    return readOr(undefined, () => statSync(this.path(path)).gid);
  }

  /** Returns the parts of a file whose parts end with a zero byte, such as `/proc/1/cmdline`. */
  #parts(path: string): string[] {
    return (this.text(path) ?? "").split("\0").filter((part) => part !== "");
  }

  processes(): Process[] {
    const pids = this.names("/proc").filter((name) => /^\d+$/.test(name));
    return pids.map((pid) => ({ pid: Number(pid), words: this.#parts(`/proc/${pid}/cmdline`) }));
  }

  /** Returns the number of a process in its own PID namespace. */
  ownPid(pid: number): number {
    const numbers = this.text(`/proc/${pid}/status`)?.match(/^NSpid:\s*(.*)$/m)?.[1];
    return Number(numbers?.trim().split(/\s+/).at(-1) ?? pid);
  }

  /** Returns whether this user may read the environment of a process. */
  mayInspect(pid: number): boolean {
    try {
      readFileSync(this.path(`/proc/${pid}/environ`));
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== "EACCES";
    }
  }

  /** Returns a variable of a process's environment. */
  variable(pid: number, name: string): string | undefined {
    const found = this.#parts(`/proc/${pid}/environ`).find((part) => part.startsWith(`${name}=`));
    return found?.slice(name.length + 1);
  }

  /** Returns where a process sees a path, its own mounts and working folder included. */
  #seenBy(pid: number, path: string): string {
    return isAbsolute(path) ? `/proc/${pid}/root${path}` : `/proc/${pid}/cwd/${path}`;
  }

  /** Returns the text of a file by the path that a process has for it, or undefined where it cannot be read. */
  textOf(pid: number, path: string): string | undefined {
    return this.text(this.#seenBy(pid, path));
  }

  /** Returns device and inode of a file by the path that a process has for it, or undefined where it is not there. */
  fileOf(pid: number, path: string): string | undefined {
    return this.fileAt(this.#seenBy(pid, path));
  }

  /** Returns device and inode of a file, or undefined where it is not there. */
  fileAt(path: string): string | undefined {
    return readOr(undefined, () => fileId(statSync(this.path(path))));
  }

  /** Returns the VPP that runs here. Of several it is the VPP with the API socket in its startup.conf. */
  vpp(): Process | undefined {
    if (this.isEmbedded) return undefined;
    const found = this.processes().filter(({ words }) => VPP.test(words[0] ?? ""));
    return found.find((vpp) => this.#namesTheSocket(vpp)) ?? found[0];
  }

  #namesTheSocket({ words }: Process): boolean {
    const file = words[words.indexOf("-c") + 1];
    return words.includes("-c") && file !== undefined && (this.text(file) ?? "").includes(this.vppSocket);
  }
}
