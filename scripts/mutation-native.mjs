// `npm run mutation:native`: changes native/ in one place at a time, and sees whether a fuzzing program or a test notices.
import { dirname } from "node:path";
import { nativeTargets } from "./fuzz/native.mjs";
import { covering } from "./mutation/choose.mjs";
import { choose, parse, refuse, report, tryAll } from "./mutation/command.mjs";
import { release, take } from "./mutation/lock.mjs";
import { copy, makeCopy, mutatedFiles, TARGETS } from "./mutation/native/copy.mjs";
import { judge, judges, measure, stop, WEAKENED } from "./mutation/native/judge.mjs";
import { cleanWhenInterrupted, print } from "./mutation/report.mjs";

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

const OWN_OPTIONS = {
  sample: { type: "string", default: "60" },
  programs: { type: "boolean" },
  list: { type: "boolean" },
};

const COMMAND = "npm run mutation:native --";

function commandLine() {
  const options = parse(OWN_OPTIONS);
  const files = mutatedFiles();
  for (const place of options.places)
    if (!files.some((file) => file === place || file.startsWith(`${place}/`)))
      refuse(`${place} has no mutants; ${[...new Set(files.map(dirname))].join(", ")} have`);
  return options;
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

async function tryMutants(options) {
  const all = await makeCopy(report, options.programs ? TARGETS : undefined);
  const choice = choose(all, "native-equivalents.json", options);
  if (options.list) {
    for (const mutant of choice.asked) print(mutant, { outcome: "mutant" }, COMMAND);
    return;
  }
  const names = options.programs ? TARGETS : judges();
  report(`measuring what ${names.length} programs and test files reach`);
  const measured = [];
  for (const name of names) measured.push(await measure(name, report));
  const passing = measured.filter((one) => one !== undefined);
  report(`${all.length - choice.counted.length} mutants are equivalent`);
  await tryAll(choice, options, {
    testsOf: (mutant) => judgesOf(mutant, all, passing, options),
    run: (file, { id }, limit) => judge(file, { VPP_PUNT_MUTANT: String(id) }, limit),
    folderOf: dirname,
    command: COMMAND,
  });
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
    await tryMutants(options);
  } finally {
    clean();
  }
}

await main();
