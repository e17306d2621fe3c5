// npm run faults -- [--every N] [--case TEXT] [--real]: a fault at every point of every punt's life. Exits with 0 only if all points held.
import { commandLine } from "./command.js";
import { FaultCase, textOf } from "./fault-case.js";
import { faultCases, type Strike, strikesOf } from "./fault-cases.js";
import type { CaseOptions } from "./fault-operation.js";
import { embeddedFaulty, realFaulty } from "./faulty-vpp.js";
import { inOwnNamespace } from "./own-namespace.js";

const { numbers, values, has } = commandLine({
  name: "faults",
  text: `npm run faults -- [--every N] [--case TEXT] [--fault TEXT] [--nth N] [--real]

Adds, deletes, updates and replaces a punt of each type over each interconnect, alone and beside a punt that shares its interconnect. Each
time another call is struck: VPP refuses a message, answers late, twice or not at all, loses it, cuts the connection or crashes; the store
or Linux refuses a change, is late, or VPP crashes as it is done; the manager is killed with SIGKILL. Afterwards VPP, the store and Linux
must be as the answer says, nothing of anybody else may be touched, and nothing may be left over. Exits with 0 only if all points held.

  --every N     strikes each Nth call only (default: 1; with --real: 61)
  --case TEXT   only cases whose name contains the text, such as "add SPAN TAP" (default: all)
  --fault TEXT  only faults whose name contains the text, such as "vpp crash" or "kill" (default: all)
  --nth N       strikes the Nth call only
  --real        strikes a real VPP: that of $VPP_PREFIX, /opt/vpp or PATH. It refuses no message. Needs root. The Linux side is a
                network namespace of its own`,
  numbers: { every: { least: 0, standard: 0 }, nth: { least: 0, standard: 0 } },
  values: ["case", "fault"],
  flags: ["real"],
});
const real = has("real");
const start = real ? realFaulty : embeddedFaulty;
const every = numbers.every || (real ? 61 : 1);

if (real) await inOwnNamespace();

/** Points that held, by the name of their fault. */
const held = new Map<string, number>();
const failures: string[] = [];

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
    if (struck) held.set(name, (held.get(name) ?? 0) + 1);
  }
}

function fail(what: string, { message }: Error, again: string): void {
  failures.push(what);
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

const started = performance.now();
for (const options of faultCases.filter((each) => textOf(each).includes(values.case ?? ""))) {
  const before = total();
  await runCase(options);
  console.log(`${textOf(options)}: ${total() - before} points held`);
}
for (const [name, count] of held) console.log(`${name}: ${count}`);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${total()} points held, ${failures.length} failed, ${seconds} s`);
process.exit(failures.length > 0 || total() === 0 ? 1 : 0);

function total(): number {
  return [...held.values()].reduce((sum, count) => sum + count, 0);
}
