// npm run faults -- [--every N] [--case TEXT] [--real]: a fault at every point of every punt's life. Exits with 0 only if all points held.
import { commandLine } from "./command.js";
import { FaultCase, textOf } from "./fault-case.js";
import { faultCases, type Strike, strikesOf } from "./fault-cases.js";
import type { CaseOptions } from "./fault-operation.js";
import { inParts, partOf, type Tally } from "./fault-parts.js";
import { embeddedFaulty, realFaulty } from "./faulty-vpp.js";
import { inOwnNamespace } from "./own-namespace.js";

const { numbers, values, has, refuse } = commandLine({
  name: "faults",
  text: `npm run faults -- [--every N] [--case TEXT] [--fault TEXT] [--nth N] [--jobs N] [--part K/N] [--real]

Adds, deletes, updates and replaces a punt of each type over each interconnect, alone and beside a punt that shares its interconnect. Each
time another call is struck: VPP refuses a message, answers late, twice or not at all, loses it, cuts the connection or crashes; the store
or Linux refuses a change, is late, or VPP crashes as it is done; the manager is killed with SIGKILL. Afterwards VPP, the store and Linux
must be as the answer says, nothing of anybody else may be touched, and nothing may be left over. Exits with 0 only if all points held.

  --every N     strikes each Nth call only (default: 1; with --real: 61)
  --case TEXT   only cases whose name contains the text, such as "add SPAN TAP" (default: all)
  --fault TEXT  only faults whose name contains the text, such as "vpp crash" or "kill" (default: all)
  --nth N       strikes the Nth call only
  --jobs N      strikes N cases at a time, each in a process of its own (default: 1; not with --real)
  --part K/N    strikes the Kth of every N cases only
  --real        strikes a real VPP: that of $VPP_PREFIX, /opt/vpp or PATH. It refuses no message. Needs root. The Linux side is a
                network namespace of its own`,
  numbers: { every: { least: 0, standard: 0 }, nth: { least: 0, standard: 0 }, jobs: { least: 1, standard: 1 } },
  values: ["case", "fault", "part"],
  flags: ["real"],
});
const real = has("real");
const start = real ? realFaulty : embeddedFaulty;
const every = numbers.every || (real ? 61 : 1);

if (real && numbers.jobs > 1) refuse("--jobs and --real exclude each other");
const matching = faultCases.filter((each) => textOf(each).includes(values.case ?? ""));
const cases = partOf(matching, values.part ?? "1/1") ?? refuse(`--part must be K/N with K in 1..N; got ${values.part}`);
if (real) await inOwnNamespace();

/** Points that held, by the name of their fault. */
const held = new Map<string, number>();
let failed = 0;

/** All points so far. With --every, the calls that are struck are spread over all of them. */
let points = 0;

/** Strikes the calls of an operation one after the other. @throws an Error if the state afterwards is wrong: the case cannot go on */
async function strikeAll(one: FaultCase, text: string, [name, pointOf]: Strike): Promise<void> {
  const calls = one.callsFor(pointOf(1));
  for (let nth = 1; nth <= calls; nth++) {
    const isChosen = numbers.nth > 0 ? nth === numbers.nth : points++ % every === 0;
    if (!isChosen) continue;
    const struck = await one.strike(pointOf(nth)).catch((error: Error) => {
      const again = `--case ${JSON.stringify(text)} --fault ${JSON.stringify(name)} --nth ${nth}${real ? " --real" : ""}`;
      fail(`${text}, ${name}, call ${nth}`, error, again);
      throw error;
    });
    if (struck) count(name, 1);
  }
}

function count(fault: string, more: number): void {
  held.set(fault, (held.get(fault) ?? 0) + more);
}

function fail(what: string, { message }: Error, again: string): void {
  failed++;
  console.error(`${what}: ${message}\nagain with: ${again}`);
}

async function runCase(options: CaseOptions): Promise<void> {
  const text = textOf(options);
  let one = await FaultCase.begin(options, start);
  if (one === undefined) return console.log(`${text}: nothing to share`);
  for (const strike of strikesOf(one.faults).filter(([name]) => name.includes(values.fault ?? ""))) {
    const isRight = await strikeAll(one, text, strike).then(
      () => true,
      () => false,
    );
    if (isRight) continue;
    await one.abandon();
    one = (await FaultCase.begin(options, start))!;
  }
  await one.end().catch((error) => fail(`${text}, the end`, error, `--case ${JSON.stringify(text)}`));
}

async function runCases(): Promise<void> {
  for (const options of cases) {
    const before = total();
    await runCase(options);
    console.log(`${textOf(options)}: ${total() - before} points held`);
  }
}

async function runJobs(): Promise<void> {
  for (const tally of await inParts(numbers.jobs)) {
    for (const [fault, points] of tally.held) count(fault, points);
    failed += tally.failed;
  }
}

const started = performance.now();
await (numbers.jobs > 1 ? runJobs() : runCases());
if (process.send) process.send({ held: [...held], failed } satisfies Tally);
else print((performance.now() - started) / 1000);
process.exit(failed > 0 || total() === 0 ? 1 : 0);

function print(seconds: number): void {
  for (const [name, points] of held) console.log(`${name}: ${points}`);
  console.log(`${total()} points held, ${failed} failed, ${seconds.toFixed(1)} s`);
}

function total(): number {
  return [...held.values()].reduce((sum, points) => sum + points, 0);
}
