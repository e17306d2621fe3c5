// npm run bench -- [suite...] [--json] [--pairs N] [--only TEXT] [--list]
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { measure, type Outcome } from "./harness/measure.js";
import { json, machine, table } from "./harness/report.js";
import type { Suite, Trial } from "./harness/trial.js";

const suiteFolder = new URL("suites/", import.meta.url);
const available = readdirSync(suiteFolder)
  .filter((name) => name.endsWith(".js"))
  .map((name) => name.slice(0, -".js".length));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    pairs: { type: "string", default: "5" },
    only: { type: "string", default: "" },
  },
});

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

/** The trials asked for that this machine can run; says which it leaves out. */
async function trialsOf(suite: string): Promise<Trial[]> {
  if (!available.includes(suite)) fail(`there is no suite ${suite}; there are: ${available.join(", ")}`);
  const { trials } = ((await import(new URL(`${suite}.js`, suiteFolder).href)) as { default: Suite }).default;
  return trials.filter((trial) => {
    const reason = trial.unavailable?.();
    if (reason !== undefined) console.error(`left out: ${trial.name}: ${reason}`);
    return reason === undefined && trial.name.includes(values.only);
  });
}

const pairs = Number(values.pairs);
if (!Number.isInteger(pairs) || pairs < 1) fail(`--pairs ${values.pairs}: not a count`);
const suites = positionals.length > 0 ? positionals : available;
const trials = (await Promise.all(suites.map(trialsOf))).flat();
if (values.list) {
  console.log(trials.map((trial) => trial.name).join("\n"));
} else {
  const outcomes: Outcome[] = [];
  for (const trial of trials) {
    process.stderr.write(`${trial.name} `);
    outcomes.push(...(await measure(trial, pairs, () => process.stderr.write("."))));
    process.stderr.write("\n");
  }
  console.log(values.json ? json(outcomes) : `${machine()}\n${table(outcomes)}`);
}
