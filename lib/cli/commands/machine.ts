// The machine, for `vpp-punt info`: kernel limits, devices, libraries mapped into this process, VPP's files.
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { release } from "node:os";
import { delimiter, join } from "node:path";

export interface KernelLimit {
  readonly name: string;
  /** Missing where the kernel does not have it, or a container hides it. */
  readonly value?: number;
  /** Advice, if the value is too low for this package's purpose. */
  readonly advice?: string;
}

export interface KernelFacts {
  readonly release: string;
  readonly limits: readonly KernelLimit[];
  /** Device files that some punts need, and whether this user can open them. */
  readonly devices: Readonly<Record<string, boolean>>;
}

interface KnownLimit {
  readonly name: string;
  readonly least?: number;
  readonly advice?: string;
}

/** Limits that decide how much of a burst survives; `least` is what a busy punt needs. */
const KNOWN_LIMITS: readonly KnownLimit[] = [
  {
    name: "net.unix.max_dgram_qlen",
    least: 512,
    advice:
      "sysctl -w net.unix.max_dgram_qlen=512, in the receiver's network namespace and before the socket is opened",
  },
  { name: "net.core.wmem_default" },
  { name: "net.core.wmem_max" },
  { name: "net.core.rmem_max" },
  { name: "fs.nr_open" },
  { name: "vm.nr_hugepages" },
];

const DEVICES = ["/dev/net/tun", "/dev/vhost-net"];

function readLimit({ name, least, advice }: KnownLimit): KernelLimit {
  const file = join("/proc/sys", ...name.split("."));
  if (!existsSync(file)) return { name };
  const value = Number(readFileSync(file, "utf8"));
  return least !== undefined && value < least ? { name, value, advice: advice! } : { name, value };
}

/** Soft limit of this process, from a line of /proc/self/limits. */
function processLimit(name: string, line: string): KernelLimit {
  const text = readFileSync("/proc/self/limits", "utf8").match(new RegExp(`^${line} +(\\S+)`, "m"))?.[1];
  const value = text === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(text);
  return Number.isNaN(value) ? { name } : { name, value };
}

function isAccessible(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

export function kernelFacts(): KernelFacts {
  const openable = (file: string) => isAccessible(file, constants.R_OK | constants.W_OK);
  return {
    release: release(),
    limits: [...KNOWN_LIMITS.map(readLimit), processLimit("open files", "Max open files")],
    devices: Object.fromEntries(DEVICES.map((file) => [file, openable(file)])),
  };
}

/** Files mapped into this process whose name matches: what the dynamic loader really took. */
export function mappedFiles(name: RegExp): string[] {
  const paths = readFileSync("/proc/self/maps", "utf8").match(/\/\S+$/gm) ?? [];
  return [...new Set(paths)].filter((path) => name.test(path));
}

function inPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((file) => isAccessible(file, constants.X_OK));
}

export interface VppFiles {
  /** VPP's program in PATH. */
  readonly program?: string;
  /** Folder of `.api.json` files. */
  readonly apiFiles?: string;
}

/**
 * Whether VPP answers at its API socket: "listening"; "absent" (no such file), "refused" (left behind by a dead VPP) or
 * "denied" (this user may not connect).
 */
export type SocketState = "listening" | "absent" | "refused" | "denied";

const STATES: Readonly<Record<string, SocketState>> = { ENOENT: "absent", EACCES: "denied", EPERM: "denied" };

export function socketState(path: string): Promise<SocketState> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve("listening");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(STATES[error.code ?? ""] ?? "refused"));
  });
}

export function vppFiles(): VppFiles {
  const program = inPath("vpp");
  const apiFiles = "/usr/share/vpp/api";
  return { ...(program ? { program } : {}), ...(existsSync(apiFiles) ? { apiFiles } : {}) };
}
