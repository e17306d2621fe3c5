// A thread with a port that sends a packet, waits for the answer, and sends the next one: at once, after some turns, or late.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Memif, type MemifRxMode } from "../../../lib/memif/index.js";

interface Pings {
  readonly socket: string;
  readonly rxMode: MemifRxMode;
  readonly rounds: number;
}

/** Sends the pings as a client; resolves with the numbers of the answers. */
export async function ping(pings: Pings): Promise<number[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: pings });
  const [exited, answers] = [once(worker, "exit"), once(worker, "message")];
  const [numbers] = await answers;
  await exited;
  return numbers;
}

/** Waits from not at all to 2 ms. */
async function pause(round: number): Promise<void> {
  if (round % 200 === 0) await sleep(2);
  else for (let turn = 0; turn < round % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function run({ socket, rxMode, rounds }: Pings): Promise<void> {
  using port = Memif.open({ role: "client", socket, rxMode, reconnectMs: 10 });
  await new Promise((resolve) => port.once("up", resolve));
  const numbers: number[] = [];
  let answered = () => {};
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) numbers.push(batch.u32(i, 0));
    answered();
  });
  const packet = Buffer.alloc(64);
  for (let round = 0; round < rounds; round++) {
    const answer = new Promise<void>((resolve) => (answered = resolve));
    packet.writeUInt32BE(round);
    port.send(packet);
    await answer;
    await pause(round);
  }
  parentPort!.postMessage(numbers);
}

if (!isMainThread && workerData?.rounds !== undefined) void run(workerData as Pings);
