// Runs one decoder on damaged inputs: `run.js <decoder> <seconds> <seed> [input number]`. With a number, on that input alone.
import { Random } from "../support/vpp/sample-values.js";
import { DECODERS } from "./decoders.js";
import { refusable } from "./refusable.js";

/** Milliseconds of the processor. A decoder that takes more for one input hangs. Live parties load their code, and wait up to 10 s for each other. */
const LONGEST_MS = { decoder: 2_000, parties: 10_000 };

async function runOne(name: string, seed: number, index: number): Promise<void> {
  const before = process.cpuUsage();
  await refusable(() => DECODERS[name]!(new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))));
  const { user, system } = process.cpuUsage(before);
  const took = Math.round((user + system) / 1000);
  const longest = name.startsWith("lying-") ? LONGEST_MS.parties : LONGEST_MS.decoder;
  if (took > longest) throw new Error(`the input took ${took} ms of processor time`);
}

async function main([name = "", seconds = "", seed = "", only]: string[]): Promise<void> {
  if (name === "") {
    console.log(Object.keys(DECODERS).join("\n"));
    return;
  }
  const end = performance.now() + 1_000 * Number(seconds);
  let index = only === undefined ? 0 : Number(only);
  const fail = (error: unknown) => {
    console.error(`input ${index - 1} of seed ${seed}: ${(error as Error).stack}`);
    process.exitCode = 1;
  };
  // A party may throw beside the calls that wait for it.
  process.on("uncaughtException", (error) => {
    fail(error);
    process.exit();
  });
  try {
    do await runOne(name, Number(seed), index++);
    while (only === undefined && performance.now() < end);
    console.log(`${index} inputs`);
  } catch (error) {
    fail(error);
  }
}

await main(process.argv.slice(2));
