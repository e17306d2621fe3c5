// The options of a receiving socket, and their checks.
import { Descriptor } from "../descriptor/index.js";
import { type NativePuntSocketOptions, native } from "../native.js";
import { OptionCheck } from "../options.js";
import type { PortFilter } from "../packet/index.js";
import type { PuntBatch } from "./batch.js";
import type { PuntWarning } from "./queue-limit.js";

/** VPP's punt socket in this package's documentation (`punt { socket PATH }` in startup.conf). */
export const DEFAULT_VPP_PUNT_PATH = "/run/vpp/punt.sock";

export interface PuntSocketOptions {
  /** Absolute path to receive at, at most 107 bytes. Register it with VPP (`punt_socket_register`) after opening. */
  path?: string;
  /**
   * In place of `path`: a datagram socket that another process has bound, as `bindPuntSocket` does, and connected to VPP's. This
   * socket takes it over, and leaves its file. `vppPath` is empty then unless it is given; `mode` and `group` do not apply.
   */
  descriptor?: Descriptor;
  /**
   * VPP's punt socket, to which the receiving socket is connected: `net.unix.max_dgram_qlen` does not apply then. Default
   * {@link DEFAULT_VPP_PUNT_PATH}. The socket need not exist yet: this socket connects within a second after it appears, or after
   * a restarted VPP creates it again. `null`: stay unconnected, and take packets from every process that may write to the file.
   */
  vppPath?: string | null;
  /** Receives every burst, as `receive(onBatch)` right after opening. Without it: call `receive`, iterate, or call `poll`. */
  onBatch?: (batch: PuntBatch) => void;
  /** Permissions of the socket file. Default 0o660: VPP must be able to write to it. */
  mode?: number;
  /** Group of the socket file, by name or number: VPP's, if VPP doesn't run as the owner. Default: the process's group. */
  group?: string | number;
  /** The most packets of a batch, 1-1024. Default 128. */
  batchSize?: number;
  /** Length of the longest packet in bytes, 64-65535; longer packets are dropped and counted. Default 9728. */
  maxPacket?: number;
  /**
   * Memory for packets that wait while JavaScript is busy, in bytes: 2 MiB to 4 GiB, rounded up to whole MiB. Each packet takes 16
   * bytes more than its length. Memory is taken as it is needed and given back afterwards. The default of 192 MiB holds 5 seconds of
   * 20,000 packets a second of 1500 bytes, or 2 million of 64 bytes.
   */
  ringBytes?: number;
  /**
   * How long JavaScript may leave packets unread before a native thread takes over, in microseconds, 10-10^6. Default: so long that
   * VPP's send buffer does not fill up, which is 25 to 150 by the rate and the size of packets.
   */
  takeOverUs?: number;
  /**
   * How long packets may gather before they become a batch, in microseconds, 0-1000. Packets gather at rates at which 3 or more come
   * in this time (above 5,000 a second with the default of 500), and not while each waits for an answer to the last. The time is
   * shorter at rates at which VPP's send buffer would fill up in it, and 50 at most while the program injects packets, for which
   * others may wait. A native thread reads bursts in that time. 0 delivers every packet at once, at several times the CPU.
   */
  gatherUs?: number;
  /** The packets that the program gets; native code drops the others. Default: all. */
  filter?: PortFilter;
  /** Takes warnings, such as a small queue limit. Default: `process.emitWarning`, once each. */
  onWarning?: (warning: PuntWarning) => void;
  /** @internal SO_SNDBUF of the socket in bytes, for an end that plays VPP. */
  sendBuffer?: number;
  /** @internal Copy every burst, as where the runtime refuses external ArrayBuffers. */
  copy?: boolean;
}

const MIB = 2 ** 20;

const OPTION_NAMES: readonly string[] = [
  ...[
    "path",
    "descriptor",
    "vppPath",
    "onBatch",
    "mode",
    "group",
    "batchSize",
    "maxPacket",
    "ringBytes",
    "takeOverUs",
    "gatherUs",
    "filter",
  ],
  ...["onWarning", "sendBuffer", "copy"],
];

/**
 * Returns the options as native code takes them.
 *
 * @throws PuntError ERR_OPTION: an option is wrong (`details.option`)
 */
export function nativeOptions(options: PuntSocketOptions): NativePuntSocketOptions {
  const check = new OptionCheck("punt-socket.open");
  check.known(options, OPTION_NAMES);
  for (const name of ["onBatch", "onWarning"] as const) {
    if (options[name] !== undefined) check.callback(name, options[name]);
  }
  const adopts = options.descriptor !== undefined;
  if (adopts) checkAdopted(check, options);
  const vppPath = options.vppPath === undefined ? (adopts ? null : DEFAULT_VPP_PUNT_PATH) : options.vppPath;
  return {
    path: adopts ? "" : check.socketPath("path", options.path),
    mode: check.integer("mode", options.mode ?? 0o660, 0, 0o777),
    group: groupNumber(check, options.group),
    vppPath: vppPath === null ? "" : check.socketPath("vppPath", vppPath),
    batchSize: check.integer("batchSize", options.batchSize ?? 128, 1, 1024),
    maxPacket: check.integer("maxPacket", options.maxPacket ?? 9728, 64, 65535),
    ringSlabs: Math.ceil(check.integer("ringBytes", options.ringBytes ?? 192 * MIB, 2 * MIB, 4096 * MIB) / MIB),
    takeOverUs: options.takeOverUs === undefined ? 0 : check.integer("takeOverUs", options.takeOverUs, 10, 1e6),
    gatherUs: check.integer("gatherUs", options.gatherUs ?? 500, 0, 1000),
    sendBuffer: check.integer("sendBuffer", options.sendBuffer ?? 0, 0, 2 ** 30),
    copy: check.boolean("copy", options.copy ?? false),
  };
}

function checkAdopted(check: OptionCheck, options: PuntSocketOptions): void {
  if (!(options.descriptor instanceof Descriptor)) check.refuse("descriptor", "must be a Descriptor");
  for (const name of ["path", "mode", "group"] as const) {
    if (options[name] !== undefined) check.refuse(name, "does not go with descriptor");
  }
}

function groupNumber(check: OptionCheck, group: string | number | undefined): number | undefined {
  if (group === undefined) return undefined;
  if (typeof group === "number") return check.integer("group", group, 0, 2 ** 32 - 2);
  const name = check.text("group", group, Number.POSITIVE_INFINITY, 1);
  return (
    native.groupId(check.op, name) ??
    check.refuse("group", `must be a group of this system; ${name} is not known to it`)
  );
}
