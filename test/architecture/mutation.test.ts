// The choice and the count of `npm run mutation`: a seed repeats a sample, and a list names mutants that no test can tell. The mutants
// of C++ that `npm run mutation:native` tries.
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
const { mutantsOf, instrumented } = await import(pathToFileURL("scripts/mutation/native/operators.mjs").href);

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
  t.is(withoutEquivalents(mutants, [{ file, line }]).counted.length, 99);
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

for (const args of [["--sample", "many"], ["lib/punt"], ["native/vapi"], ["--files", "0"]]) {
  test(`npm run mutation:native -- ${args.join(" ")} is refused in one line`, async (t) => {
    const { output, code } = await runNode(t, "scripts/mutation-native.mjs", ...args);
    t.is(code, 2, output);
    t.regex(output, /^mutation: [^\n]+; there is --help\n?$/);
  });
}

/** Returns the code of each mutant in a function's body, behind the original. */
function replaced(body: string): string[] {
  const source = `int F(const int* a, int b) {\n  ${body}\n}\n`;
  return mutantsOf(source, "f.cc", 1).map(({ original, replacement }: Mutant) => `${original} -> ${replacement}`);
}

test("native: each operator of an expression has a mutant, with its operands by their precedence", (t) => {
  t.deepEqual(replaced("return *a - 1 < b * 2;"), [
    "*a - 1 -> *a + 1",
    "1 -> 1 + 1",
    "*a - 1 < b * 2 -> *a - 1 <= b * 2",
    "b * 2 -> b + 2",
    "2 -> 2 + 1",
  ]);
  t.deepEqual(replaced("return Min<int>(a[b >> 1], b);"), ["b >> 1 -> b << 1", "1 -> 1 + 1"]);
  t.deepEqual(replaced("return a && !b;"), ["a && !b -> a || !b", "!b -> b"]);
});

test("native: a condition is negated once, a statement is left out, and a declaration stays", (t) => {
  t.deepEqual(replaced("if (b == *a) Call(b);"), ["b == *a -> !(b == *a)", "Call(b); -> "]);
  t.deepEqual(replaced("const int c = b;"), []);
  t.deepEqual(replaced("Table table(b);"), []);
  t.deepEqual(replaced("if (int c = Next()) b = c;"), ["b = c; -> "]);
  t.deepEqual(replaced("return b ? *a : b;"), ["b -> !(b)"]);
});

test("native: what the compiler evaluates has no mutants", (t) => {
  t.deepEqual(replaced("static_assert(1 + 1 == 2);"), []);
  t.deepEqual(replaced("constexpr int kMost = 4 * 2;"), []);
  t.deepEqual(mutantsOf("enum Kind { kOne = 1 };\nconstexpr int Twice(int a) {\n  return a * 2;\n}\n", "f.cc", 1), []);
});

test("native: an order of memory is weakened", (t) => {
  t.deepEqual(replaced("at_.store(b, std::memory_order_release);"), [
    "at_.store(b, std::memory_order_release); -> ",
    "std::memory_order_release -> std::memory_order_relaxed",
  ]);
  t.deepEqual(replaced("return at_.load(std::memory_order_relaxed);"), []);
});

test("native: the source with all mutants inside keeps its lines", (t) => {
  const source = "int F(int a, int b) {\n  if (a < 1 &&\n      b) return a + b;\n  return 0;\n}\n";
  const text: string = instrumented(source, mutantsOf(source, "f.cc", 1));
  t.is(text.split("\n").length, source.split("\n").length);
  t.regex(text, /mutant::Plus\(\d+, a , b\)/);
  t.regex(text, /mutant::Below\(\d+, a , mutant::More\(\d+, 1\)\)/);
});
