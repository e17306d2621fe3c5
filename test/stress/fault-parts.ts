// The processes of `npm run faults -- --jobs N`: each strikes every Nth case.
import { fork } from "node:child_process";
import { once } from "node:events";

/** The counts of a process. */
export interface Tally {
  /** Points that held, by the name of their fault. */
  readonly held: readonly (readonly [fault: string, points: number])[];
  readonly failed: number;
}

/** Runs this script in N processes side by side. A process that ends without a tally counts as a failure. */
export function inParts(jobs: number): Promise<Tally[]> {
  const parts = Array.from({ length: jobs }, (_, index) => runPart(`${index + 1}/${jobs}`));
  return Promise.all(parts);
}

async function runPart(part: string): Promise<Tally> {
  const [script, ...given] = process.argv.slice(1);
  const child = fork(script!, [...given, "--jobs", "1", "--part", part]);
  let tally: Tally | undefined;
  child.on("message", (message: Tally) => {
    tally = message;
  });
  const [code, signal] = await once(child, "exit");
  if (tally !== undefined) return tally;
  console.error(`part ${part} ended with ${code ?? signal}, and without a tally`);
  return { held: [], failed: 1 };
}

/** Returns the items of a part, such as "2/4": the second of every four. Returns undefined if the text does not name a part. */
export function partOf<T>(items: readonly T[], text: string): T[] | undefined {
  const [part = 0, parts = 0] = (/^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? []).slice(1).map(Number);
  return part > 0 && part <= parts ? items.filter((_, index) => index % parts === part - 1) : undefined;
}
