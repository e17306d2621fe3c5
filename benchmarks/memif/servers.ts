// Opens ports on one socket, with ids from 0 on, that neither send nor receive, until stdin ends.
import { openPort, options } from "./common.js";

const ports = Array.from({ length: options.ports }, (_, id) => openPort({ role: "server", id }));
process.stdin.resume().once("end", () => {
  for (const port of ports) port.close();
});
console.log("ready");
