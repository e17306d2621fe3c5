// A worker thread that receives on a device until it is terminated, and tells each batch.
import { parentPort, workerData } from "node:worker_threads";
import { PacketSocket } from "../../../lib/packet-socket/index.js";

const { namespace } = workerData as { namespace: string };
const port = PacketSocket.open({ device: "punt0", namespace });
port.receive((batch) => parentPort!.postMessage(batch.view(0).length));
parentPort!.postMessage("open");
