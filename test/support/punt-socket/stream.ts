// A thread that plays VPP and sends a steady stream of numbered packets.
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { PuntSocket } from "../../../lib/punt-socket/index.js";

/** The properties of a stream. */
export interface Stream {
  /** Where VPP's end is bound, and where the receiver is. */
  readonly vppPath: string;
  readonly path: string;
  readonly packets: number;
  /** Time from one packet to the next, in ms. */
  readonly everyMs: number;
}

/** The length of packet `number`: 64 to 1500 bytes. */
export function lengthOf(number: number): number {
  return 64 + ((number * 131) % 1437);
}

/** Sends the stream; resolves when all its packets have been taken. */
export async function send(stream: Stream): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: stream });
  const exited = once(worker, "exit");
  await once(worker, "message");
  await exited;
}

function sendAll({ vppPath, path, packets, everyMs }: Stream): void {
  using vpp = PuntSocket.open({ path: vppPath, vppPath: null, onWarning: () => {}, sendBuffer: 65536 });
  const began = performance.now();
  for (let number = 0; number < packets; number++) {
    const packet = Buffer.alloc(lengthOf(number), number & 0xff);
    packet.writeUInt32BE(number);
    while (performance.now() < began + number * everyMs);
    while (vpp.sendTo(path, 1, packet) !== undefined);
  }
  parentPort!.postMessage("sent");
}

if (!isMainThread && workerData !== null) sendAll(workerData as Stream);
