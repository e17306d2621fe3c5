// Keeps the rings of all its queues full, until its peer goes.
import { openPort, options } from "./common.js";

const port = openPort({ role: "server", txQueues: options.queues, rxMode: "interrupt" });
const packets = Array.from({ length: 64 }, () => new Uint8Array(options.size).fill(1));
console.log("ready");
let gone = false;
port.once("down", () => {
  gone = true;
});
while (!gone) {
  for (let queue = 0; queue < options.queues && port.peer !== undefined; queue++)
    while (port.tx(queue).send(packets) === packets.length);
  await new Promise((resolve) => setTimeout(resolve, 0));
}
port.close();
