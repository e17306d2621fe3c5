// Measures how much of a core a connected port takes while no packets arrive.
import { cpuSeconds, now, openPort, options } from "./common.js";

const port = openPort();
port.receive(() => {});
await new Promise((resolve) => port.once("up", resolve));
await new Promise((resolve) => setTimeout(resolve, 300)); // start-up is over
const start = { time: now(), cpu: cpuSeconds() };
await new Promise((resolve) => setTimeout(resolve, 1000 * options.seconds));
const percent = (100 * (cpuSeconds() - start.cpu)) / (now() - start.time);
port.close();
console.log(JSON.stringify({ percent }));
