// Measures how much of a core connected ports take while no packets arrive.
import { once } from "node:events";
import { idlePercent } from "../harness/idle.js";
import { openPort, options } from "./common.js";

const ports = Array.from({ length: options.ports }, (_, id) => openPort({ id }));
for (const port of ports) port.receive(() => {});
await Promise.all(ports.map((port) => port.peer ?? once(port, "up")));
const percent = await idlePercent(options.seconds);
for (const port of ports) port.close();
console.log(JSON.stringify({ percent }));
