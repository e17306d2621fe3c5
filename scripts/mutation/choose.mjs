// Which mutants a run tries, which test files may kill one, and how a run counts.

/** The folders of lib/ that have mutants. */
export const FOLDERS = ["punt", "binapi", "memif", "punt-socket", "packet", "module", "daemon"];

/** Test folders that hold tests of each folder of lib/, besides the one of its own name: they reach what it does not. */
const MORE_TESTS = {
  punt: ["options", "module"],
  binapi: ["native", "options"],
  memif: ["options", "native", "descriptor"],
  "punt-socket": ["options", "descriptor"],
  packet: ["packet-socket", "punt-socket", "memif"],
  module: ["options", "daemon"],
  daemon: ["options", "module", "cluster"],
};

export const folderOf = (file) => file.split("/")[1];

/** The folders of dist/test whose files may kill a mutant of the file. */
export function testFolders(file, more) {
  const folder = folderOf(file);
  return [...new Set([folder, ...MORE_TESTS[folder], ...more])];
}

/** Numbers in 0..1 that the seed alone decides (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns `count` of the mutants, or all if there are fewer. The seed decides which. */
export function sample(mutants, count, seed) {
  const next = random(seed);
  const keyed = mutants.map((mutant) => ({ mutant, key: next() }));
  keyed.sort((a, b) => a.key - b.key);
  return keyed.slice(0, count).map(({ mutant }) => mutant);
}

/** Whether the path is a folder or file that has mutants. */
export const isPlace = (path) => FOLDERS.some((name) => path === `lib/${name}` || path.startsWith(`lib/${name}/`));

export const placeOf = ({ file, row, column }) => `${file}:${row}:${column}`;

/** Returns the mutants that a name of --mutant means: an id, or file:line and perhaps :column. */
export function named(mutants, name) {
  return mutants.filter((mutant) => [mutant.id, placeOf(mutant), `${mutant.file}:${mutant.row}`].includes(name));
}

/** Returns the mutants of the files and folders, which are paths from the project's root. */
export function inPlaces(mutants, places) {
  return mutants.filter(({ file }) => places.some((place) => file === place || file.startsWith(`${place}/`)));
}

/** Whether an entry of the list means the mutant: all of a line if it names no replacement. Lines may move: their text decides. */
function means(entry, { file, line, original, replacement }) {
  if (entry.file !== file || entry.line !== line) return false;
  const same = entry.replacement === undefined || entry.replacement === replacement;
  return same && (entry.original === undefined || entry.original === original);
}

/** Splits the mutants into the killable and the named equivalents, and finds entries that name none. */
export function withoutEquivalents(mutants, entries) {
  const used = new Set();
  const counted = mutants.filter((mutant) => {
    const entry = entries.find((candidate) => means(candidate, mutant));
    if (entry !== undefined) used.add(entry);
    return entry === undefined;
  });
  return { counted, stale: entries.filter((entry) => !used.has(entry)) };
}

/**
 * Returns the test files that reach the mutant: first the quick files for the part of the source file that they reach. A file that
 * only loads the source reaches few of its mutants, and rarely kills one. `siblings` are all mutants of the source file.
 */
export function covering(mutant, siblings, measured) {
  const cost = ({ ms, hits }) => ms / siblings.filter(({ id }) => hits.has(id)).length;
  const found = measured.filter(({ hits }) => hits.has(mutant.id)).map((file) => ({ file, cost: cost(file) }));
  return found.sort((a, b) => a.cost - b.cost).map(({ file }) => file);
}

/** Whether a mutant was noticed. */
export const isKilled = ({ outcome }) => outcome === "killed" || outcome === "timed out";

/** Percentage of the mutants that a test killed; mutants that no test reaches count as survivors. */
export function score(results) {
  return results.length === 0 ? 100 : (100 * results.filter(isKilled).length) / results.length;
}

/** Calls `work` for each item, `jobs` at a time. */
export async function each(items, jobs, work) {
  const pending = items.values();
  const worker = async () => {
    for (const item of pending) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}
