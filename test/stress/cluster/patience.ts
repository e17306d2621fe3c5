// Waits that depend on progress: they end without success only when nothing has moved for a time, however slow the machine is.
import { pause } from "./child.js";

/** Seconds without any movement after which a wait gives up. */
const STILL_SECONDS = 60;

const LOOK_MS = 300;
/** A wait that is long says what it waits for. */
const SAY_MS = 10_000;

export interface Patience {
  /** Begins the error's message, such as "not settled". */
  readonly what: string;
  readonly say?: (text: string) => void;
  /** Milliseconds between two looks. */
  readonly every?: number;
  /** Seconds without any movement. */
  readonly still?: number;
}

/**
 * Waits until `look` finds no problem. A movement is a problem that was never there before in this wait, or fewer problems than ever
 * before. Numbers in the text of a problem, such as that of an attempt, do not count as movement, so that two states in turn are none either.
 *
 * @throws Error with the problems, when nothing has moved for a time; what `look` throws
 */
export async function patiently(look: () => Promise<readonly string[]>, patience: Patience): Promise<void> {
  const { what, say, every = LOOK_MS, still = STILL_SECONDS } = patience;
  const known = new Set<string>();
  let fewest = Number.POSITIVE_INFINITY;
  let moved = performance.now();
  for (let next = moved + SAY_MS; ; await pause(every)) {
    const problems = await look();
    if (problems.length === 0) return;
    const size = known.size;
    for (const each of problems) known.add(stateIn(each));
    const now = performance.now();
    if (known.size > size || problems.length < fewest) moved = now;
    fewest = Math.min(fewest, problems.length);
    if (now - moved > still * 1_000)
      throw new Error(`${what}, and nothing has moved for ${still} s:\n${problems.join("\n")}`);
    if (now < next) continue;
    say?.(`  waits for ${problems.length}: ${problems.slice(0, 4).join("; ")}`);
    next = now + SAY_MS;
  }
}

/** The thing that has the problem, and its state without numbers: `cnf7 punt 0: waiting (attempt N)`. */
function stateIn(problem: string): string {
  const [thing = "", ...rest] = problem.split(": ");
  return [thing, ...rest.map((text) => text.replace(/\d+/g, "N"))].join(": ");
}
