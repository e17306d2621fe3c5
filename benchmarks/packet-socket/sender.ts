// sender <namespace> <device> <bytes> <seconds> list|batch
// Sends frames of one size as fast as the device takes them: lists of 64 buffers, or batches of 256 packets.
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { PacketSocket } from "../../lib/packet-socket/index.js";
import { cpuUs } from "../harness/cpu.js";
import { ownBatch } from "../packet/own-batch.js";

const LIST = 64;
const BATCH = 256;
/** A locally administered address, and an EtherType for experiments. */
const HEADER = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5];

const [namespace, device, bytes, seconds, how] = process.argv.slice(2) as [string, string, string, string, string];
const port = PacketSocket.open({ device, namespace });
const size = Number(bytes);

function frames(count: number): Uint8Array {
  const memory = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) memory.set(HEADER, i * size);
  return memory;
}

/** Sends the same packets with each call. Each call returns the number of packets that the port refused. */
function sending(): () => number {
  if (how === "batch") {
    const batch = ownBatch(frames(BATCH), size);
    return () => BATCH - port.send(batch);
  }
  const list = Array.from({ length: LIST }, () => frames(1));
  return () => LIST - port.send(list);
}

const send = sending();
const start = performance.now();
const before = cpuUs();
let took = 0;
while (took < Number(seconds)) {
  for (let i = 0; i < 16; i++) if (send() > 0) await once(port, "drain");
  await turn();
  took = (performance.now() - start) / 1000;
}
const { packets } = port.stats().tx;
port.close();
console.log(JSON.stringify({ packets, seconds: took, cpuUs: cpuUs() - before }));
