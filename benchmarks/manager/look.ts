// Looks at a steady embedded VPP with N interfaces and a few punts.
// usage: look N; prints { ms, cpuMs, percent }: medians of a look's time and of its processor time here, and the latter in percent of the
// default time between two looks
import { Pace } from "../../lib/punt/reconcile/index.js";
import { cpuUs } from "../harness/cpu.js";
import { median } from "../harness/measure.js";
import { Bed, timed } from "./embedded.js";

const ROUNDS = 9;
const PUNTS = 10;
const { interval } = new Pace();

const bed = await Bed.start(Number(process.argv[2]));
const manager = await bed.manager();
await Promise.all(bed.requests.slice(0, PUNTS).map((punt) => manager.add(punt, { waitFor: "CREATED" })));
await manager.resync();
const looks: { ms: number; cpu: number }[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const before = cpuUs();
  const ms = await timed(() => manager.resync());
  looks.push({ ms, cpu: (cpuUs() - before) / 1000 });
}
const cpu = median(looks.map((look) => look.cpu));
console.log(JSON.stringify({ ms: median(looks.map((look) => look.ms)), cpuMs: cpu, percent: (100 * cpu) / interval }));
await manager.close();
await bed.close();
