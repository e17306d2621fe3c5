// A worker that receives 100 packets at workerData.path, says so and ends.
import { parentPort, workerData } from "node:worker_threads";
import { PuntSocket } from "../../../lib/punt-socket/index.js";

const { path, vppPath } = workerData as { path: string; vppPath: string };
let packets = 0;
const socket = PuntSocket.open({
  path,
  vppPath,
  onWarning: () => {},
  onBatch: (batch) => {
    packets += batch.length;
    if (packets === 100) parentPort!.postMessage(packets);
    if (packets === 100) socket.unref();
  },
});
parentPort!.postMessage("open");
