import { PuntError } from "../errors.js";
import { type NativePuntSocketOptions, native } from "../native.js";
import type { PuntBatch } from "./batch.js";
import type { PuntWarning } from "./queue-limit.js";

/** Where this package's documentation puts VPP's punt socket (`punt { socket PATH }` in startup.conf). */
export const DEFAULT_VPP_PUNT_PATH = "/run/vpp/punt.sock";

export interface PuntSocketOptions {
  /** Absolute path to receive at, at most 107 bytes: the one to register with VPP (`punt_socket_register`), after opening. */
  path: string;
  /**
   * VPP's punt socket, to which the receiving socket is connected, so that `net.unix.max_dgram_qlen` does not apply.
   * Default {@link DEFAULT_VPP_PUNT_PATH}. It need not be there yet: within a second of appearing, or being made anew by a
   * restarted VPP, it is connected to. `null`: stay unconnected and take packets from anybody who may write to the file.
   */
  vppPath?: string | null;
  /** Gets every burst. The batch is valid until the handler returns. Without it: iterate, or call `poll`. */
  onBatch?: (batch: PuntBatch) => void;
  /** Permissions of the socket file. Default 0o660: VPP must be able to write to it. */
  mode?: number;
  /** Group of the socket file, by name or number: VPP's, if VPP doesn't run as the owner. Default: the process's group. */
  group?: string | number;
  /** Packets a batch at most, 1-1024. Default 128. */
  batchSize?: number;
  /** Length of the longest packet taken, in bytes, 64-65535; longer ones are dropped and counted. Default 9728. */
  maxPacket?: number;
  /**
   * Memory for packets that wait while JavaScript is busy, in bytes: 2 MiB to 4 GiB, rounded up to whole MiB. Each packet
   * takes 16 bytes more than its length. Memory is taken as it is needed and given back afterwards. The default of 192 MiB
   * holds 5 seconds of 20,000 packets a second of 1500 bytes, or 2 million of 64 bytes.
   */
  ringBytes?: number;
  /**
   * How long JavaScript may leave packets unread before a native thread takes over, in microseconds, 10-10^6. Default: so
   * long that VPP's send buffer does not fill up meanwhile, 25 to 150 by the rate and the size of packets.
   */
  takeOverUs?: number;
  /**
   * How long packets may gather before a batch is made of them, in microseconds, 0-1000: at rates at which 3 packets or more
   * come meanwhile (above 50,000 a second with the default of 50), and not while each waits for an answer to the last. Shortened
   * where VPP's send buffer would fill up at the rate of late. 0 gives every packet at once, at several times the CPU; 1000 is for
   * much traffic of some thousand packets a second, without bursts, that may wait for so long.
   */
  gatherUs?: number;
  /** Takes warnings, such as a small queue limit. Default: `process.emitWarning`, once each. */
  onWarning?: (warning: PuntWarning) => void;
  /** @internal SO_SNDBUF of the socket, in bytes: for an end that plays VPP. */
  sendBuffer?: number;
  /** @internal Copy every burst, as where external ArrayBuffers are refused. */
  copy?: boolean;
}

const OP = "punt-socket.open";
const MAX_PATH = 107;
const MiB = 2 ** 20;

const NAMES: ReadonlySet<string> = new Set([
  ...["path", "vppPath", "onBatch", "mode", "group", "batchSize", "maxPacket", "ringBytes", "takeOverUs", "gatherUs"],
  ...["onWarning", "sendBuffer", "copy"],
]);

/** The options as native code takes them. Throws PuntError (ERR_OPTION) naming the one that is wrong. */
export function nativeOptions(options: PuntSocketOptions): NativePuntSocketOptions {
  knownNames(OP, options, NAMES);
  for (const name of ["onBatch", "onWarning"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function") refuse(OP, name, "must be a function");
  }
  return {
    path: socketPath(OP, "path", options.path),
    mode: integer("mode", options.mode ?? 0o660, 0, 0o777),
    group: groupNumber(options.group),
    vppPath: options.vppPath === null ? "" : socketPath(OP, "vppPath", options.vppPath ?? DEFAULT_VPP_PUNT_PATH),
    batchSize: integer("batchSize", options.batchSize ?? 128, 1, 1024),
    maxPacket: integer("maxPacket", options.maxPacket ?? 9728, 64, 65535),
    ringSlabs: Math.ceil(integer("ringBytes", options.ringBytes ?? 192 * MiB, 2 * MiB, 4096 * MiB) / MiB),
    takeOverUs: options.takeOverUs === undefined ? 0 : integer("takeOverUs", options.takeOverUs, 10, 1e6),
    gatherUs: integer("gatherUs", options.gatherUs ?? 50, 0, 1000),
    sendBuffer: integer("sendBuffer", options.sendBuffer ?? 0, 0, 2 ** 30),
    copy: options.copy === true,
  };
}

/** Throws ERR_OPTION unless `options` is an object with none but the known names. */
export function knownNames(op: string, options: unknown, names: ReadonlySet<string>): void {
  if (typeof options !== "object" || options === null)
    throw new PuntError(op, "ERR_OPTION", "options must be an object");
  const stranger = Object.keys(options).find((name) => !names.has(name));
  if (stranger !== undefined) refuse(op, stranger, `is no option; there are ${[...names].join(", ")}`);
}

/** An absolute path that fits into a socket address. */
export function socketPath(op: string, name: string, value: unknown): string {
  if (typeof value !== "string" || !value.startsWith("/")) {
    refuse(op, name, `must be an absolute path, as VPP has another working directory; got ${JSON.stringify(value)}`);
  }
  if (value.includes("\0")) refuse(op, name, "contains a NUL character");
  const length = Buffer.byteLength(value);
  if (length > MAX_PATH) refuse(op, name, `is ${length} bytes long; a socket's path has at most ${MAX_PATH}`);
  return value;
}

export function refuse(op: string, option: string, problem: string): never {
  throw new PuntError(op, "ERR_OPTION", `option ${option} ${problem}`, { option });
}

function integer(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  return refuse(OP, name, `must be a whole number from ${min} to ${max}; got ${String(value)}`);
}

function groupNumber(group: string | number | undefined): number | undefined {
  if (group === undefined) return undefined;
  if (typeof group === "number") return integer("group", group, 0, 2 ** 32 - 2);
  const known = typeof group === "string" && group !== "" ? native.groupId(group) : undefined;
  return known ?? refuse(OP, "group", `${JSON.stringify(group)} is not known to this system`);
}
