// drainer <VPP's path> <own path> <ms that the filler needs>
// Lets the filler fill the queue, round by round, and times how fast it drains the queue. Prints the median of the second half of the
// rounds, because V8 compiles the code during the first half.
import { type PuntBatch, PuntSocket } from "../../lib/punt-socket/index.js";
import { median } from "../harness/measure.js";
import { MARK_END, MARK_ROUND, openInjector, report, sayReadyTo } from "./common.js";

const [vppPath, path, fillMs] = process.argv.slice(2) as [string, string, string];

let packets = 0;
let sum = 0;
let mark = 0;

function take(batch: PuntBatch): void {
  for (let i = 0; i < batch.length; i++) {
    const swIfIndex = batch.swIfIndex(i);
    if (swIfIndex >= MARK_ROUND) {
      mark = swIfIndex;
    } else {
      packets++;
      sum += batch.u8(i, 0);
    }
  }
}

// The native thread must not drain the queue while the filler fills it.
const socket = PuntSocket.open({ path, vppPath, takeOverUs: 1e6, onWarning: () => {} });
const injector = openInjector(vppPath);
const never = new Int32Array(new SharedArrayBuffer(4));
console.log("ready");
const rates: number[] = [];
while (mark !== MARK_END) {
  mark = 0;
  sayReadyTo(injector);
  Atomics.wait(never, 0, 0, Number(fillMs));
  const before = packets;
  const start = performance.now();
  while (mark === 0) socket.poll(take);
  rates.push(((packets - before) * 1000) / (performance.now() - start));
}
report({ rate: median(rates.slice(rates.length / 2)), sum });
socket.close();
injector.close();
