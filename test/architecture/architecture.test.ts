import { readFileSync } from "node:fs";
import test from "ava";
import { functionsOf, importsOf, parse, projectFiles } from "./source.js";

const files = projectFiles();
const library = files.filter((file) => file.startsWith("lib/") && file.endsWith(".ts"));

/**
 * The parts of lib/ and what each may import: a folder, or a file beside the folders, without ".ts".
 * Nothing imports what is above it.
 */
const ground = ["errors", "options", "net"];
const ports = ["packet", "memif", "punt-socket"];
const all = [...ground, "native", ...ports, "binapi", "host", "punt"];
const below: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  net: [],
  options: ["errors"],
  native: ["errors"],
  packet: [...ground, "native"],
  memif: [...ground, "native", "packet"],
  "punt-socket": [...ground, "native", "packet"],
  binapi: [...ground, "native"],
  host: ground,
  punt: [...ground, ...ports, "binapi", "host"],
  sim: [...ground, "native", ...ports, "binapi"],
  daemon: [...ground, ...ports, "binapi", "host", "punt"],
  index: [...ground, ...ports, "binapi", "host", "punt"],
  cli: [...all, "sim", "daemon", "index"],
};

function part(file: string): string {
  return file.split("/")[1]!.replace(/\.ts$/, "");
}

test("nothing imports what is above it", (t) => {
  for (const file of library) {
    const from = part(file);
    t.truthy(below[from], `${file}: part "${from}" has no place in the architecture`);
    for (const imported of importsOf(file)) {
      const to = part(imported);
      t.true(to === from || below[from]?.includes(to), `${file} imports ${imported}`);
    }
  }
});

test("lib/native.ts alone loads the addon", (t) => {
  const loaders = library.filter((file) =>
    /node-gyp-build|createRequire|process\.dlopen/.test(readFileSync(file, "utf8")),
  );
  t.deepEqual(loaders, ["lib/native.ts"]);
});

const LONGEST_FILE = 400;
/** Tests of one subject are read one at a time. */
const LONGEST_TEST_FILE = 500;
const LONGEST_FUNCTION = 60;

test("files are small enough to be read at once", (t) => {
  const code = files.filter((file) =>
    /^(lib|native|test|benchmarks|examples|scripts)\/.*\.(ts|mjs|cc|h|c|sh)$/.test(file),
  );
  for (const file of code) {
    const lines = readFileSync(file, "utf8").split("\n").length - 1;
    t.true(lines <= (file.endsWith(".test.ts") ? LONGEST_TEST_FILE : LONGEST_FILE), `${file} has ${lines} lines`);
  }
});

test("functions are short", (t) => {
  const sizes = files
    .filter((file) => /^(lib|benchmarks|examples)\/.*\.ts$/.test(file))
    .flatMap((file) => functionsOf(parse(file)));
  for (const { name, lines } of sizes) t.true(lines <= LONGEST_FUNCTION, `${name} has ${lines} lines`);
  const sorted = sizes.map(({ lines }) => lines).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  t.true(median <= 10, `the median function has ${median} lines`);
});

test("no file names a machine it was written on, or a package registry", (t) => {
  // Written so that this file does not match itself.
  const places = [
    ["/wo", "rk/"],
    ["/ro", "ot/"],
    ["npm", "js.org"],
    ["npm", "js.com"],
    ["deb", "ian.org"],
    ["py", "pi.org"],
  ];
  const names = places.map((halves) => halves.join(""));
  for (const file of files.filter((name) => !/\.(pcap|png)$/.test(name))) {
    const text = readFileSync(file, "utf8");
    for (const name of names) t.false(text.includes(name), `${file} has ${name}`);
  }
});
