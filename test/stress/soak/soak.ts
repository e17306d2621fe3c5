// npm run soak -- --minutes N [--seed S] [--json FILE] [--html FILE]: hours of use in one go. Exits with 0 only if all held.
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { randomOf } from "../../support/random.js";
import { commandLine } from "../command.js";
import { Place } from "../machine/place.js";
import { within } from "../settling.js";
import { growths, plot, processNow, type Sample } from "./samples.js";
import { SoakCnf, Traffic } from "./traffic.js";

const { numbers, values } = commandLine({
  name: "soak",
  text: `npm run soak -- [--minutes N] [--seed S] [--json FILE] [--html FILE]

Sends packets through an embedded VPP to CNFs with punt sockets and a memif, at four fifths of the measured rate, while an operator adds and
deletes punts. Between bursts of traffic a CNF, the daemon or VPP is killed and starts again. Every packet must be received or counted as
lost; memory, descriptors and event-loop delay must stay flat; afterwards all promises to the operator hold. Exits with 0 only if all held.

  --minutes N  how long (default: 10)
  --seed S     seed of the events and changes (default: from the clock)
  --json FILE  writes the samples and the summary
  --html FILE  writes a plot of them`,
  numbers: { minutes: { least: 1, standard: 10 }, seed: { least: 0, standard: Date.now() & 0xff_ffff } },
  values: ["json", "html"],
  flags: [],
});
const { minutes, seed } = numbers;
const random = randomOf(seed);
const started = performance.now();
const end = started + minutes * 60_000;
/** Milliseconds of traffic between two events. */
const EPOCH_MS = 6_000;

const place = await Place.start(random);
await place.startDaemon();
const sockets = [0, 1, 2, 3].map((i) => new SoakCnf(`soak-${i}`, { udp: 7000 + i }, place.socket));
const span = new SoakCnf("soak-span", { type: "SPAN", interconnect: "MEMIF", vppInterface: "if3" }, place.socket);
const cnfs = [...sockets, span];
const traffic = new Traffic(place, sockets, span);
const samples: Sample[] = [];
const events = new Map<string, number>();
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

function sample(): void {
  const at = Math.round((performance.now() - started) / 100) / 10;
  const take = (who: string, pid: number, ms?: number) => {
    const now = processNow(pid);
    if (now) samples.push({ at, who, ...now, delay: ms });
  };
  take("operator", process.pid, delay.percentile(99) / 1e6);
  delay.reset();
  // The first CNF and the memif's live from the beginning to the end: their memory says something.
  for (const each of [sockets[0]!, span]) take(each.name, each.pid, each.report?.delay);
}

const happenings: Readonly<Record<string, () => Promise<void>>> = {
  "CNF killed": async () => {
    const victim = sockets[1 + Math.floor(random() * 3)]!;
    await victim.kill(random() < 0.5 ? "SIGKILL" : "SIGTERM");
    await victim.start();
  },
  "daemon killed": async () => {
    await place.killDaemon(random() < 0.5 ? "SIGKILL" : "SIGTERM");
    await place.startDaemon();
  },
  "VPP killed": async () => {
    traffic.vppEnds();
    for (const each of cnfs) each.expectReady();
    await place.restartVpp();
    await Promise.all(cnfs.map((each) => each.ready()));
    await traffic.prepare();
  },
};

async function epoch(): Promise<void> {
  const timer = setInterval(sample, 1_000);
  let isOver = false;
  let changes = 0;
  const churn = async () => {
    while (!isOver) changes += (await place.operate(3)).length;
  };
  try {
    const work = churn();
    await traffic.run(EPOCH_MS).finally(() => {
      isOver = true;
    });
    await work;
    await traffic.balance();
  } finally {
    clearInterval(timer);
  }
  const names = Object.keys(happenings);
  const name = names[Math.floor(random() * names.length)]!;
  const balance = `${traffic.sent} sent, ${traffic.received} received, ${traffic.lost} lost at VPP`;
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s: ${balance}, ${changes} changes; then ${name}`);
  await happenings[name]!();
  events.set(name, (events.get(name) ?? 0) + 1);
  events.set("punts changed", (events.get("punts changed") ?? 0) + changes);
  // A daemon that starts, or finds VPP again, gives the CNFs their ends back: no traffic before that.
  await place.settle();
  await traffic.ready();
}

async function ended(): Promise<void> {
  const isThere = async () => (await place.punts.list()).some(({ id }) => id.cnf.startsWith("soak-"));
  while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function soak(): Promise<void> {
  await Promise.all(cnfs.map((each) => each.start()));
  await traffic.prepare();
  await traffic.measure(3_000);
  await traffic.balance();
  console.log(`soak: ${minutes} minutes, seed ${seed}, ${Math.round(traffic.rate)} bursts of 40 packets a second`);
  while (performance.now() < end) await epoch();
  for (const each of cnfs) await each.kill();
  await within("the end of the CNFs' sessions", 120_000, ended());
  console.log("the CNFs have ended; checking the promises to the operator");
  await place.verify();
  await place.end();
}

const failure = await soak().then(
  () => undefined,
  (error: Error) => error,
);
await Promise.all(cnfs.map((each) => each.kill().catch(() => {})));
await place.abandon().catch(() => {});
const grown = growths(samples);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const happened = [...events].map(([name, number]) => `${name}: ${number}`).join(", ");
const summary = [
  `${seconds} s, seed ${seed}; ${happened}`,
  `packets: ${traffic.sent} sent, ${traffic.received} received, ${traffic.lost} counted as lost by VPP`,
  ...grown.map((each) => `GROWN  ${each}`),
  ...(failure === undefined
    ? []
    : [`FAILED  ${failure.stack}`, `again with: npm run soak -- --minutes ${minutes} --seed ${seed}`]),
  failure === undefined && grown.length === 0 ? "all held" : "not all held",
].join("\n");
console.log(summary);
if (values.json) writeFileSync(values.json, JSON.stringify({ seed, minutes, summary, samples }));
if (values.html) writeFileSync(values.html, await plot(samples, summary));
process.exit(failure === undefined && grown.length === 0 ? 0 : 1);
