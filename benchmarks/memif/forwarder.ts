// Forwards between two memif peers until one of them goes; a handler looks at every packet.
import { parseArgs } from "node:util";
import { type ForwardBatch, forward, Memif } from "../../lib/memif/index.js";

const { values } = parseArgs({
  options: {
    a: { type: "string", default: "" },
    b: { type: "string", default: "" },
    decide: { type: "string", default: "js" },
  },
});

const open = (socket: string) => Memif.open({ role: "client", socket, rxMode: "polling", reconnectMs: 10 });
const [a, b] = [open(values.a), open(values.b)];

/** Drops packets whose first byte is 1; the benchmark sends none. */
function decide(batch: ForwardBatch): void {
  for (let i = 0; i < batch.length; i++) if (batch.u8(i, 0) === 1) batch.drop(i);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const forwarder = forward(a, b, values.decide === "js" ? decide : undefined);
console.log("ready");
let moved = 0;
while (moved === 0 || (a.peer !== undefined && b.peer !== undefined)) {
  for (let i = 0; i < 1000; i++) moved += forwarder.poll();
  await turn();
}
forwarder.close();
console.log(JSON.stringify({ moved }));
