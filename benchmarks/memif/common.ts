// Shared by the memif scripts: options, the port, clocks.
import { parseArgs } from "node:util";
import { Memif, type MemifOptions, type MemifRxMode } from "../../lib/memif/index.js";

/** First byte of the packet that ends a run (kEnd in benchmarks/peers/memif_common.h). */
export const END = 0xff;

const { values } = parseArgs({
  options: {
    role: { type: "string", default: "client" },
    socket: { type: "string", default: "" },
    mode: { type: "string", default: "polling" },
    how: { type: "string", default: "list" },
    size: { type: "string", default: "64" },
    queues: { type: "string", default: "1" },
    ports: { type: "string", default: "1" },
    drop: { type: "string" },
    engine: { type: "string", default: "builtin" },
    seconds: { type: "string", default: "1" },
  },
});

/** Command-line options of the scripts in this folder. */
export const options = {
  mode: values.mode as MemifRxMode,
  how: values.how,
  size: Number(values.size),
  queues: Number(values.queues),
  ports: Number(values.ports),
  /** A tcpdump expression: which packets to drop. */
  drop: values.drop,
  seconds: Number(values.seconds),
};

export function openPort(more: Partial<MemifOptions> = {}): Memif {
  const role = values.role as MemifOptions["role"];
  const engine = values.engine as NonNullable<MemifOptions["engine"]>;
  return Memif.open({ role, engine, socket: values.socket, rxMode: options.mode, reconnectMs: 10, ...more });
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Sends one packet; retries until the ring takes it. */
export async function sendSurely(port: Memif, packet: Uint8Array): Promise<void> {
  while (port.send(packet) === 0) await turn();
}

export function endPacket(size = 60): Uint8Array {
  return new Uint8Array(size).fill(END);
}

export const now = () => Number(process.hrtime.bigint()) / 1e9;
