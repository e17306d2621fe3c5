// npm run test:cluster -- [--seed S] [--steps N] [--cnfs N] [--only F]: three hosts, five daemons, forty CNFs and etcd, which are killed,
// stopped and cut off in a random order. Exits with 0 only if all is as it was asked for, and nothing is left over.
import { program, vppProgram } from "../../support/machine/programs.js";
import { commandLine } from "../command.js";
import { pause } from "./child.js";
import { Choice } from "./choice.js";
import { type Fault, faultsOf, stepOf } from "./faults.js";
import { leftovers, socketFiles } from "./leftovers.js";
import { patiently } from "./patience.js";
import { World } from "./world.js";

const { numbers, values, has } = commandLine({
  name: "test:cluster",
  text: `npm run test:cluster -- [--seed S] [--steps N] [--cnfs N] [--only FAULT] [--keep]

Three network namespaces are hosts. Each has a VPP: an embedded one; the third has a real one if $VPP_PREFIX names it. Five daemons serve
them, CNFs in processes of their own ask for punts by the module, and etcd has a namespace of its own. In each step a daemon, a VPP, a CNF
or etcd is killed, stopped, compacted or cut off. Then each CNF must have its punts, and packets on each; where a step does not touch
packets, none may be lost. Exits with 0 only if that holds, nothing of an operator's objects was touched, and nothing is left over.
Needs root and etcd; is skipped where they are missing.

  --seed S    seed of the order (default: from the clock)
  --steps N   number of steps (default: 40)
  --cnfs N    number of CNFs (default: 40)
  --only F    only the faults whose name contains F, such as "etcd" or "VPP killed"
  --keep      keep the folder with the logs`,
  numbers: {
    seed: { least: 0, standard: Date.now() & 0xff_ffff },
    steps: { least: 0, standard: 40 },
    cnfs: { least: 1, standard: 40 },
  },
  values: ["only"],
  flags: ["keep"],
});
const { seed, steps, cnfs } = numbers;
const started = performance.now();

function say(text: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

function lacking(): string | undefined {
  if (process.getuid?.() !== 0) return "it needs root";
  const missing = ["ip", "nsenter", "unshare", "setpriv", "etcd", "etcdctl"].filter((name) => !program(name));
  return missing.length === 0 ? undefined : `${missing.join(", ")} not here`;
}

/** Packets while a step runs: none may be lost if the step does not touch traffic. */
const PROBE_MS = 100;
/** How long the missing packets may stay away. */
const LATE_SECONDS = 10;
/** How long packets run at least. */
const LEAST_MS = 1_000;

async function underTraffic(
  world: World,
  body: () => Promise<string[]>,
): Promise<{ said: string[]; lost: string[]; count: number }> {
  const texts: string[] = [];
  const timer = setInterval(() => texts.push(world.probe()), PROBE_MS);
  const [said] = await Promise.all([body(), pause(LEAST_MS)]).finally(() => clearInterval(timer));
  const lost = () => world.cnfs.flatMap((cnf) => cnf.missed(texts));
  await patiently(async () => lost(), { what: "packets are missing", every: 20, still: LATE_SECONDS }).catch(() => {});
  return { said, lost: lost(), count: texts.length };
}

async function step(world: World, faults: readonly Fault[], choice: Choice): Promise<void> {
  const run = () => Promise.all(faults.map((fault) => fault.run(world, choice)));
  if (faults.some(({ isHarmless }) => !isHarmless)) {
    for (const text of await run()) say(text);
  } else {
    const { said, lost, count } = await underTraffic(world, run);
    for (const text of said) say(text);
    if (lost.length > 0) throw new Error(`packets were lost:\n${lost.join("\n")}`);
    say(`  ${count} packets to each punt, none lost`);
  }
  const before = performance.now();
  await world.settle();
  say(`  all is as asked for after ${((performance.now() - before) / 1000).toFixed(1)} s`);
}

async function run(world: World): Promise<void> {
  const choice = new Choice(seed);
  const all = faultsOf(hasReal, values.only);
  const done = new Map(all.map(({ name }) => [name, 0]));
  await world.start();
  await world.settle();
  say(`${world.cnfs.length} CNFs have their punts, and packets run on each`);
  let order: Fault[] = [];
  for (let number = 0; number < steps; number++) {
    if (number % all.length === 0) order = choice.shuffled(all);
    const faults = stepOf(order, number, choice);
    await step(world, faults, choice);
    for (const { name } of faults) done.set(name, done.get(name)! + 1);
  }
  say(`done: ${[...done].map(([name, times]) => `${name} ${times} times`).join("; ")}`);
  const left = await world.finish();
  const sockets = await socketFiles(world.directory);
  if (left.length + sockets.length > 0) throw new Error(`left over:\n${[...left, ...sockets].join("\n")}`);
}

const reason = lacking();
if (reason !== undefined) {
  console.log(`test:cluster skipped: ${reason}`);
  process.exit(0);
}
if (faultsOf(true, values.only).length === 0) {
  console.log(`test:cluster: no fault has ${values.only} in its name`);
  process.exit(2);
}
const hasReal = process.env.VPP_PREFIX !== undefined && vppProgram() !== undefined;
say(
  `seed ${seed}, ${steps} steps, ${cnfs} CNFs, ${hasReal ? "two embedded VPPs and a real one" : "three embedded VPPs"}`,
);
const world = new World({ cnfs, hasReal, say });
let isStopped = false;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    isStopped = true;
    void world.abandon(has("keep")).then(() => process.exit(1));
  });
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: Error) => {
    console.error(error);
    void world.abandon(true).then(() => process.exit(70));
  });
let failure: Error | undefined;
await run(world).catch((error: Error) => {
  failure = error;
});
if (!isStopped) {
  await world.abandon(has("keep") || failure !== undefined);
  const left = await leftovers(world.name);
  if (left.length > 0) failure ??= new Error(`left over:\n${left.join("\n")}`);
  if (failure) {
    console.error(`FAILED: ${failure.message}\nagain with: --seed ${seed} --steps ${steps} --cnfs ${cnfs}`);
    process.exit(1);
  }
  say("each CNF ended with its punts, packets ran on each, nothing else was touched, and nothing is left over");
  process.exit(0);
}
