// Loads a VPP with requests from the client, or with dumps.
//   client.js SOCKET ping WINDOW SECONDS     sends control_ping with WINDOW in flight
//   client.js SOCKET dump SECONDS            sends sw_interface_dump, one after the other
// Prints { "rate": requests or details a second, "cpuUs": CPU each }.
import { Vpp } from "../../lib/binapi/index.js";
import { cpuUs } from "../harness/cpu.js";

const [socketPath, what, ...numbers] = process.argv.slice(2);
const seconds = Number(numbers.at(-1));
const window = Number(numbers[0]);
const WARM_UP_MS = 300;
const vpp = await Vpp.connect({ socketPath: socketPath!, schema: "builtin", window: Math.max(window, 2) });

async function pings(ms: number): Promise<number> {
  const end = performance.now() + ms;
  let count = 0;
  let running = true;
  const one = async () => {
    while (running) {
      await vpp.call("control_ping");
      if ((++count & 15) === 0) running = performance.now() < end;
    }
  };
  await Promise.all(Array.from({ length: window }, one));
  return count;
}

async function dumps(ms: number): Promise<number> {
  const end = performance.now() + ms;
  const all = { name_filter_valid: false, name_filter: "" };
  let count = 0;
  while (performance.now() < end) count += (await vpp.dumpAll("sw_interface_dump", all)).length;
  return count;
}

const work = what === "dump" ? dumps : pings;
await work(WARM_UP_MS);
const start = performance.now();
const before = cpuUs();
const count = await work(seconds * 1000);
console.log(JSON.stringify({ rate: (count / (performance.now() - start)) * 1000, cpuUs: (cpuUs() - before) / count }));
await vpp.close();
