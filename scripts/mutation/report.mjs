// The output of both programs for mutants, and their end at a signal.
import { placeOf, score } from "./choose.mjs";

const oneLine = (text) => {
  const short = text.replace(/\s+/g, " ");
  return short.length > 160 ? `${short.slice(0, 160)}…` : short;
};

/** Prints a mutant, what became of it, and the command that tries it again. */
export function print(mutant, { outcome, by }, command) {
  console.log(`${outcome.toUpperCase()}  ${placeOf(mutant)}  ${mutant.kind}${by === undefined ? "" : `  by ${by}`}`);
  console.log(`  - ${oneLine(mutant.original)}\n  + ${oneLine(mutant.replacement)}`);
  console.log(`  ${command} --mutant ${mutant.id}   # or ${placeOf(mutant)}`);
}

/** Prints the score of each folder, and of all. */
export function printTable(results) {
  const line = (name, list) => {
    const count = (outcome) => `${list.filter((result) => result.outcome === outcome).length} ${outcome}`;
    const counts = ["killed", "timed out", "survived", "not covered"].map(count).join(", ");
    console.log(`${name}: ${list.length} mutants, ${counts}; score ${score(list).toFixed(1)} %`);
  };
  const folders = [...new Set(results.map(({ folder }) => folder))].sort();
  for (const name of folders)
    line(
      name,
      results.filter(({ folder }) => folder === name),
    );
  if (folders.length > 1) line("all", results);
}

/** Ends what runs and removes what is not finished, when the user interrupts. */
export function cleanWhenInterrupted(clean) {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])
    process.on(signal, () => {
      clean();
      process.exit(code);
    });
}
