// The parts that both programs for mutants share: their command line, and the trial of the mutants that it asks for.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { each, inPlaces, isKilled, named, sample, score, withoutEquivalents } from "./choose.mjs";
import { print, printTable } from "./report.mjs";

/** Options of both programs. */
const OPTIONS = {
  seed: { type: "string", default: String(Date.now() & 0xff_ffff) },
  all: { type: "boolean" },
  mutant: { type: "string", multiple: true },
  files: { type: "string", default: "999999" },
  jobs: { type: "string", default: "1" },
  "at-least": { type: "string", default: "85" },
  verbose: { type: "boolean" },
  help: { type: "boolean" },
};

/** Multiple of a test's own time after which a mutant counts as killed, and the ms that each has besides. */
const [TIMES, MORE_MS] = [4, 5_000];

export const report = (text) => console.error(`mutation: ${text}`);

export function refuse(reason) {
  report(`${reason}; there is --help`);
  process.exit(2);
}

/** Reads the command line, with the program's own options besides those of both. `places` are files and folders. */
export function parse(own) {
  let parsed;
  try {
    parsed = parseArgs({ options: { ...OPTIONS, ...own }, allowPositionals: true });
  } catch (error) {
    return refuse(error.message.split(/\.\s/)[0]);
  }
  const { values, positionals } = parsed;
  for (const name of ["sample", "seed", "files", "jobs", "at-least"])
    if (!/^\d{1,8}$/.test(values[name])) refuse(`--${name} must be an integer of at least 0; got ${values[name]}`);
  if (values.jobs === "0" || values.files === "0") refuse("--jobs and --files must be at least 1");
  return { ...values, places: positionals.map((place) => place.replace(/^\.\/|\/+$/g, "")) };
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

/** Sets the listed equivalents aside. Returns the mutants that the command line asks for, all that count, and the entries of the list without a mutant. */
export function choose(all, file, options) {
  const { counted, stale } = withoutEquivalents(all, JSON.parse(readFileSync(`scripts/mutation/${file}`, "utf8")));
  for (const { file: source, line } of stale) report(`${file} names no mutant with ${source}: ${line}`);
  return { asked: chosen(counted, options), counted, stale };
}

/** Runs the tests that reach the mutant until one fails. `run` gets a test's name, the mutant, and a limit in ms. */
async function tried(mutant, reaching, run) {
  for (const { file, ms } of reaching) {
    const { outcome } = await run(file, mutant, TIMES * ms + MORE_MS);
    if (outcome !== "passed") return { outcome: outcome === "failed" ? "killed" : outcome, by: file };
  }
  return { outcome: reaching.length === 0 ? "not covered" : "survived" };
}

/** Tries mutants, prints what becomes of them, and sets the exit status. */
export async function tryAll({ asked, counted, stale }, options, { testsOf, run, folderOf, command }) {
  const which = options.mutant === undefined ? `, seed ${options.seed}` : "";
  report(`trying ${asked.length} of ${counted.length} mutants${which}`);
  const results = [];
  await each(asked, Number(options.jobs), async (mutant) => {
    const result = await tried(mutant, testsOf(mutant), run);
    results.push({ ...result, folder: folderOf(mutant.file) });
    if (options.verbose || !isKilled(result)) print(mutant, result, command);
  });
  printTable(results);
  process.exitCode = score(results) >= Number(options["at-least"]) && stale.length === 0 ? 0 : 1;
}
