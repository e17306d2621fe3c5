// Sends packets by copying them, 64 a call, as fast as the ring takes them. Then it waits until the sink has received all of them.
import type { PacketBatch } from "../../lib/packet/index.js";
import { END, endPacket, now, openPort, options, sendSurely, turn } from "./common.js";

const port = openPort({ rxMode: "polling" });
const packets = Array.from({ length: 64 }, () => new Uint8Array(options.size));
const queue = port.tx(0);
while (port.peer === undefined) await turn();

let sent = 0;
const start = now();
let seconds = 0;
while (seconds < options.seconds) {
  for (let i = 0; i < 1000; i++) sent += queue.send(packets);
  await turn();
  seconds = now() - start;
}
await sendSurely(port, endPacket(options.size));
let confirmed = false;
const look = (batch: PacketBatch) => {
  confirmed ||= batch.u8(0, 0) === END;
};
while (!confirmed && port.peer !== undefined) {
  port.rx(0).poll(look);
  await turn();
}
port.close();
console.log(JSON.stringify({ sent, pps: sent / seconds }));
