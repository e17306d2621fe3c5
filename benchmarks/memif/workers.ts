// Receives in threads, one queue each, and reads every byte of every packet. That work takes longer than moving the packets.
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { Memif, type MemifHandle } from "../../lib/memif/index.js";
import { now, openPort, options } from "./common.js";

interface Task {
  handle: MemifHandle;
  queue: number;
  counts: Int32Array;
}

/** Receives until the main thread ends this thread. */
function receive({ handle, queue, counts }: Task): void {
  const rx = Memif.attach(handle).rx(queue);
  let sum = 0;
  for (;;) {
    rx.poll((batch) => {
      for (let i = 0; i < batch.length; i++) {
        const length = batch.byteLength(i);
        for (let at = 0; at < length; at++) sum += batch.u8(i, at);
      }
      Atomics.add(counts, queue, batch.length);
    });
    Atomics.store(counts, options.queues, sum); // otherwise V8 could leave the reading out
  }
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

async function main(): Promise<void> {
  const port = openPort({ rxQueues: options.queues });
  const counts = new Int32Array(new SharedArrayBuffer(4 * (options.queues + 1)));
  const tasks = Array.from({ length: options.queues }, (_, queue): Task => ({ handle: port.handle, queue, counts }));
  const threads = tasks.map(
    (task) => new Worker(new URL(import.meta.url), { workerData: task, argv: process.argv.slice(2) }),
  );
  const received = () => counts.subarray(0, options.queues).reduce((total, count) => total + count, 0);
  while (!tasks.every(({ queue }) => counts[queue]! > 0)) await sleep(0.01);
  await sleep(0.3); // V8 compiles the threads' code
  const start = { time: now(), received: received() };
  await sleep(options.seconds);
  const pps = (received() - start.received) / (now() - start.time);
  await Promise.all(threads.map((thread) => thread.terminate()));
  port.close();
  console.log(JSON.stringify({ pps }));
}

if (isMainThread) await main();
else receive(workerData as Task);
