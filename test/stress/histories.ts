// npm run histories -- --runs N --seed S [--path P] [--shrink]: random histories. Exits with 0 only if all of them hold.
import { parseArgs } from "node:util";
import fc from "fast-check";
import { operation, runHistory } from "./history.js";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    seed: { type: "string" },
    path: { type: "string" },
    shrink: { type: "boolean" },
  },
});
const runs = Number(values.runs);
const seed = values.seed === undefined ? Date.now() & 0x7fffffff : Number(values.seed);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) {
  console.error("histories: --runs is 1 or more, --seed an integer");
  process.exit(2);
}

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
  endOnFailure: !values.shrink,
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
