#!/usr/bin/env node
// Receives with npm's unix-dgram and reads the first byte of every packet, until MARK_END arrives: npm_unix_dgram_receiver.mjs <VPP's path>
// <own path>. The package is in a folder of NODE_PEERS.
import { createRequire } from "node:module";
import { join } from "node:path";

const [vppPath, path] = process.argv.slice(2);
const MARK_END = 0xffffffff;
const DESCRIPTOR = 8;

const { createSocket } = createRequire(join(process.env.NODE_PEERS, "peers.js"))("unix-dgram");
const socket = createSocket("unix_dgram");
let packets = 0;
let sum = 0;
let start;

function finish() {
  const { user, system } = process.cpuUsage(start.cpu);
  const seconds = (performance.now() - start.ms) / 1000;
  console.log(JSON.stringify({ packets, sum, seconds, userUs: user, systemUs: system }));
  socket.close();
}

socket.on("message", (datagram) => {
  start ??= { ms: performance.now(), cpu: process.cpuUsage() };
  if (datagram.readUInt32LE(0) === MARK_END) return finish();
  sum += datagram[DESCRIPTOR];
  packets++;
});
socket.bind(path);
socket.connect(vppPath);
socket.send(Buffer.alloc(DESCRIPTOR + 21));
