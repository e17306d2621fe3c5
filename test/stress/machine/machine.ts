// npm run faults:machine -- [--case TEXT] [--stop SECONDS] [--seed S]: stopped processes, disks, descriptors and memory. 0 if all held.
import { commandLine } from "../command.js";
import { randomOf } from "../random.js";
import { damages } from "./damage.js";
import { memories } from "./memory.js";
import { Place } from "./place.js";
import { queues } from "./queue.js";
import { type Trouble, troubles } from "./troubles.js";

const { numbers, values, has } = commandLine({
  name: "faults:machine",
  text: `npm run faults:machine -- [--case TEXT] [--stop SECONDS] [--seed S] [--list]

Lets a daemon, an embedded VPP, CNFs and an operator live through troubles of their machine: each party stopped with SIGSTOP, a disk that is
full, read-only, faulty or slow, a store that is damaged at any byte or of another version, no descriptors, no memory, full queues.
Afterwards every change that was answered holds, also after the daemon is killed and VPP has restarted; a refused one left nothing; VPP is as
one that was configured at once, and empty when all punts are deleted. Exits with 0 only if all cases held.

  --case TEXT     only cases whose name contains the text (default: all)
  --stop SECONDS  how long a process is stopped (default: 2)
  --seed S        seed of the random changes (default: from the clock)
  --list          prints the cases`,
  numbers: { stop: { least: 1, standard: 2 }, seed: { least: 0, standard: Date.now() & 0xff_ffff } },
  values: ["case"],
  flags: ["list"],
});
const { stop, seed } = numbers;

/** The troubles of a place with a daemon, after which the place is checked. */
const ofPlace: Readonly<Record<string, Trouble>> = { ...troubles, ...damages, ...queues };

async function runOnPlace(trouble: Trouble): Promise<string> {
  const random = randomOf(seed);
  const place = await Place.start(random);
  try {
    const done = await trouble({ place, stop: stop * 1_000, random });
    await place.verify();
    await place.end();
    return done;
  } finally {
    await place.abandon();
  }
}

const cases = new Map<string, () => Promise<string>>([
  ...Object.entries(ofPlace).map(([name, trouble]) => [name, () => runOnPlace(trouble)] as const),
  ...Object.entries(memories),
]);
if (has("list")) {
  console.log([...cases.keys()].join("\n"));
  process.exit(0);
}
const chosen = [...cases].filter(([name]) => name.includes(values.case ?? ""));
if (chosen.length === 0) {
  console.error(`faults:machine: there is no case ${JSON.stringify(values.case)}; --list prints them`);
  process.exit(2);
}
let failed = 0;
for (const [name, run] of chosen) {
  const started = performance.now();
  const done = await run().catch((error: Error) => error);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!(done instanceof Error)) {
    console.log(`held  ${name}: ${done}, ${seconds} s`);
    continue;
  }
  failed++;
  console.error(`FAILED  ${name}: ${done.stack}`);
  console.error(`again with: npm run faults:machine -- --case ${JSON.stringify(name)} --stop ${stop} --seed ${seed}`);
}
console.log(`${chosen.length - failed} cases held, ${failed} failed, seed ${seed}`);
process.exit(failed > 0 ? 1 : 0);
