// The third part: how fast packets come in, over a punt socket and over memif, from a thread that sends in VPP's place.
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Memif, type PacketBatch, PuntSocket } from "../lib/index.js";
import { readFrames } from "./capture.js";
import type { Report } from "./report.js";
import type { TrafficOrder } from "./traffic.js";
import { until } from "./until.js";

export interface RateResult {
  readonly name: string;
  /** Packets that the sender could hand over. */
  readonly sent: number;
  readonly received: number;
  /** Packets received a second. */
  readonly pps: number;
}

const DURATION_MS = 1000;
const LIVE_MS = 200;

/** Counts packets, having looked into each. */
class Counter {
  packets = 0;
  private bytes = 0;

  take(batch: PacketBatch): void {
    for (let i = 0; i < batch.length; i++) this.bytes += batch.u8(i, 0);
    this.packets += batch.length;
  }
}

/** A thread that is ready to send. */
async function startTraffic(order: TrafficOrder): Promise<Worker> {
  const worker = new Worker(new URL("./traffic.js", import.meta.url), { workerData: order });
  await once(worker, "message");
  return worker;
}

/** Lets the thread send, and shows how it goes until everything it sent has arrived. */
async function measure(name: string, worker: Worker, counter: Counter, report: Report): Promise<RateResult> {
  const started = performance.now();
  const pps = () => Math.round((counter.packets / (performance.now() - started)) * 1000);
  const timer = setInterval(() => report.live(`${name}: ${pps().toLocaleString("en")} packets/s`), LIVE_MS);
  worker.postMessage("go");
  const [sent] = (await once(worker, "message")) as [number];
  const rate = pps();
  await until(() => counter.packets >= sent);
  clearInterval(timer);
  worker.postMessage("done");
  await once(worker, "exit");
  return { name, sent, received: counter.packets, pps: rate };
}

async function puntSocketRate(directory: string, frame: Uint8Array, report: Report): Promise<RateResult> {
  const counter = new Counter();
  const [from, to] = [join(directory, "rate-vpp.sock"), join(directory, "rate.sock")];
  const worker = await startTraffic({ kind: "punt-socket", frame, durationMs: DURATION_MS, from, to });
  using _socket = PuntSocket.open({
    path: to,
    vppPath: from,
    onWarning: () => undefined,
    onBatch: (batch) => counter.take(batch),
  });
  return await measure("punt socket", worker, counter, report);
}

async function memifRate(directory: string, frame: Uint8Array, report: Report): Promise<RateResult> {
  const counter = new Counter();
  const socket = join(directory, "rate-memif.sock");
  using port = Memif.open({ role: "server", socket });
  port.receive((batch) => counter.take(batch));
  const worker = await startTraffic({ kind: "memif", frame, durationMs: DURATION_MS, socket });
  return await measure("memif", worker, counter, report);
}

/** Runs both, one after the other. */
export async function measureRates(directory: string, report: Report) {
  const frame = Uint8Array.from(readFrames()[0]!);
  const puntSocket = await puntSocketRate(directory, frame, report);
  const memif = await memifRate(directory, frame, report);
  return { puntSocket, memif };
}
