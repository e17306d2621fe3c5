// The program behind `npm run bench`: runs trials and reports them. arguments.ts has its usage.
import { readdirSync, writeFileSync } from "node:fs";
import { type Arguments, readArguments, USAGE } from "./harness/arguments.js";
import { type Comparison, compare, comparisonTable, readBaseline } from "./harness/baseline.js";
import { measure, type Outcome } from "./harness/measure.js";
import { machine, type Report, reportOf, table } from "./harness/report.js";
import type { Suite, Trial } from "./harness/trial.js";

const SUITES = new URL("suites/", import.meta.url);

/** Returns the trials that were asked for. Ends the program if there are none. */
async function trialsOf({ suites, only }: Arguments): Promise<Trial[]> {
  const loaded = await Promise.all(
    suites.map((suite) => import(new URL(`${suite}.js`, SUITES).href) as Promise<{ default: Suite }>),
  );
  const named = loaded.flatMap(({ default: { trials } }) => trials.filter(({ name }) => name.includes(only)));
  if (named.length > 0) return named;
  console.error(`bench: no trial of ${suites.join(", ")} has "${only}" in its name; --list prints them`);
  process.exit(2);
}

/** Whether this machine can run the trial; says why if it cannot. */
function isAvailable(trial: Trial): boolean {
  const reason = trial.unavailable?.();
  if (reason !== undefined) console.error(`left out: ${trial.name}: ${reason}`);
  return reason === undefined;
}

async function runAll(trials: readonly Trial[], pairs: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const trial of trials) {
    process.stderr.write(`${trial.name} `);
    try {
      outcomes.push(...(await measure(trial, pairs, (word) => process.stderr.write(word))));
    } catch (error) {
      process.stderr.write(` FAILED: ${(error as Error).message}`);
      process.exitCode = 1;
    }
    process.stderr.write("\n");
  }
  return outcomes;
}

async function show(outcomes: readonly Outcome[], args: Arguments, comparisons: readonly Comparison[]): Promise<void> {
  const report = reportOf(outcomes);
  if (args.save !== undefined) writeFileSync(args.save, `${JSON.stringify(report, null, 2)}\n`);
  if (args.html !== undefined) {
    const { html } = await import("./harness/html.js");
    writeFileSync(args.html, await html(outcomes));
  }
  if (args.json) console.log(JSON.stringify({ ...report, comparisons }));
  else console.log(`${machine()}\n${table(outcomes)}\n${comparisonTable(comparisons)}`.trimEnd());
}

function argumentsOrUsage(available: readonly string[]): Arguments {
  try {
    return readArguments(process.argv.slice(2), available);
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\nSee npm run bench -- --help`);
    process.exit(2);
  }
}

function baselineOf(file: string | undefined): Report | undefined {
  try {
    return file === undefined ? undefined : readBaseline(file);
  } catch (error) {
    console.error(`bench: --compare: ${(error as Error).message}`);
    process.exit(2);
  }
}

// Exits, so that a run's folder goes too. The run's processes see the end of their stdin.
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));

const available = readdirSync(SUITES)
  .filter((name) => name.endsWith(".js"))
  .map((name) => name.slice(0, -".js".length));
const args = argumentsOrUsage(available);
// The suite and its scripts read it there.
if (args.vpp !== undefined) process.env.VPP_API_SOCKET = args.vpp;
const baseline = baselineOf(args.compare);
if (args.help) {
  console.log(USAGE);
} else {
  const trials = (await trialsOf(args)).filter(isAvailable);
  if (args.list) {
    console.log(trials.map((trial) => trial.name).join("\n"));
  } else {
    const outcomes = await runAll(trials, args.pairs);
    const comparisons = baseline === undefined ? [] : compare(baseline, outcomes);
    await show(outcomes, args, comparisons);
    if (comparisons.some(({ worse }) => worse)) process.exitCode = 1;
  }
}
