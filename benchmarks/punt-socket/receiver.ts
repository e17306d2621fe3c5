// receiver <VPP's path> <own path> [<ms for which the first packet's handler blocks> [<gatherUs>]]
// Reads the first byte of every packet until MARK_END arrives, or stdin ends.
import { type PuntBatch, PuntSocket } from "../../lib/punt-socket/index.js";
import { MARK_END, openInjector, report, sayReadyTo, startUsage } from "./common.js";

const [vppPath, path, blockMs = "0", gatherUs] = process.argv.slice(2) as [string, string, string?, string?];
let packets = 0;
let sum = 0;
let usage: ReturnType<typeof startUsage> | undefined;

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Packets after which V8 has compiled the code. CPU time and rate count the later packets only. */
const WARM_UP = 20_000;
let before = 0;

function onBatch(batch: PuntBatch): void {
  if (usage === undefined) {
    usage = startUsage();
    block(Number(blockMs));
  } else if (before === 0 && packets >= WARM_UP) {
    before = packets;
    usage = startUsage();
  }
  let ended = false;
  for (let i = 0; i < batch.length; i++) {
    if (batch.swIfIndex(i) === MARK_END) ended = true;
    else sum += batch.u8(i, 0);
  }
  packets += batch.length - Number(ended);
  if (ended) finish();
}

function finish(): void {
  process.stdin.destroy();
  const { batches, drained, dropped } = socket.stats();
  report({ packets, counted: packets - before, sum, batches, drained, ringFull: dropped.ringFull, ...usage?.() });
  socket.close();
  injector.close();
}

const gather = gatherUs === undefined ? {} : { gatherUs: Number(gatherUs) };
const socket = PuntSocket.open({ path, vppPath, onBatch, onWarning: () => {}, ...gather });
const injector = openInjector(vppPath);
process.stdin.resume().once("end", finish);
console.log("ready");
sayReadyTo(injector);
