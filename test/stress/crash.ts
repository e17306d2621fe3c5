// npm run crash -- --runs N [--seed S] [--real]: kills the manager and VPP in turn, at random moments. The end state must be the same
// as without the kill. Exits with 0 only if all runs hold.
import { parseArgs } from "node:util";
import { CrashTest } from "./crash-test.js";
import { startEmbedded, startReal } from "./crash-vpp.js";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "40" },
    seed: { type: "string" },
    real: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
const seed = values.seed === undefined ? Date.now() & 0xffffff : Number(values.seed);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) {
  console.error("crash: --runs is 1 or more, --seed an integer");
  process.exit(2);
}

console.log(`crash: ${runs} kills, seed ${seed}, ${values.real ? "real" : "embedded"} VPP`);
const started = performance.now();
const test = await CrashTest.begin(values.real ? startReal : startEmbedded);
let failure: unknown;
for (let run = 0; run < runs && failure === undefined; run++) {
  // Each run has its own seed, so that it can be repeated alone.
  await test.run(seed + run, run % 2 === 0 ? "manager" : "vpp").catch((error) => {
    console.error(
      `run ${run} failed; again with: --runs 2 --seed ${seed + run - (run % 2)}${values.real ? " --real" : ""}`,
    );
    failure = error;
  });
  if ((run + 1) % 20 === 0) console.log(`${run + 1} held`);
}
await test.end();
if (failure !== undefined) {
  console.error(String((failure as Error).stack ?? failure));
  process.exit(1);
}
console.log(`all ${runs} held, ${((performance.now() - started) / 1000).toFixed(1)} s`);
process.exit(0);
