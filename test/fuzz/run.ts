// Runs one decoder on damaged inputs: `run.js <decoder> <seconds> <seed> [input number]`. With a number, on that input alone.
import { Random } from "../support/vpp/sample-values.js";
import { DECODERS, refusable } from "./decoders.js";

/** One input that takes longer hangs. */
const LONGEST_MS = 2_000;

function runOne(name: string, seed: number, index: number): void {
  const began = performance.now();
  refusable(() => DECODERS[name]!(new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))));
  const took = performance.now() - began;
  if (took > LONGEST_MS) throw new Error(`the input took ${Math.round(took)} ms`);
}

function main([name = "", seconds = "", seed = "", only]: string[]): void {
  if (name === "") {
    console.log(Object.keys(DECODERS).join("\n"));
    return;
  }
  const end = performance.now() + 1_000 * Number(seconds);
  let index = only === undefined ? 0 : Number(only);
  try {
    do runOne(name, Number(seed), index++);
    while (only === undefined && performance.now() < end);
    console.log(`${index} inputs`);
  } catch (error) {
    console.error(`input ${index - 1} of seed ${seed}: ${(error as Error).stack}`);
    process.exitCode = 1;
  }
}

main(process.argv.slice(2));
