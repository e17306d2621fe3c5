// Receives for some seconds and reads the first byte of every packet. Then it tells the source to end, and takes the rest. A source
// that doesn't understand this ends by closing its memif.
import { PerformanceObserver } from "node:perf_hooks";
import type { MemifHandler } from "../../lib/memif/index.js";
import { cpuUs } from "../harness/cpu.js";
import { END, endPacket, now, openPort, options, sendSurely, turn } from "./common.js";

const port = openPort();
let received = 0;
let sum = 0;
let ended = false;

const handler: MemifHandler = (batch) => {
  const count = batch.length;
  let last = 0;
  for (let i = 0; i < count; i++) {
    last = batch.u8(i, 0);
    sum += last;
  }
  received += count;
  if (last === END) ended = true;
};

let gcMs = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) gcMs += entry.duration;
}).observe({ entryTypes: ["gc"] });

/** Polls for a while between two turns of the event loop. */
async function pollUntil(done: () => boolean): Promise<void> {
  const queue = port.rx(0);
  while (!done()) {
    for (let i = 0; i < 1000 && !ended; i++) queue.poll(handler);
    await turn();
  }
}

async function runUntil(done: () => boolean): Promise<void> {
  if (options.mode === "polling") return pollUntil(done);
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

if (options.mode !== "polling") port.receive(handler);
console.log("ready");
await runUntil(() => received > 0);
const start = { time: now(), cpuUs: cpuUs(), received, gcMs };
await runUntil(() => now() - start.time > options.seconds);
const seconds = now() - start.time;
const packets = received - start.received;
const result = {
  pps: packets / seconds,
  cpuNs: (1e3 * (cpuUs() - start.cpuUs)) / packets,
  gcPercent: (gcMs - start.gcMs) / 10 / seconds,
};
await sendSurely(port, endPacket());
await runUntil(() => ended || port.peer === undefined);
port.close();
console.log(JSON.stringify({ ...result, received: received - Number(ended), sum }));
