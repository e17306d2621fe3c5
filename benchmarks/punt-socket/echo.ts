// echo <VPP's path> <own path> [poll]
// Injects an answer to every punted packet until MARK_END arrives.
import { PuntAction, type PuntBatch, PuntSocket } from "../../lib/punt-socket/index.js";
import { MARK_END, openInjector, sayReadyTo } from "./common.js";

const [vppPath, path, poll] = process.argv.slice(2) as [string, string, string?];
const answer = new Uint8Array(64);
let ended = false;

function onBatch(batch: PuntBatch): void {
  for (let i = 0; i < batch.length; i++) {
    const swIfIndex = batch.swIfIndex(i);
    if (swIfIndex === MARK_END) {
      finish();
      return;
    }
    answer[0] = batch.u8(i, 0);
    injector.inject(PuntAction.L2, swIfIndex, answer);
  }
}

function finish(): void {
  ended = true;
  socket.close();
  injector.close();
}

const common = { path, vppPath, onWarning: () => {} };
const socket = PuntSocket.open(poll === "poll" ? common : { ...common, onBatch });
const injector = openInjector(vppPath);
sayReadyTo(injector);
console.log("ready");
if (poll === "poll") while (!ended) socket.poll(onBatch);
