// Options of the embedded VPP.
import type { Release } from "../binapi/index.js";
import { PuntError } from "../errors.js";

/** A network card of the embedded VPP: see `EmbeddedVpp.interface`. */
export interface WireOptions {
  /** VPP's name of the card, such as "GigabitEthernet0/8/0". */
  name: string;
  /** Default: 02:fc: and a number. */
  mac?: string;
}

export interface EmbeddedVppOptions {
  /**
   * Folder of this VPP's sockets (`api.sock`, `punt.sock`, and memif sockets with relative names). Default: a new one under the
   * system's folder for temporary files, removed by `close()`.
   */
  directory?: string;
  /** Path of the API socket. Default `<directory>/api.sock`. */
  apiSocket?: string;
  /** Path of the punt socket, or false for a VPP without `punt { socket }` in its startup.conf. Default `<directory>/punt.sock`. */
  puntSocket?: string | false;
  /** Path of the stats socket, or false for a VPP without `statseg`. Default `<directory>/stats.sock`. */
  statsSocket?: string | false;
  /** The release that VPP presents: its messages, CRCs and version. Default: the last of BUILTIN_RELEASES. */
  release?: Release;
  /** Plugins that this VPP lacks, by VPP's names: "abx", "isisx", "acl", "abf", "linux_cp", "dhcp", "memif". Default none. */
  withoutPlugins?: readonly string[];
  /** Network cards, which exist after every start. Default none. */
  interfaces?: readonly (WireOptions | string)[];
  /**
   * Where TAPs and af_packet interfaces end: "emulated" (default) on a host inside the embedded VPP, see `host()`, without any
   * rights; "linux" on this machine, which needs root.
   */
  host?: "emulated" | "linux";
  /** Lines of VPP's command line that VPP runs at every start, as with `exec` in startup.conf. Default none. */
  exec?: readonly string[];
}

/** Options with all defaults filled in. */
export interface ResolvedOptions {
  directory: string;
  /** Whether the folder was made for this VPP, and ends with it. */
  ownsDirectory: boolean;
  apiSocket: string;
  puntSocket: string | false;
  statsSocket: string | false;
  release: Release;
  withoutPlugins: readonly string[];
  interfaces: readonly Required<WireOptions>[];
  host: "emulated" | "linux";
  exec: readonly string[];
}

const NAMES: ReadonlySet<string> = new Set([
  ...["directory", "apiSocket", "puntSocket", "statsSocket", "release", "withoutPlugins", "interfaces", "host", "exec"],
]);
const PLUGINS: ReadonlySet<string> = new Set(["abx", "isisx", "acl", "abf", "linux_cp", "dhcp", "memif"]);
/** Longest path of a socket's address, without its NUL. */
const LONGEST_PATH = 107;

/** Checks the options. @throws PuntError ERR_OPTION, with the option's name in `details.option` */
export function checkOptions(options: EmbeddedVppOptions): void {
  if (typeof options !== "object" || options === null) refuse("options", "must be an object");
  const stranger = Object.keys(options).find((name) => !NAMES.has(name));
  if (stranger !== undefined) refuse(stranger, "is not an option");
  if (typeof (options.directory ?? "") !== "string") refuse("directory", "must be a path");
  const { host = "emulated", withoutPlugins = [], interfaces = [] } = options;
  if (host !== "emulated" && host !== "linux") refuse("host", 'must be "emulated" or "linux"');
  const plugin = withoutPlugins.find((name) => !PLUGINS.has(name));
  if (plugin !== undefined) refuse("withoutPlugins", `has ${plugin}; there are: ${[...PLUGINS].join(", ")}`);
  for (const wire of interfaces) checkName(typeof wire === "string" ? wire : wire?.name);
  for (const name of ["apiSocket", "puntSocket", "statsSocket"] as const) {
    if (Buffer.byteLength(options[name] || "") > LONGEST_PATH)
      refuse(name, `must be at most ${LONGEST_PATH} bytes long`);
  }
}

function checkName(name: unknown): void {
  if (typeof name !== "string" || !/^\S{1,63}$/.test(name))
    refuse("interfaces", "must have names of 1 to 63 characters without spaces");
}

function refuse(option: string, rule: string): never {
  throw new PuntError("sim.start", "ERR_OPTION", `option ${option} ${rule}`, { option });
}
