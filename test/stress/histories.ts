// npm run histories -- --runs N --seed S [--path P] [--shrink]: random histories. Exits with 0 only if all of them hold.
import fc from "fast-check";
import { commandLine, randomRuns } from "./command.js";
import { operation, runHistory } from "./history.js";

const { numbers, values, has } = commandLine({
  name: "histories",
  text: `npm run histories -- [--runs N] [--seed S] [--path P] [--shrink]

Runs random histories of two managers and their VPP. Exits with 0 only if all of them hold.

  --runs N   number of histories (default: 200)
  --seed S   seed of the random histories (default: from the clock)
  --path P   repeats the history that a failed run printed, with its --seed
  --shrink   looks for a shorter history that fails too`,
  numbers: randomRuns(200),
  values: ["path"],
  flags: ["shrink"],
});
const { runs, seed } = numbers;

/** Milliseconds for one history on a busy machine. A longer history hangs. */
const longest = 120_000;

console.log(`histories: ${runs} runs, seed ${seed}`);
const started = performance.now();
let done = 0;
const property = fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
  await runHistory(operations);
  if (++done % 50 === 0) console.log(`${done} held`);
});
const result = await fc.check(property, {
  numRuns: runs,
  seed,
  timeout: longest,
  endOnFailure: !has("shrink"),
  ...(values.path && { path: values.path }),
});
const seconds = ((performance.now() - started) / 1000).toFixed(1);
if (result.failed) {
  console.error(`failed; again with: --seed ${result.seed} --path ${result.counterexamplePath}`);
  for (const each of result.counterexample?.[0] ?? []) console.error(JSON.stringify(each));
  console.error(String((result.errorInstance as Error | undefined)?.stack ?? result.errorInstance));
  process.exit(1);
}
console.log(`all ${runs} held, ${seconds} s`);
process.exit(0);
