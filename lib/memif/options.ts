import { PuntError } from "../errors.js";
import { type NativeMemifSettings, native } from "../native.js";

/** How a receive handler is called: at every doorbell, or also by looking at the ring while there is load. */
export type MemifRxMode = "interrupt" | "adaptive" | "polling";

/** What `Memif.open` takes. */
export interface MemifOptions {
  /** The server (VPP: master) owns the socket; the client (VPP: slave) connects to it and provides the memory. */
  role: "server" | "client";
  /** Path of the control socket, up to 107 bytes; `@name` is a socket in Linux's abstract namespace. */
  socket: string;
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
  /** As client: how many packets of each receive queue can be retained at a time, 0..16384. Default 0. A server needs no spares. */
  spareBuffers?: number;
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

/** Options with everything said. */
export interface CheckedOptions {
  native: NativeMemifSettings;
  rxMode: MemifRxMode;
  burst: number;
  zeroCopy: boolean;
}

function fail(field: string, rule: string, value: unknown): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new PuntError("memif.open", "ERR_OPTION", `${field} must be ${rule}, not ${shown}`, { field, value });
}

function integer(field: string, value: unknown, low: number, high: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
    fail(field, `a whole number from ${low} to ${high}`, value);
  }
  return value;
}

function oneOf<T extends string>(field: string, value: unknown, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) fail(field, `one of ${allowed.map((word) => `"${word}"`).join(", ")}`, value);
  return value as T;
}

function boolean(field: string, value: unknown): boolean {
  if (typeof value !== "boolean") fail(field, "true or false", value);
  return value;
}

/** Text of at most `limit` bytes without NUL: it goes into a fixed field, or a path. */
function text(field: string, value: unknown, limit: number): string {
  if (typeof value !== "string") fail(field, "a string", value);
  if (value.includes("\0")) fail(field, "free of NUL characters", value);
  if (Buffer.byteLength(value) > limit) fail(field, `at most ${limit} bytes`, value);
  return value;
}

function socketName(value: unknown): string {
  const socket = text("socket", value, 107);
  if (socket === "" || socket === "@") fail("socket", "a path, or @name", socket);
  return socket;
}

function log2RingSize(value: unknown): number {
  const size = integer("ringSize", value, 32, 16384);
  if ((size & (size - 1)) !== 0) fail("ringSize", "a power of two", size);
  return Math.log2(size);
}

const KNOWN = new Set([
  ...["role", "socket", "id", "mode", "secret", "name", "rxQueues", "txQueues", "ringSize", "bufferSize", "rxMode"],
  ...["burst", "spareBuffers", "socketMode", "reconnectMs", "zeroCopy", "engine"],
]);

function nativeSettings(options: MemifOptions): NativeMemifSettings {
  const id = integer("id", options.id ?? 0, 0, 0xffffffff);
  return {
    server: oneOf("role", options.role, ["server", "client"]) === "server",
    socket: socketName(options.socket),
    id,
    mode: oneOf("mode", options.mode ?? "ethernet", ["ethernet", "ip"]) === "ip" ? 1 : 0,
    secret: text("secret", options.secret ?? "", 23),
    name: text("name", options.name ?? `memif${id}`, 31),
    rxQueues: integer("rxQueues", options.rxQueues ?? 1, 1, 16),
    txQueues: integer("txQueues", options.txQueues ?? 1, 1, 16),
    log2RingSize: log2RingSize(options.ringSize ?? 1024),
    bufferSize: integer("bufferSize", options.bufferSize ?? 2048, 64, 65535),
    spareBuffers: integer("spareBuffers", options.spareBuffers ?? 0, 0, 16384),
    socketMode: integer("socketMode", options.socketMode ?? -1, -1, 0o777),
    reconnectMs: integer("reconnectMs", options.reconnectMs ?? 1000, 1, 60000),
    libmemif: oneOf("engine", options.engine ?? "builtin", ["builtin", "libmemif"]) === "libmemif",
  };
}

/** A descriptor's offset has 32 bits: all buffers of a client together must fit. */
function checkMemory(settings: NativeMemifSettings): void {
  if (settings.server) return;
  const { rxQueues, txQueues, spareBuffers, bufferSize } = settings;
  const slots = (rxQueues + txQueues) * 2 ** settings.log2RingSize;
  const rule = "such that all buffers (queues x ringSize x bufferSize) take less than";
  if ((slots + rxQueues * spareBuffers) * bufferSize > 0xffffffff) fail("bufferSize", `${rule} 4 GiB`, bufferSize);
  // libmemif counts the bytes of its slots' buffers in an int.
  if (settings.libmemif && slots * bufferSize > 0x7fffffff) {
    fail("bufferSize", `${rule} 2 GiB with libmemif`, bufferSize);
  }
}

function checkBuilt(settings: NativeMemifSettings): void {
  if (!settings.libmemif || native.buildInfo().libmemif) return;
  const message = 'engine "libmemif" is not in this build; `vpp-punt info` says where libmemif was looked for';
  throw new PuntError("memif.open", "ERR_NOT_BUILT", message, { field: "engine" });
}

/** Checks what an application gave; the only place that does. */
export function checkOptions(options: MemifOptions): CheckedOptions {
  if (typeof options !== "object" || options === null) fail("options", "an object", options);
  for (const field of Object.keys(options)) {
    if (!KNOWN.has(field)) throw new PuntError("memif.open", "ERR_OPTION", `unknown option ${field}`, { field });
  }
  const settings = nativeSettings(options);
  checkMemory(settings);
  checkBuilt(settings);
  return {
    native: settings,
    rxMode: oneOf("rxMode", options.rxMode ?? "adaptive", ["interrupt", "adaptive", "polling"]),
    burst: integer("burst", options.burst ?? 256, 1, 16384),
    zeroCopy: boolean("zeroCopy", options.zeroCopy ?? true),
  };
}
