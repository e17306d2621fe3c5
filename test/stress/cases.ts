// Stress scripts that run named cases, one after the other.

/** A case resolves with what it did. It throws an Error if something does not hold. */
export type Case = () => Promise<string>;

interface Chosen {
  /** The script, as `npm run` names it. */
  readonly script: string;
  /** Only cases whose name contains the text. */
  readonly only: string | undefined;
  /** Whether to print the names of the cases and nothing else. */
  readonly isList: boolean;
  /** The options with which a case runs again as it did. */
  readonly again: string;
}

/** Runs the cases and ends the process: with 0 if all held, with 1 if one failed, with 2 if there is none of that name. */
export async function runCases(
  cases: ReadonlyMap<string, Case>,
  { script, only = "", isList, again }: Chosen,
): Promise<never> {
  if (isList) {
    console.log([...cases.keys()].join("\n"));
    process.exit(0);
  }
  const chosen = [...cases].filter(([name]) => name.includes(only));
  if (chosen.length === 0) {
    console.error(`${script}: there is no case ${JSON.stringify(only)}; --list prints them`);
    process.exit(2);
  }
  let failed = 0;
  for (const [name, run] of chosen) {
    const started = performance.now();
    const done = await run().catch((error: Error) => error);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (!(done instanceof Error)) {
      console.log(`held  ${name}: ${done}, ${seconds} s`);
      continue;
    }
    failed++;
    console.error(`FAILED  ${name}: ${done.stack}`);
    console.error(`again with: npm run ${script} -- --case ${JSON.stringify(name)} ${again}`);
  }
  console.log(`${chosen.length - failed} cases held, ${failed} failed (${again})`);
  process.exit(failed > 0 ? 1 : 0);
}
