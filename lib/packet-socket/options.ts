// Checks how a packet socket is to be opened.
import { Descriptor, type Namespace, openPacketSocket } from "../descriptor/index.js";
import type { NativeRules } from "../native.js";
import { OptionCheck } from "../options.js";
import { checkFilter, type PortFilter } from "../packet/index.js";

/** Which device, and who opens the socket. */
export type PacketSocketSource =
  | {
      /** Name of the network device. */
      readonly device: string;
      /** The network namespace that it is in: path or descriptor. Default: this process's. Needs CAP_SYS_ADMIN. */
      readonly namespace?: Namespace;
      readonly descriptor?: undefined;
    }
  | {
      /**
       * A packet socket without rings that is bound to a device, as `openPacketSocket` makes it, perhaps in another process. The
       * port takes it over. This needs no capability.
       */
      readonly descriptor: Descriptor;
      /** The device to follow when it is removed and made again. Default: the name of the device that the socket is bound to. */
      readonly device?: string;
      readonly namespace?: undefined;
    };

export interface PacketSocketTuning {
  /** Packets a batch at most, 1-4096. Default 256. */
  readonly batchSize?: number;
  /** Size of the receive ring in bytes, 256 KiB to 1 GiB, rounded up to whole blocks. All of it is allocated. Default 16 MiB. */
  readonly ringBytes?: number;
  /**
   * Size of the ring's blocks in bytes, 4 KiB to 4 MiB, a power of two. Longer frames are dropped and counted. Default 128 KiB,
   * into which the largest frames of segmentation offload fit.
   */
  readonly blockBytes?: number;
  /**
   * After how many milliseconds the kernel hands over a block that is not full, 1-1000: the longest that a frame waits in it.
   * While the program is busy each such block is used up by the frames of that time. Default 1.
   */
  readonly retireMs?: number;
  /** The packets that the program gets; native code drops the others. Default: all. */
  readonly filter?: PortFilter;
}

export type PacketSocketOptions = PacketSocketSource & PacketSocketTuning;

export interface CheckedOptions {
  readonly device: string;
  readonly batchSize: number;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly retireMs: number;
  readonly filter: NativeRules | undefined;
}

export const OPEN = "packet-socket.open";
const NAMES = ["device", "namespace", "descriptor", "batchSize", "ringBytes", "blockBytes", "retireMs", "filter"];
const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** Fewer, and the kernel has none to fill while one is read. */
const FEWEST_BLOCKS = 2;

/** @throws PuntError ERR_OPTION, naming the option that is wrong */
export function checkOptions(options: PacketSocketOptions): CheckedOptions {
  const check = new OptionCheck(OPEN);
  check.known(options, NAMES);
  const { descriptor, device, namespace } = options;
  if (descriptor === undefined) check.text("device", device, 15, 1);
  else if (!(descriptor instanceof Descriptor)) check.refuse("descriptor", "must be a Descriptor");
  else if (namespace !== undefined) check.refuse("namespace", "goes with device, not with descriptor");
  const blockBytes = check.integer("blockBytes", options.blockBytes ?? 128 * KIB, 4 * KIB, 4 * MIB);
  if ((blockBytes & (blockBytes - 1)) !== 0) check.refuse("blockBytes", `must be a power of two; got ${blockBytes}`);
  const ringBytes = check.integer("ringBytes", options.ringBytes ?? 16 * MIB, 256 * KIB, GIB);
  return {
    device: device === undefined ? "" : check.text("device", device, 15, 1),
    batchSize: check.integer("batchSize", options.batchSize ?? 256, 1, 4096),
    blockBytes,
    blocks: Math.max(FEWEST_BLOCKS, Math.ceil(ringBytes / blockBytes)),
    retireMs: check.integer("retireMs", options.retireMs ?? 1, 1, 1000),
    filter: checkFilter(check, options.filter),
  };
}

/** The socket to set up: the given one, or a new one. */
export function socketOf({ descriptor, device, namespace }: PacketSocketOptions): Descriptor {
  if (descriptor !== undefined) return descriptor;
  return openPacketSocket(namespace === undefined ? { device } : { device, namespace });
}
