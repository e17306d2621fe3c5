// Measures what a manager with N punts costs while nothing happens, on an embedded VPP in a process of its own.
// usage: idle N SECONDS; prints { percent of a core, resyncCpuMs: the processor time of one resync, which finds nothing to do }
import { cpuUs } from "../harness/cpu.js";
import { idlePercent } from "../harness/idle.js";
import { Bed } from "./embedded.js";

const [count, seconds] = process.argv.slice(2).map(Number) as [number, number];
const bed = await Bed.start(count);
const manager = await bed.manager();
await manager.apply({ punts: bed.requests }, { keep: true, waitFor: "CREATED" });
const created = manager.list().filter(({ state }) => state === "CREATED").length;
if (created !== count) throw new Error(`${created} of ${count} punts are CREATED`);
await manager.resync();
const percent = await idlePercent(seconds);
const before = cpuUs();
await manager.resync();
console.log(JSON.stringify({ percent, resyncCpuMs: (cpuUs() - before) / 1000 }));
await manager.close();
await bed.close();
