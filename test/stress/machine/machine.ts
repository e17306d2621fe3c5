// npm run faults:machine -- [--case TEXT] [--stop SECONDS] [--seed S]: stopped processes, disks, descriptors and memory. 0 if all held.
import { randomOf } from "../../support/random.js";
import { type Case, runCases } from "../cases.js";
import { commandLine } from "../command.js";
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

const cases = new Map<string, Case>([
  ...Object.entries(ofPlace).map(([name, trouble]) => [name, () => runOnPlace(trouble)] as const),
  ...Object.entries(memories),
]);
await runCases(cases, {
  ...{ script: "faults:machine", only: values.case, isList: has("list") },
  again: `--stop ${stop} --seed ${seed}`,
});
