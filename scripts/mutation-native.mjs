// `npm run mutation:native`: changes native/ in one place at a time, and sees whether a fuzzing program or a test notices.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { nativeTargets } from "./fuzz/native.mjs";
import { covering, each, inPlaces, named, sample, score, withoutEquivalents } from "./mutation/choose.mjs";
import { release, take } from "./mutation/lock.mjs";
import { copy, makeCopy, mutatedFiles, TARGETS } from "./mutation/native/copy.mjs";
import { judge, judges, measure, stop, WEAKENED } from "./mutation/native/judge.mjs";
import { cleanWhenInterrupted, print, printTable } from "./mutation/report.mjs";

const usage = `Usage: npm run mutation:native -- [options] [file or folder...]

Tries mutants of the rings, queues, slabs and handshakes of native/, or of those of the files that are named. The addon and the
fuzzing programs are compiled once, in a copy in dist/mutation-native, with every mutant asleep inside. For each mutant the
programs run over their kept inputs, and then the test files that reach it, the promising ones first, until one fails. Prints each
mutant that none kills. Exits with 0 only if the score is reached. scripts/mutation/native-equivalents.json names mutants that no
test can tell from the code, which are not counted. Needs clang++ with libFuzzer.

Options:
  --sample N      mutants to try (default 60)
  --seed N        decides which (default: from the clock)
  --all           tries all of them
  --mutant NAME   tries the mutants at file:line or file:line:column, or of an id; may be repeated
  --files N       at most N test files for a mutant (default: all that reach it)
  --programs      runs the fuzzing programs only, and compiles no addon: quick, and more mutants survive
  --jobs N        mutants at a time (default 1)
  --at-least N    score to reach, in percent (default 85)
  --list          prints the mutants
  --verbose       prints the mutants that were killed too
  --help          prints this text
`;

const OPTIONS = {
  sample: { type: "string", default: "60" },
  seed: { type: "string", default: String(Date.now() & 0xff_ffff) },
  all: { type: "boolean" },
  mutant: { type: "string", multiple: true },
  files: { type: "string", default: "999999" },
  jobs: { type: "string", default: "1" },
  "at-least": { type: "string", default: "85" },
  programs: { type: "boolean" },
  list: { type: "boolean" },
  verbose: { type: "boolean" },
  help: { type: "boolean" },
};

const EQUIVALENTS = "scripts/mutation/native-equivalents.json";
const COMMAND = "npm run mutation:native --";
const KILLED = ["killed", "timed out"];

/** Multiple of a judge's own time after which a mutant counts as killed, and the ms that each has besides. */
const [TIMES, MORE_MS] = [4, 5_000];

const report = (text) => console.error(`mutation: ${text}`);

function refuse(reason) {
  report(`${reason}; there is --help`);
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
  const places = positionals.map((place) => place.replace(/^\.\/|\/+$/g, ""));
  const files = mutatedFiles();
  for (const place of places)
    if (!files.some((file) => file === place || file.startsWith(`${place}/`)))
      refuse(`${place} has no mutants; ${[...new Set(files.map(dirname))].join(", ")} have`);
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

/** Runs the judges that reach the mutant until one fails. */
async function tried(mutant, reaching) {
  for (const { file, ms } of reaching) {
    const { outcome } = await judge(file, { VPP_PUNT_MUTANT: String(mutant.id) }, TIMES * ms + MORE_MS);
    if (outcome !== "passed") return { outcome: outcome === "failed" ? "killed" : outcome, by: file };
  }
  return { outcome: reaching.length === 0 ? "not covered" : "survived" };
}

const isProgram = ({ file }) => file in nativeTargets;

/** The judges of a mutant, the programs first. Only ThreadSanitizer tells a weaker order of memory on this processor. */
function judgesOf(mutant, all, measured, { files }) {
  const siblings = all.filter(({ file }) => file === mutant.file);
  const reaching = covering(mutant, siblings, measured);
  const threads = ({ file }) => nativeTargets[file]?.sanitize === "thread";
  if (mutant.kind === WEAKENED) return reaching.filter(threads);
  const tests = reaching.filter((one) => !isProgram(one)).slice(0, Number(files));
  return [...reaching.filter((one) => isProgram(one) && !threads(one)), ...tests];
}

async function tryAll(options) {
  const all = await makeCopy(report, options.programs ? TARGETS : undefined);
  const { counted, stale } = withoutEquivalents(all, JSON.parse(readFileSync(EQUIVALENTS, "utf8")));
  for (const { file, line } of stale) report(`native-equivalents.json names no mutant with ${file}: ${line}`);
  const mutants = chosen(counted, options);
  if (options.list) {
    for (const mutant of mutants) print(mutant, { outcome: "mutant" }, COMMAND);
    return;
  }
  const names = options.programs ? TARGETS : judges();
  report(`measuring what ${names.length} programs and test files reach`);
  const measured = [];
  for (const name of names) measured.push(await measure(name, report));
  const passing = measured.filter((one) => one !== undefined);
  const which = options.mutant === undefined ? `, seed ${options.seed}` : "";
  report(
    `trying ${mutants.length} of ${counted.length} mutants${which}; ${all.length - counted.length} are equivalent`,
  );
  const results = [];
  await each(mutants, Number(options.jobs), async (mutant) => {
    const result = await tried(mutant, judgesOf(mutant, all, passing, options));
    results.push({ ...result, folder: dirname(mutant.file) });
    if (options.verbose || !KILLED.includes(result.outcome)) print(mutant, result, COMMAND);
  });
  printTable(results);
  process.exitCode = score(results) >= Number(options["at-least"]) && stale.length === 0 ? 0 : 1;
}

async function main() {
  const options = commandLine();
  if (options.help) return void process.stdout.write(usage);
  const other = take(copy);
  if (other !== undefined) refuse(`process ${other} runs already`);
  const clean = () => {
    stop();
    release(copy);
  };
  cleanWhenInterrupted(clean);
  try {
    await tryAll(options);
  } finally {
    clean();
  }
}

await main();
