// npm run crash -- --runs N [--seed S] [--real]: kills the manager and VPP in turn, at random moments. The end state must be the same
// as without the kill. Exits with 0 only if all runs hold.
import { commandLine, randomRuns } from "./command.js";
import { CrashTest } from "./crash-test.js";
import { startEmbedded, startReal } from "./crash-vpp.js";

const { numbers, has } = commandLine({
  name: "crash",
  text: `npm run crash -- [--runs N] [--seed S] [--real]

Kills the manager and VPP in turn, at random moments. Exits with 0 only if the end state is right after every kill.

  --runs N   number of kills (default: 40)
  --seed S   seed of the first run; each later run has the next number (default: from the clock)
  --real     kills a real VPP: that of $VPP_PREFIX, /opt/vpp or PATH. Needs root`,
  numbers: randomRuns(40),
  flags: ["real"],
});
const { runs, seed } = numbers;
const real = has("real");

console.log(`crash: ${runs} kills, seed ${seed}, ${real ? "real" : "embedded"} VPP`);
const started = performance.now();
const test = await CrashTest.begin(real ? startReal : startEmbedded).catch((error: Error): never => {
  console.error(`crash: no VPP to kill: ${error.message}`);
  process.exit(2);
});
let failure: unknown;
for (let run = 0; run < runs && failure === undefined; run++) {
  // Each run has its own seed, so that it can be repeated alone.
  await test.run(seed + run, run % 2 === 0 ? "manager" : "vpp").catch((error) => {
    console.error(`run ${run} failed; again with: --runs 2 --seed ${seed + run - (run % 2)}${real ? " --real" : ""}`);
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
