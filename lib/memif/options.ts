// The options of a memif port: their meaning, their defaults, and their checks.
import { Descriptor } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import { type NativeMemifSettings, type NativeRules, native } from "../native.js";
import { MAX_SOCKET_PATH, OptionCheck } from "../options.js";
import { checkFilter, type PortFilter } from "../packet/index.js";

/** How a receive handler is called: at every doorbell, or also by looking at the ring while there is load. */
export type MemifRxMode = "interrupt" | "adaptive" | "polling";

/** Options of `Memif.open`. */
export interface MemifOptions {
  /** The server (VPP: master) owns the socket; the client (VPP: slave) connects to it and provides the memory. */
  role: "server" | "client";
  /** Path of the control socket, up to 107 bytes; `@name` is a socket in Linux's abstract namespace. */
  socket?: string;
  /**
   * As client, in place of `socket`: a control socket that another process has connected to the server, as `connectMemifControl` does.
   * The port takes it over. After the connection's end it waits for `reconnect`.
   */
  descriptor?: Descriptor;
  /** Id of the interface on that socket, 0..4294967295; both sides must have the same. Default 0. */
  id?: number;
  /** Packets are Ethernet frames, or bare IPv4 and IPv6 packets; both sides must say the same. Default `"ethernet"`. */
  mode?: "ethernet" | "ip";
  /** A secret that the client must know, up to 23 bytes. Default none. */
  secret?: string;
  /** Name of this side of the link, shown by the peer; up to 31 bytes. Default `memif<id>`. */
  name?: string;
  /** Receive queues, 1..16; as server this is the most that a client gets. Default 1. */
  rxQueues?: number;
  /** Transmit queues, 1..16, likewise. Default 1. */
  txQueues?: number;
  /** Slots of a ring: a power of two, 32..16384. The client's choice counts. Default 1024. */
  ringSize?: number;
  /** Bytes of a buffer, 64..65535; a longer packet takes several. The client's choice counts. Default 2048. */
  bufferSize?: number;
  /**
   * How `receive` waits: `"interrupt"` costs nothing when idle; `"adaptive"` (default) does the same when idle, and asks the peer for
   * no doorbells under load; `"polling"` never waits: pull with `rx(i).poll`.
   */
  rxMode?: MemifRxMode;
  /** Most packets in one batch, 1..16384. Default 256. */
  burst?: number;
  /**
   * As client: how many packets of each receive queue can be retained at a time, 0..16384. Default 0. A server needs no spares, but see
   * `retain` of its batches.
   */
  spareBuffers?: number;
  /** The packets that handlers get; native code drops the others, in this thread's queues. Default: all. */
  filter?: PortFilter;
  /** As server: permissions of the socket file, such as `0o660`. Default: what umask leaves. */
  socketMode?: number;
  /** As client: longest pause between two attempts to connect, 1..60000 ms; the first ones come sooner. Default 1000. */
  reconnectMs?: number;
  /** False copies every received packet into memory of JavaScript's. Default: true where the runtime allows it. */
  zeroCopy?: boolean;
  /**
   * Which implementation moves the packets. `"builtin"` (default) is this package's own; `"libmemif"` is the system's libmemif, where
   * the addon was compiled with it. As client its buffers must take less than 2 GiB, as server it takes at most 254 regions.
   */
  engine?: "builtin" | "libmemif";
}

/** How a port's queues are opened in one thread. */
export interface Receiving {
  rxMode: MemifRxMode;
  burst: number;
  zeroCopy: boolean;
}

/** Options with every default filled in. */
export interface CheckedOptions {
  settings: NativeMemifSettings;
  receiving: Receiving;
  filter: NativeRules | undefined;
}

const KNOWN = [
  ...[
    "role",
    "socket",
    "descriptor",
    "id",
    "mode",
    "secret",
    "name",
    "rxQueues",
    "txQueues",
    "ringSize",
    "bufferSize",
    "rxMode",
  ],
  ...["burst", "spareBuffers", "socketMode", "reconnectMs", "zeroCopy", "engine", "filter"],
];

function socketName(check: OptionCheck, value: unknown): string {
  const socket = check.text("socket", value, MAX_SOCKET_PATH);
  if (socket === "" || socket === "@") {
    check.refuse("socket", `must be a path, or @name; got ${JSON.stringify(socket)}`);
  }
  return socket;
}

