// Sends every packet back, until its peer goes.
import type { MemifHandler } from "../../lib/memif/index.js";
import { openPort, options, turn } from "./common.js";

const port = openPort();
console.log("ready");
const echo: MemifHandler = (batch) => {
  port.send(batch);
};
let gone = false;
port.once("down", () => {
  gone = true;
  if (options.mode !== "polling") port.close();
});
if (options.mode === "polling") {
  const queue = port.rx(0);
  while (!gone) {
    for (let i = 0; i < 20_000; i++) queue.poll(echo);
    await turn();
  }
  port.close();
} else {
  port.receive(echo);
}
