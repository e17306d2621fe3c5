// Options of the embedded VPP.
import { BUILTIN_RELEASES, type Release } from "../binapi/index.js";
import { MAX_SOCKET_PATH, OptionCheck } from "../options.js";

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

const NAMES = [
  ...["directory", "apiSocket", "puntSocket", "statsSocket", "release", "withoutPlugins", "interfaces", "host", "exec"],
];
const PLUGINS = ["abx", "isisx", "acl", "abf", "linux_cp", "dhcp", "memif"];

/** Checks the options. @throws PuntError ERR_OPTION, with the option's name in `details.option` */
export function checkOptions(options: EmbeddedVppOptions): void {
  const check = new OptionCheck("sim.start");
  check.known(options, NAMES);
  const { directory, apiSocket, puntSocket, statsSocket, release, withoutPlugins, interfaces, host, exec } = options;
  if (directory !== undefined) check.text("directory", directory, Number.POSITIVE_INFINITY, 1);
  if (apiSocket !== undefined) check.text("apiSocket", apiSocket, MAX_SOCKET_PATH, 1);
  if (puntSocket !== undefined && puntSocket !== false) check.text("puntSocket", puntSocket, MAX_SOCKET_PATH, 1);
  if (statsSocket !== undefined && statsSocket !== false) check.text("statsSocket", statsSocket, MAX_SOCKET_PATH, 1);
  if (release !== undefined) check.oneOf("release", release, BUILTIN_RELEASES);
  if (host !== undefined) check.oneOf("host", host, ["emulated", "linux"]);
  for (const [index, name] of check.list("withoutPlugins", withoutPlugins ?? []).entries())
    check.oneOf(`withoutPlugins[${index}]`, name as string, PLUGINS);
  for (const [index, line] of check.list("exec", exec ?? []).entries()) check.text(`exec[${index}]`, line);
  for (const [index, wire] of check.list("interfaces", interfaces ?? []).entries())
    checkWire(check, `interfaces[${index}]`, wire);
}

function checkWire(check: OptionCheck, option: string, wire: unknown): void {
  if (typeof wire !== "string") check.known(wire, ["name", "mac"], option);
  const { name, mac } = (typeof wire === "string" ? { name: wire } : wire) as Partial<WireOptions>;
  if (typeof name !== "string" || !/^\S{1,63}$/.test(name))
    check.refuse(option, "must have a name of 1 to 63 characters without spaces");
  if (mac !== undefined) check.text(`${option}.mac`, mac);
}
