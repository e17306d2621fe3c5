// `npm run mutation`: changes lib/ in one place at a time, as StrykerJS does, and sees whether a test notices.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  covering,
  each,
  FOLDERS,
  folderOf,
  inPlaces,
  isPlace,
  named,
  sample,
  score,
  testFolders,
  withoutEquivalents,
} from "./mutation/choose.mjs";
import { release, take } from "./mutation/lock.mjs";
import { cleanWhenInterrupted, print, printTable } from "./mutation/report.mjs";

const usage = `Usage: npm run mutation -- [options] [file or folder...]

Tries mutants of lib/punt, lib/binapi, lib/memif, lib/punt-socket, lib/packet, lib/module and lib/daemon, or of those of
them that are named: runs the test files that reach a mutant, the promising ones first, until one fails. Prints each mutant that
none kills. Exits with 0 only if the score is reached. scripts/mutation/equivalents.json names mutants that no test can
tell from the code, which are not counted.

Options:
  --sample N      mutants to try (default 100)
  --seed N        decides which (default: from the clock)
  --all           tries all of them
  --mutant NAME   tries the mutants at file:line or file:line:column, or of an id; may be repeated
  --tests FOLDER  also runs the files of test/FOLDER; may be repeated
  --files N       at most N test files for a mutant (default: all that reach it)
  --jobs N        test files at a time (default 1)
  --at-least N    score to reach, in percent (default 85)
  --verbose       prints the mutants that were killed too
  --help          prints this text
`;

const OPTIONS = {
  sample: { type: "string", default: "100" },
  seed: { type: "string", default: String(Date.now() & 0xff_ffff) },
  all: { type: "boolean" },
  mutant: { type: "string", multiple: true },
  tests: { type: "string", multiple: true, default: [] },
  files: { type: "string", default: "999999" },
  jobs: { type: "string", default: "1" },
  "at-least": { type: "string", default: "85" },
  verbose: { type: "boolean" },
  help: { type: "boolean" },
};

const EQUIVALENTS = "scripts/mutation/equivalents.json";
const KILLED = ["killed", "timed out"];

/** Multiple of a test file's own time after which a mutant counts as killed, and the ms that each has besides. */
const [TIMES, MORE_MS] = [4, 5_000];

function refuse(reason) {
  console.error(`mutation: ${reason}; there is --help`);
  process.exit(2);
}

function commandLine() {
  let parsed;
  try {
    parsed = parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return refuse(error.message.split(/\.\s/)[0]);
  }
  const { values, positionals } = parsed;
  for (const name of ["sample", "seed", "files", "jobs", "at-least"])
    if (!/^\d{1,8}$/.test(values[name])) refuse(`--${name} must be an integer of at least 0; got ${values[name]}`);
  if (values.jobs === "0" || values.files === "0") refuse("--jobs and --files must be at least 1");
  for (const name of values.tests) if (!existsSync(join("dist/test", name))) refuse(`there is no folder test/${name}`);
  const places = positionals.map((place) => place.replace(/^\.\/|\/+$/g, ""));
  for (const place of places)
    if (!isPlace(place) || !existsSync(place))
      refuse(`${place} is not a file or folder below ${FOLDERS.map((name) => `lib/${name}`).join(", ")}`);
  return { ...values, places };
}

/** Returns the mutants that the command line asks for. */
function chosen(mutants, options) {
  if (options.mutant !== undefined)
    return options.mutant.flatMap((name) => {
      const found = named(mutants, name);
      return found.length > 0 ? found : refuse(`there is no mutant ${name}`);
    });
  const pool = options.places.length > 0 ? inPlaces(mutants, options.places) : mutants;
  return options.all ? pool : sample(pool, Number(options.sample), Number(options.seed));
}

const report = (text) => console.error(`mutation: ${text}`);

/** Measures the test files that may kill the mutants, and returns the files that pass. */
async function measured(mutants, { tests, jobs }, { filesBelow, measure }) {
  const folders = new Set(mutants.flatMap(({ file }) => testFolders(file, tests)));
  const files = [...folders]
    .flatMap((name) => filesBelow(`dist/test/${name}`))
    .filter((name) => name.endsWith(".test.js"));
  const found = [];
  report(`measuring what ${files.length} test files reach`);
  await each(files, Number(jobs), async (file) => void found.push(await measure(file, report)));
  return found.filter((file) => file !== undefined);
}

/** Runs the test files that reach the mutant until one fails. */
async function tried(mutant, files, { runTest, tree }) {
  for (const { file, ms } of files) {
    const { outcome } = await runTest(tree, file, { __STRYKER_ACTIVE_MUTANT__: mutant.id }, TIMES * ms + MORE_MS);
    if (outcome !== "passed") return { outcome: outcome === "failed" ? "killed" : outcome, by: file };
  }
  return { outcome: files.length === 0 ? "not covered" : "survived" };
}

async function main() {
  const options = commandLine();
  if (options.help) return void process.stdout.write(usage);
  const { makeTree, removeUnfinishedTree, filesBelow, tree } = await import("./mutation/tree.mjs");
  const { runTest, clearAll } = await import("./mutation/run-test.mjs");
  const { measure } = await import("./mutation/measure.mjs");
  const other = take(tree);
  if (other !== undefined) refuse(`process ${other} runs already`);
  cleanWhenInterrupted(() => {
    clearAll();
    removeUnfinishedTree();
    release(tree);
  });
  const all = await makeTree(report);
  const { counted, stale } = withoutEquivalents(all, JSON.parse(readFileSync(EQUIVALENTS, "utf8")));
  for (const { file, line } of stale) report(`equivalents.json names no mutant with ${file}: ${line}`);
  const mutants = chosen(counted, options);
  const files = await measured(mutants, options, { filesBelow, measure });
  const which = options.mutant === undefined ? `, seed ${options.seed}` : "";
  report(`trying ${mutants.length} of ${counted.length} mutants${which}`);
  const results = [];
  await each(mutants, Number(options.jobs), async (mutant) => {
    const own = files.filter(({ file }) => testFolders(mutant.file, options.tests).includes(file.split("/")[2]));
    const siblings = all.filter(({ file }) => file === mutant.file);
    const reaching = covering(mutant, siblings, own).slice(0, Number(options.files));
    const result = await tried(mutant, reaching, { runTest, tree });
    results.push({ ...result, folder: `lib/${folderOf(mutant.file)}` });
    if (options.verbose || !KILLED.includes(result.outcome)) print(mutant, result, "npm run mutation --");
  });
  printTable(results);
  release(tree);
  process.exitCode = score(results) >= Number(options["at-least"]) && stale.length === 0 ? 0 : 1;
}

await main();
