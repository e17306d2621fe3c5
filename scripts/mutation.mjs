// `npm run mutation`: changes lib/ in one place at a time, as StrykerJS does, and sees whether a test notices.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { covering, each, FOLDERS, folderOf, isPlace, testFolders } from "./mutation/choose.mjs";
import { choose, parse, refuse, report, tryAll } from "./mutation/command.mjs";
import { release, take } from "./mutation/lock.mjs";
import { cleanWhenInterrupted } from "./mutation/report.mjs";

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

const OWN_OPTIONS = {
  sample: { type: "string", default: "100" },
  tests: { type: "string", multiple: true, default: [] },
};

function commandLine() {
  const options = parse(OWN_OPTIONS);
  for (const name of options.tests) if (!existsSync(join("dist/test", name))) refuse(`there is no folder test/${name}`);
  for (const place of options.places)
    if (!isPlace(place) || !existsSync(place))
      refuse(`${place} is not a file or folder below ${FOLDERS.map((name) => `lib/${name}`).join(", ")}`);
  return options;
}

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
  const choice = choose(all, "equivalents.json", options);
  const files = await measured(choice.asked, options, { filesBelow, measure });
  const testsOf = (mutant) => {
    const own = files.filter(({ file }) => testFolders(mutant.file, options.tests).includes(file.split("/")[2]));
    const siblings = all.filter(({ file }) => file === mutant.file);
    return covering(mutant, siblings, own).slice(0, Number(options.files));
  };
  await tryAll(choice, options, {
    testsOf,
    run: (file, { id }, limit) => runTest(tree, file, { __STRYKER_ACTIVE_MUTANT__: id }, limit),
    folderOf: (file) => `lib/${folderOf(file)}`,
    command: "npm run mutation --",
  });
  release(tree);
}

await main();
