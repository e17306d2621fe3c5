#!/usr/bin/env node
// Receives with npm's memif and reads the first byte of every packet, as libmemif_sink does: npm_memif_sink.mjs <role> <socket> poll|sleep
// <seconds>. The package has one mode, and a folder of NODE_PEERS.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [role, socketName, , seconds] = process.argv.slice(2);
const END = 0xff;
/** Time for the source's end packet, which the package may lose. */
const END_MS = 500;

const file = createRequire(join(process.env.NODE_PEERS, "peers.js")).resolve("memif");
const { Memif } = await import(pathToFileURL(file).href);
const memif = new Memif({ role, socketName, dataroom: 2048, ringCapacity: 1024 });

let received = 0;
let sum = 0;
let start;

function tellEnd() {
  const elapsed = (performance.now() - start.ms) / 1000;
  const { user, system } = process.cpuUsage(start.cpu);
  const result = { pps: received / elapsed, cpuNs: (1000 * (user + system)) / received };
  memif.write(new Uint8Array(60).fill(END));
  setTimeout(() => {
    memif.destroy();
    console.log(JSON.stringify({ ...result, received, sum }));
    process.exit();
  }, END_MS);
}

memif.on("data", (packet) => {
  if (start === undefined) {
    start = { ms: performance.now(), cpu: process.cpuUsage() };
    setTimeout(tellEnd, 1000 * Number(seconds));
  }
  if (packet[0] === END) return;
  sum += packet[0];
  received++;
});
