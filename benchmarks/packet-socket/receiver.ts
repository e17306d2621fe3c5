// receiver <namespace> <device>
// Reads the first byte of every frame until stdin ends.
import { setTimeout as sleep } from "node:timers/promises";
import { PacketSocket } from "../../lib/packet-socket/index.js";
import { cpuUs } from "../harness/cpu.js";

/** After which no more frames are on their way. */
const QUIET_MS = 100;
const [namespace, device] = process.argv.slice(2) as [string, string];
const port = PacketSocket.open({ device, namespace });
let packets = 0;
let sum = 0;
let last = 0;
let start: { time: number; cpuUs: number } | undefined;

port.receive((batch) => {
  start ??= { time: performance.now(), cpuUs: cpuUs() };
  const count = batch.length;
  for (let i = 0; i < count; i++) sum += batch.u8(i, 0);
  packets += count;
  last = performance.now();
});

async function finish(): Promise<void> {
  for (let before = -1; packets !== before; ) {
    before = packets;
    await sleep(QUIET_MS);
  }
  const usedUs = cpuUs() - (start?.cpuUs ?? 0);
  const dropped = port.stats().rx.dropped.ringFull;
  port.close();
  const seconds = (last - (start?.time ?? 0)) / 1000;
  console.log(JSON.stringify({ packets, dropped, seconds, cpuUs: usedUs, sum }));
}

process.stdin.resume().once("end", () => void finish());
console.log("ready");
