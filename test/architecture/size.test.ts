// Files and functions are short.
import { readFileSync } from "node:fs";
import test from "ava";
import { functionsOf, parse, projectFiles } from "./source.js";

const LONGEST_FILE = 400;
/** Tests of one subject are read one at a time. */
const LONGEST_TEST_FILE = 500;
const LONGEST_FUNCTION = 60;
const MEDIAN_FUNCTION = 10;

test("files are short enough to read in one go", (t) => {
  const code = projectFiles().filter((file) =>
    /^(lib|native|page|test|benchmarks|examples|demo|scripts)\/.*\.(ts|mjs|cc|h|c|sh)$/.test(file),
  );
  for (const file of code) {
    const lines = readFileSync(file, "utf8").split("\n").length - 1;
    t.true(lines <= (file.endsWith(".test.ts") ? LONGEST_TEST_FILE : LONGEST_FILE), `${file} has ${lines} lines`);
  }
});

test("functions are short", (t) => {
  const sizes = projectFiles()
    .filter((file) => /^(lib|page|benchmarks|examples|demo)\/.*\.ts$/.test(file))
    .flatMap((file) => functionsOf(parse(file)));
  for (const { name, lines } of sizes) t.true(lines <= LONGEST_FUNCTION, `${name} has ${lines} lines`);
  const sorted = sizes.map(({ lines }) => lines).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  t.true(median <= MEDIAN_FUNCTION, `the median function has ${median} lines`);
});
