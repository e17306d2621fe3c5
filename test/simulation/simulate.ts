// npm run simulate -- [--cluster] [--runs N] [--seed S] [--shrink] [--path P]: simulated histories. Exits with 0 only if all of them hold.
import fc from "fast-check";
import { commandLine, randomRuns } from "../stress/command.js";
import { runHistory as runClusterHistory } from "./cluster/history.js";
import { steps as clusterSteps } from "./cluster/operation.js";
import { runHistory } from "./history.js";
import { steps } from "./operation.js";
import type { Outcome } from "./run-steps.js";

const { numbers, values, has } = commandLine({
  name: "simulate",
  text: `npm run simulate -- [--cluster] [--runs N] [--seed S] [--shrink] [--path P]

Runs histories of managers and their VPP in one process, in virtual time: each message, timer, write and kill is put in order by the seed.
Exits with 0 only if all of them hold.

  --cluster  histories of two daemons of one host, with their etcd, their VPP and an operator, in place of managers with disks: who is cut off,
             stopped or killed, and which calls of etcd are late or lost, follows from the seed too
  --runs N   number of histories (default: 2000)
  --seed S   seed of the first history; each has the next number (default: from the clock). A failure prints the seed that repeats it
  --shrink   looks, for at most two minutes, for a shorter history that fails in the same way, and prints its path
  --path P   repeats the short history of that path, with the seed of the long one`,
  numbers: randomRuns(2_000),
  values: ["path"],
  flags: ["shrink", "cluster"],
});
const { runs, seed } = numbers;
const { path } = values;

/** A kind of histories. Its steps are for its own runs. */
interface Kind {
  readonly steps: fc.Arbitrary<never[]>;
  run(seed: number, steps: readonly never[]): Promise<Outcome>;
}

const kind: Kind = has("cluster")
  ? { steps: clusterSteps as Kind["steps"], run: runClusterHistory }
  : { steps: steps as Kind["steps"], run: runHistory };

/** Milliseconds of the search for a shorter history. */
const LONGEST_SHRINKING = 120_000;

function fail(text: string): never {
  console.error(text);
  process.exit(1);
}

process.on("unhandledRejection", (error) => fail(`unhandled rejection: ${(error as Error)?.stack ?? error}`));

/** The condition that did not hold, without the punt and the lines that it did not hold for. */
function reasonOf(error: unknown): string {
  return String((error as Error)?.message ?? error)
    .split("\n", 1)[0]!
    .replace(/\{.*\}/g, "{}")
    .replace(/\d+/g, "0");
}

/** Runs the history of a seed. Prints its steps and ends the program if a condition does not hold. */
async function run(historySeed: number): Promise<Outcome> {
  let outcome: Outcome | undefined;
  let reason: string | undefined;
  const property = fc.asyncProperty(kind.steps, async (list) => {
    try {
      outcome = await kind.run(historySeed, list);
    } catch (error) {
      reason ??= reasonOf(error);
      if (reasonOf(error) === reason) throw error;
    }
  });
  const result = await fc.check(property, {
    ...{ numRuns: 1, seed: historySeed, endOnFailure: !has("shrink") },
    ...(has("shrink") && { interruptAfterTimeLimit: LONGEST_SHRINKING }),
    ...(path !== undefined && { path }),
  });
  if (!result.failed) return outcome!;
  const list = (result.counterexample?.[0] ?? []).map((step) => JSON.stringify(step)).join("\n");
  const error = result.errorInstance as Error | undefined;
  const short = result.counterexamplePath?.includes(":") ? ` --path ${result.counterexamplePath}` : "";
  return fail(
    `${list}\n${error?.stack ?? error}\nfailed; again with: npm run simulate -- ${has("cluster") ? "--cluster " : ""}--runs 1 --seed ${historySeed}${short}`,
  );
}

console.log(`simulate: ${runs} runs, seed ${seed}`);
const started = process.hrtime.bigint();
const first = await run(seed);
const again = await run(seed);
if (first.digest !== again.digest)
  fail(
    `seed ${seed} does not repeat: ${first.digest} and ${again.digest}, ${first.happenings} and ${again.happenings} happenings`,
  );
let virtualMs = first.virtualMs;
let happenings = first.happenings;
for (let done = 1; done < runs; done++) {
  const outcome = await run(seed + done);
  virtualMs += outcome.virtualMs;
  happenings += outcome.happenings;
  if (done % 500 === 0) console.log(`${done} held`);
}
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const rate = ((runs + 1) / seconds).toFixed(1);
console.log(
  `all ${runs} held: ${(virtualMs / 3.6e6).toFixed(1)} virtual hours, ${happenings} happenings, ${seconds.toFixed(1)} s, ${rate} a second`,
);
process.exit(0);