/** The path of a port that gets a connected socket: none. */
function adopted(check: OptionCheck, { descriptor, socket, role }: MemifOptions): string {
  if (!(descriptor instanceof Descriptor)) check.refuse("descriptor", "must be a Descriptor");
  if (role === "server") check.refuse("descriptor", "is for a client");
  return socket === undefined ? "" : check.refuse("socket", "does not go with descriptor");
}

function log2RingSize(check: OptionCheck, value: unknown): number {
  const size = check.integer("ringSize", value, 32, 16384);
  if ((size & (size - 1)) !== 0) check.refuse("ringSize", `must be a power of two from 32 to 16384; got ${size}`);
  return Math.log2(size);
}

function nativeSettings(check: OptionCheck, options: MemifOptions): NativeMemifSettings {
  const id = check.integer("id", options.id ?? 0, 0, 0xffffffff);
  return {
    server: check.oneOf("role", options.role, ["server", "client"]) === "server",
    socket: options.descriptor === undefined ? socketName(check, options.socket) : adopted(check, options),
    id,
    mode: check.oneOf("mode", options.mode ?? "ethernet", ["ethernet", "ip"]) === "ip" ? 1 : 0,
    secret: check.text("secret", options.secret ?? "", 23),
    name: check.text("name", options.name ?? `memif${id}`, 31),
    rxQueues: check.integer("rxQueues", options.rxQueues ?? 1, 1, 16),
    txQueues: check.integer("txQueues", options.txQueues ?? 1, 1, 16),
    log2RingSize: log2RingSize(check, options.ringSize ?? 1024),
    bufferSize: check.integer("bufferSize", options.bufferSize ?? 2048, 64, 65535),
    spareBuffers: check.integer("spareBuffers", options.spareBuffers ?? 0, 0, 16384),
    socketMode: options.socketMode === undefined ? -1 : check.integer("socketMode", options.socketMode, 0, 0o777),
    reconnectMs: check.integer("reconnectMs", options.reconnectMs ?? 1000, 1, 60000),
    libmemif: check.oneOf("engine", options.engine ?? "builtin", ["builtin", "libmemif"]) === "libmemif",
  };
}

/** Refuses a client whose buffers a descriptor's 32-bit offset cannot address. */
function checkMemory(check: OptionCheck, settings: NativeMemifSettings): void {
  if (settings.server) return;
  const { rxQueues, txQueues, spareBuffers, bufferSize } = settings;
  const slots = (rxQueues + txQueues) * 2 ** settings.log2RingSize;
  const rule = "must be such that all buffers (queues x ringSize x bufferSize) take less than";
  const bytes = (slots + rxQueues * spareBuffers) * bufferSize;
  if (bytes > 0xffffffff) check.refuse("bufferSize", `${rule} 4 GiB; got ${bufferSize}`);
  // libmemif counts the bytes of its slots' buffers in an int.
  if (settings.libmemif && slots * bufferSize > 0x7fffffff) {
    check.refuse("bufferSize", `${rule} 2 GiB with libmemif; got ${bufferSize}`);
  }
}

function checkBuilt(settings: NativeMemifSettings): void {
  if (!settings.libmemif || native.buildInfo().libmemif) return;
  const message = 'engine "libmemif" is not in this build; `vpp-punt info` says where libmemif was looked for';
  throw new PuntError("memif.open", "ERR_NOT_BUILT", message, { option: "engine" });
}

/** Checks how queues are opened, and fills in the defaults. */
export function checkReceiving(check: OptionCheck, options: Partial<Receiving>): Receiving {
  return {
    rxMode: check.oneOf("rxMode", options.rxMode ?? "adaptive", ["interrupt", "adaptive", "polling"]),
    burst: check.integer("burst", options.burst ?? 256, 1, 16384),
    zeroCopy: check.boolean("zeroCopy", options.zeroCopy ?? true),
  };
}

/** Checks the options of `Memif.open`, and fills in the defaults. Native code relies on it. */
export function checkOptions(options: MemifOptions): CheckedOptions {
  const check = new OptionCheck("memif.open");
  check.known(options, KNOWN);
  const settings = nativeSettings(check, options);
  const receiving = checkReceiving(check, options);
  checkMemory(check, settings);
  checkBuilt(settings);
  return { settings, receiving, filter: checkFilter(check, options.filter) };
}
