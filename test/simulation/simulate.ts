// npm run simulate -- [--cluster] [--runs N] [--seed S] [--whole] [--history FILE]: simulated histories. Exits with 0 only if all of them hold.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { commandLine, randomRuns } from "../stress/command.js";
import { runHistory as runClusterHistory } from "./cluster/history.js";
import { steps as clusterSteps } from "./cluster/operation.js";
import { runHistory } from "./history.js";
import { steps } from "./operation.js";
import type { Outcome } from "./run-steps.js";
import { shrink } from "./shrink.js";

const { numbers, values, has } = commandLine({
  name: "simulate",
  text: `npm run simulate -- [--cluster] [--runs N] [--seed S] [--whole] [--history FILE]

Runs histories of managers, their VPP and modules in one process, in virtual time: each message, timer, write and kill is put in order by the seed.
Modules open the ends of their punts, over descriptors of the daemon or by paths, and their network namespace comes anew. Every fourth history is one of modules alone.
Exits with 0 only if all of them hold. Otherwise looks, for at most some minutes, for a shorter history that fails in the same way, and
prints it with the command that repeats it.

  --cluster  histories of the daemons of one host, with their etcd, their VPP, an operator and modules, in place of managers with disks:
             who is cut off, stopped or killed, and which calls of etcd are late or lost, follows from the seed too
  --runs N   number of histories (default: 2000)
  --seed S   seed of the first history; each has the next number (default: from the clock)
  --whole    prints a history that fails as it is, and looks for no shorter one
  --history FILE  repeats one history, from the file that a failure has named`,
  numbers: randomRuns(2_000),
  values: ["history"],
  flags: ["cluster", "whole"],
});
const { runs, seed: firstSeed } = numbers;
const mode = has("cluster") ? "--cluster " : "";

type Steps = readonly { readonly op: string }[];

/** A kind of histories. Its steps are for its own runs. */
interface Kind {
  readonly steps: fc.Arbitrary<Steps>;
  run(seed: number, steps: Steps): Promise<Outcome>;
}

const kind = (has("cluster")
  ? { steps: clusterSteps, run: runClusterHistory }
  : { steps, run: runHistory }) as unknown as Kind;

/** Histories of one process: each leaves about a megabyte of memory behind. */
const MOST_OF_A_PROCESS = 1_000;
/** Milliseconds of the processor's time for the search for a shorter history. */
const LONGEST_SHRINKING = 180_000;
/** Histories that the search may run. */
const MOST_TRIES = 600;
/** Schedules that a history of at most `few` operations is tried with: without an operation, chance falls otherwise. */
const SCHEDULES = { count: 3, few: 12 };

/** The seed and the steps of a history. */
interface Made {
  readonly seed: number;
  readonly steps: Steps;
}

function fail(text: string): never {
  console.error(text);
  process.exit(1);
}

/** Errors that nobody took, of code that runs after its history has failed, are of no interest. */
let isShrinking = false;
process.on("unhandledRejection", (error) => {
  if (!isShrinking) fail(`unhandled rejection: ${(error as Error)?.stack ?? error}`);
});

/** The condition that did not hold, without the punt and the lines that it did not hold for. */
function reasonOf(error: unknown): string {
  return String((error as Error)?.message ?? error)
    .split("\n", 1)[0]!
    .replace(/[{[].*[}\]]/g, "{}")
    .replace(/\/\S+/g, "/")
    .replace(/\d+/g, "0");
}

async function errorOf({ seed, steps }: Made): Promise<unknown> {
  try {
    await kind.run(seed, steps);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Returns a shorter history that fails in the same way. */
async function shortened(long: Made, reason: string): Promise<Made> {
  isShrinking = true;
  const started = process.cpuUsage();
  let tries = 0;
  let { seed } = long;
  const fails = async (steps: Steps) => {
    const others =
      steps.length > SCHEDULES.few ? [] : Array.from({ length: SCHEDULES.count }, (_, at) => long.seed + at);
    for (const tried of new Set([seed, ...others])) {
      tries++;
      if (reasonOf((await errorOf({ seed: tried, steps })) ?? "") !== reason) continue;
      seed = tried;
      return true;
    }
    return false;
  };
  const mayTry = () => tries < MOST_TRIES && process.cpuUsage(started).user / 1e3 < LONGEST_SHRINKING;
  const steps = await shrink(long.steps, { fails, mayTry });
  console.error(`shrunk from ${long.steps.length} operations to ${steps.length}, in ${tries} tries`);
  return { seed, steps };
}

/** Prints a history that fails, and ends the program. */
async function report(long: Made, error: unknown): Promise<never> {
  const made = has("whole") ? long : await shortened(long, reasonOf(error));
  const shown = made === long ? error : ((await errorOf(made)) ?? error);
  const file = join(tmpdir(), `vpp-punt-history-${long.seed}.json`);
  writeFileSync(file, JSON.stringify(made));
  const list = made.steps.map((step) => JSON.stringify(step)).join("\n");
  const again = `npm run simulate -- ${mode}`;
  return fail(
    `${list}\n${(shown as Error)?.stack ?? shown}\nfailed; again with: ${again}--history ${file}\nand as it was found: ${again}--runs 1 --seed ${long.seed}`,
  );
}

/** Runs the history of a seed. Prints its steps and ends the program if a condition does not hold. */
async function run(seed: number): Promise<Outcome> {
  return runMade({ seed, steps: fc.sample(kind.steps, { numRuns: 1, seed })[0]! });
}

async function runMade(made: Made): Promise<Outcome> {
  try {
    return await kind.run(made.seed, made.steps);
  } catch (error) {
    return report(made, error);
  }
}

async function runAll(): Promise<void> {
  console.log(`simulate: ${runs} runs, seed ${firstSeed}`);
  const started = process.hrtime.bigint();
  const first = await run(firstSeed);
  const again = await run(firstSeed);
  if (first.digest !== again.digest)
    fail(
      `seed ${firstSeed} does not repeat: ${first.digest} and ${again.digest}, ${first.happenings} and ${again.happenings} happenings`,
    );
  let { virtualMs, happenings } = first;
  for (let done = 1; done < runs; done++) {
    const outcome = await run(firstSeed + done);
    virtualMs += outcome.virtualMs;
    happenings += outcome.happenings;
    if (done % 500 === 0) console.log(`${done} held`);
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const rate = ((runs + 1) / seconds).toFixed(1);
  console.log(
    `all ${runs} held: ${(virtualMs / 3.6e6).toFixed(1)} virtual hours, ${happenings} happenings, ${seconds.toFixed(1)} s, ${rate} a second`,
  );
}

/** Runs the histories in processes one after the other. @returns the exit status of the first that fails; 0 if all held */
function runInProcesses(): number {
  for (let done = 0; done < runs; done += MOST_OF_A_PROCESS) {
    const own = ["--runs", String(Math.min(MOST_OF_A_PROCESS, runs - done)), "--seed", String(firstSeed + done)];
    const flags = (["cluster", "whole"] as const).filter(has).map((flag) => `--${flag}`);
    const args = [...process.execArgv, fileURLToPath(import.meta.url), ...flags, ...own];
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
    if (status !== 0) return status ?? 1;
  }
  console.log(`all ${runs} held`);
  return 0;
}

if (values.history !== undefined) {
  await runMade(JSON.parse(readFileSync(values.history, "utf8")) as Made);
  console.log("the history held");
} else if (runs > MOST_OF_A_PROCESS) process.exit(runInProcesses());
else await runAll();
process.exit(0);
