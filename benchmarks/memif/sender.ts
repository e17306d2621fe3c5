// Sends packets as fast as the ring takes them, in one of three ways: lists of 64 buffers, batches of 256 packets, or slots that are
// written in place. Then it waits until the sink has received all of them, or closes its memif.
import type { PacketBatch } from "../../lib/packet/index.js";
import { ownBatch } from "../packet/own-batch.js";
import { END, endPacket, now, openPort, options, sendSurely, turn } from "./common.js";

const port = openPort({ rxMode: "polling" });
const queue = port.tx(0);
console.log("ready");
const BATCH = 256;

/** Memory that was never written may be one page for all packets. The first byte of a packet is 0. */
function written(length: number): Uint8Array {
  return new Uint8Array(length).fill(1).fill(0, 0, 1);
}

function lists(): () => number {
  const packets = Array.from({ length: 64 }, () => written(options.size));
  return () => queue.send(packets);
}

/** Sends a batch of a memory of its own. */
function batches(): () => number {
  const bytes = written(BATCH * options.size);
  for (let i = 0; i < BATCH; i++) bytes[i * options.size] = 0;
  const batch = ownBatch(bytes, options.size);
  return () => queue.send(batch);
}

/** Writes a number into copies of a template. */
function slots(): () => number {
  const template = new Uint8Array(options.size);
  return () => {
    const free = queue.allocate(BATCH, template);
    for (let i = 0; i < free.length; i++) free.setU32(i, 20, i);
    queue.commit();
    return free.length;
  };
}

const send = { list: lists, batch: batches, slots }[options.how]!();
while (port.peer === undefined) await turn();

let sent = 0;
const start = now();
let seconds = 0;
while (seconds < options.seconds) {
  for (let i = 0; i < 1000; i++) sent += send();
  await turn();
  seconds = now() - start;
}
await sendSurely(port, endPacket(options.size));
let confirmed = false;
const look = (batch: PacketBatch) => {
  confirmed ||= batch.u8(0, 0) === END;
};
while (!confirmed && port.peer !== undefined) {
  port.rx(0).poll(look);
  await turn();
}
port.close();
console.log(JSON.stringify({ sent, pps: sent / seconds }));
