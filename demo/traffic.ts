// A thread that sends as fast as it can for a while, in VPP's place, and tells how many packets were taken.

import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Memif, PuntSocket } from "../lib/index.js";

/** The thread's input. */
export type TrafficOrder = { readonly frame: Uint8Array; readonly durationMs: number } & (
  | { readonly kind: "punt-socket"; readonly from: string; readonly to: string }
  | { readonly kind: "memif"; readonly socket: string }
);

const BURST = 64;

/** Calls `sendBurst`, which returns how many were taken, until the time is over; resolves with the sum. */
async function flood(durationMs: number, sendBurst: () => number): Promise<number> {
  const end = performance.now() + durationMs;
  let sent = 0;
  while (performance.now() < end) {
    const taken = sendBurst();
    sent += taken;
    if (taken < BURST) await turn();
  }
  return sent;
}

/** As VPP sends: one datagram a packet, and no second attempt for this one when the receiver has no room. */
function puntSocketBurst(socket: PuntSocket, to: string, frame: Uint8Array): number {
  let taken = 0;
  while (taken < BURST && socket.sendTo(to, 1, frame) === undefined) taken++;
  return taken;
}

async function run(order: TrafficOrder): Promise<void> {
  const { frame, durationMs } = order;
  if (order.kind === "punt-socket") {
    using socket = PuntSocket.open({ path: order.from, vppPath: null, onWarning: () => undefined });
    parentPort!.postMessage("ready");
    await once(parentPort!, "message");
    parentPort!.postMessage(await flood(durationMs, () => puntSocketBurst(socket, order.to, frame)));
    await once(parentPort!, "message"); // until all has been received
    return;
  }
  using port = Memif.open({ role: "client", socket: order.socket });
  await once(port, "up");
  const burst = Array.from({ length: BURST }, () => frame);
  parentPort!.postMessage("ready");
  await once(parentPort!, "message");
  parentPort!.postMessage(await flood(durationMs, () => port.send(burst)));
  await once(parentPort!, "message");
}

await run(workerData as TrafficOrder);
