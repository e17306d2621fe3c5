// The choice and the count of `npm run mutation`: a seed repeats a sample, and a list names mutants that no test can tell.
import { pathToFileURL } from "node:url";
import test from "ava";
import { runNode } from "../support/machine/script.js";

interface Mutant {
  readonly id: string;
  readonly file: string;
  readonly row: number;
  readonly column: number;
  readonly line: string;
  readonly original: string;
  readonly replacement: string;
}

const { sample, named, inPlaces, withoutEquivalents, covering, score, testFolders } = await import(
  pathToFileURL("scripts/mutation/choose.mjs").href
);

const mutants: Mutant[] = Array.from({ length: 100 }, (_, index) => ({
  ...{ id: String(index), file: index < 50 ? "lib/memif/port.ts" : "lib/memif/port/x.ts", row: index, column: 3 },
  ...{ line: `return a < ${index};`, original: `a < ${index}`, replacement: `a <= ${index}` },
}));

test("a seed decides which mutants a sample has", (t) => {
  t.deepEqual(sample(mutants, 10, 7), sample(mutants, 10, 7));
  t.notDeepEqual(sample(mutants, 10, 7), sample(mutants, 10, 8));
  t.is(new Set(sample(mutants, 1000, 7)).size, 100);
});

test("a mutant is named by its id or its place, and a folder's files are below it", (t) => {
  for (const name of ["4", "lib/memif/port.ts:4", "lib/memif/port.ts:4:3"])
    t.deepEqual(named(mutants, name), [mutants[4]]);
  t.deepEqual(named(mutants, "lib/memif/port.ts:4:4"), []);
  t.is(inPlaces(mutants, ["lib/memif/port"]).length, 50);
  t.is(inPlaces(mutants, ["lib/memif"]).length, 100);
});

test("an equivalent is named by the text of its line, and an entry without a mutant is found", (t) => {
  const { file, line, replacement } = mutants[9]!;
  const entries = [
    { file, line, replacement },
    { file, line: "gone", replacement },
  ];
  const { counted, stale } = withoutEquivalents([...mutants, { ...mutants[9], row: 99 }], entries);
  t.is(counted.length, 99);
  t.deepEqual(stale, [entries[1]]);
  const other = withoutEquivalents(mutants, [{ file, line, replacement, original: "another part of the line" }]);
  t.is(other.counted.length, 100);
});

test("of the test files that reach a mutant, the quickest for what it reaches is first", (t) => {
  const file = (name: string, ms: number, ...hits: string[]) => ({ file: name, ms, hits: new Set(hits) });
  const files = [
    file("slow", 90, "1", "2"),
    file("other", 1, "2"),
    file("loads", 20, "1"),
    file("own", 30, "1", "2", "3"),
  ];
  t.deepEqual(
    covering(mutants[1], mutants.slice(0, 10), files).map(({ file: name }: { file: string }) => name),
    ["own", "loads", "slow"],
  );
  t.true(testFolders("lib/memif/port.ts", ["cli"]).includes("memif"));
  t.true(testFolders("lib/memif/port.ts", ["cli"]).includes("cli"));
});

test("a mutant that runs for too long is killed, and a mutant that no test reaches is not", (t) => {
  const results = ["killed", "timed out", "survived", "not covered"].map((outcome) => ({ outcome }));
  t.is(score(results), 50);
  t.is(score([]), 100);
});

for (const args of [["--sample", "many"], ["--nope"], ["lib/cli"], ["--tests", "nothing"], ["--jobs", "0"]]) {
  test(`npm run mutation -- ${args.join(" ")} is refused in one line`, async (t) => {
    const { output, code } = await runNode(t, "scripts/mutation.mjs", ...args);
    t.is(code, 2, output);
    t.regex(output, /^mutation: [^\n]+; there is --help\n?$/);
  });
}
