// npm run soak -- --minutes N [--seed S] [--only TEXT] [--real] [--json FILE] [--html FILE]: hours of use in one go. Exits with 0 only if all held.
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { EtcdServer } from "../../support/etcd/etcd.js";
import { program, vppProgram } from "../../support/machine/programs.js";
import { randomOf } from "../../support/random.js";
import { commandLine } from "../command.js";
import { Place, type PlaceVpp } from "../machine/place.js";
import { inOwnNamespace } from "../own-namespace.js";
import { within } from "../settling.js";
import { growths, plot, processNow, type Sample } from "./samples.js";
import { FIRST_PORT, SoakCnf, Traffic } from "./traffic.js";
import { embeddedVpp, realVpp } from "./vpps.js";
import { makeWires, WIRES, Wires } from "./wires.js";

const { numbers, values, has } = commandLine({
  name: "soak",
  text: `npm run soak -- [--minutes N] [--seed S] [--only TEXT] [--real] [--json FILE] [--html FILE]

Sends packets by memif through a VPP to CNFs in processes of their own, with punt sockets, a memif and, as root, a TAP, at four fifths of
the rate that the slowest of them reaches, while an operator adds and deletes punts. Between bursts of traffic a CNF, a daemon, VPP or etcd
is killed and starts again. With etcd here there are three daemons; the one that leads is killed, too. Every packet must be received or
counted as lost; memory, descriptors and event-loop delay must stay flat; afterwards all promises to the operator hold. Exits with 0 only
if all held.

  --minutes N  how long (default: 10)
  --seed S     seed of the events and changes (default: from the clock)
  --only TEXT  only events whose name contains the text, such as "leader"
  --real       takes a real VPP, that of $VPP_PREFIX, /opt/vpp or PATH, in place of the embedded one
  --json FILE  writes the samples and the summary
  --html FILE  writes a plot of them`,
  numbers: { minutes: { least: 1, standard: 10 }, seed: { least: 0, standard: Date.now() & 0xff_ffff } },
  values: ["only", "json", "html"],
  flags: ["real"],
});
const { minutes, seed } = numbers;
const isRoot = process.getuid?.() === 0;
if (has("real") && vppProgram() === undefined) {
  console.error("soak: no program vpp in $VPP_PREFIX/bin, /opt/vpp/bin or PATH");
  process.exit(2);
}
if (isRoot) {
  await inOwnNamespace();
  // Linux would send packets of its own into a TAP.
  writeFileSync("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
}
const random = randomOf(seed);
const started = performance.now();
const end = started + minutes * 60_000;
/** Milliseconds of traffic between two events. */
const EPOCH_MS = 6_000;
/** Seconds. */
const LEASE = 4;

const endings: (() => Promise<void>)[] = [];
const teardown = (ending: () => unknown) => void endings.push(async () => void (await ending()));
const etcd = program("etcd") && program("etcdctl") ? await EtcdServer.start({ teardown }) : undefined;
/** The last one lives from the beginning to the end: its memory says something. */
const daemons = etcd ? ["a", "b", "c"] : ["a"];
const optionsOf = (name: string) => ({
  linux: isRoot,
  ...(etcd && { etcd: { endpoints: etcd.url, host: "soak", name, lease: LEASE, timeout: 1_000 } }),
});

const place = await Place.with<PlaceVpp>({
  ...{ random, makesCards: has("real"), configure: makeWires },
  startVpp: (directory) => (has("real") ? realVpp() : embeddedVpp(directory)),
});
const startDaemon = (name: string) => place.startDaemon({ name, options: optionsOf(name) });
for (const name of daemons) await startDaemon(name);
const sockets = [0, 1, 2, 3].map((i) => new SoakCnf(`soak-${i}`, { udp: FIRST_PORT + i }, place.socket));
const copies = (isRoot ? ["MEMIF", "TAP"] : ["MEMIF"]).map((interconnect) => {
  const request = { type: "SPAN", interconnect, vppInterface: WIRES.passing.tag };
  return new SoakCnf(`soak-${interconnect.toLowerCase()}`, request, place.socket);
});
const cnfs = [...sockets, ...copies];
const wires = new Wires(place.directory);
const traffic = new Traffic(place.punts, wires, sockets, copies);
const samples: Sample[] = [];
const events = new Map<string, number>();
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

async function sample(): Promise<void> {
  const at = Math.round((performance.now() - started) / 100) / 10;
  const take = (who: string, pid: number, ms?: number) => {
    const now = processNow(pid);
    if (now) samples.push({ at, who, ...now, delay: ms });
  };
  take("operator", process.pid, delay.percentile(99) / 1e6);
  delay.reset();
  if (etcd) {
    const name = daemons.at(-1)!;
    const { cluster } = await place.punts.info().catch(() => ({ cluster: undefined }));
    // A daemon that leads has the CNFs' connections.
    take(`daemon, ${cluster?.daemon === name ? "leading" : "standing by"}`, place.daemonOf(name).pid!);
  }
  // The first CNF and those of copies live from the beginning to the end.
  for (const each of [sockets[0]!, ...copies]) take(each.name, each.pid, each.report?.delay);
}

const anyOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const anySignal = () => anyOf(["SIGKILL", "SIGTERM"] as const);

async function restartDaemon(name: string): Promise<void> {
  await place.killDaemon(anySignal(), name);
  await startDaemon(name);
}

/** Returns the name of the daemon that acts. */
function leader(): Promise<string> {
  const leads = async () => {
    for (;;) {
      const { cluster } = await place.punts.info().catch(() => ({ cluster: undefined }));
      if (cluster?.daemon) return cluster.daemon;
      await sleep(50);
    }
  };
  return within("a daemon leads", 120_000, leads());
}

const happenings: Readonly<Record<string, () => Promise<void>>> = {
  "CNF killed": async () => {
    const victim = anyOf(sockets.slice(1));
    await victim.kill(anySignal());
    await victim.start();
  },
  "daemon killed": () => restartDaemon(anyOf(etcd ? daemons.slice(0, -1) : daemons)),
  "VPP killed": async () => {
    traffic.vppEnds();
    for (const each of cnfs) each.expectReady();
    await place.restartVpp();
    await Promise.all(cnfs.map((each) => each.ready()));
  },
  ...(etcd && {
    "leader killed": async () => {
      const name = await leader();
      // The last daemon lives on. It is cut off for longer than its lease, and another one acts.
      if (name !== daemons.at(-1)) return restartDaemon(name);
      const { pid } = place.daemonOf(name);
      process.kill(pid!, "SIGSTOP");
      await sleep(1_500 * LEASE);
      process.kill(pid!, "SIGCONT");
    },
    "etcd killed": async () => {
      await etcd.kill();
      await sleep(random() * 1_000 * LEASE);
      await etcd.run();
    },
  }),
};

const names = Object.keys(happenings).filter((name) => name.includes(values.only ?? ""));

async function epoch(): Promise<void> {
  const timer = setInterval(() => void sample(), 1_000);
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
  const name = anyOf(names);
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
  while (await isThere()) await sleep(50);
}

async function soak(): Promise<void> {
  await Promise.all(cnfs.map((each) => each.start()));
  await traffic.ready();
  await traffic.measure(3_000);
  const vpp = has("real") ? "a real VPP" : "the embedded VPP";
  const rate = Math.round(traffic.rate * traffic.burstLength);
  console.log(
    `soak: ${minutes} minutes, seed ${seed}, ${vpp}, ${cnfs.length} CNFs, ${daemons.length} daemons, ${rate} packets a second`,
  );
  while (performance.now() < end) await epoch();
  for (const each of cnfs) await each.kill();
  await within("the end of the CNFs' sessions", 120_000, ended());
  console.log("the CNFs have ended; checking the promises to the operator");
  await place.verify();
  await place.end();
}

let cleaning: Promise<void> | undefined;

/** Ends everything, once: a signal may come twice, and makes the soak fail besides. */
function clean(): Promise<void> {
  cleaning ??= endAll();
  return cleaning;
}

async function endAll(): Promise<void> {
  await Promise.all(cnfs.map((each) => each.kill().catch(() => {})));
  wires[Symbol.dispose]();
  await place.abandon().catch(() => {});
  for (const ending of endings) await ending();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => void clean().finally(() => process.exit(1)));
/** Returns the states of the CNFs' punts, as the daemon knows them, why they are so, and the last words of a real VPP. */
async function said(): Promise<string> {
  const { cluster, vppConnected } = await place.punts.info();
  const punts = (await place.punts.list()).filter(({ id }) => id.cnf.startsWith("soak-"));
  const lines = punts.map(({ id, state, missing, failure }) => {
    const why = [...missing.map(({ text }) => text), failure?.message ?? ""].join(", ");
    return `${id.cnf} ${state} ${why}`;
  });
  const output = await readFile(join(dirname(place.vpp.apiSocket), "output"), "utf8").catch(() => "");
  lines.push(...output.split("\n").slice(-12));
  return [
    `${cluster?.daemon ?? "the daemon"} acts, ${vppConnected ? "with" : "without"} VPP, which is ${place.vpp.alive ? "alive" : "dead"}`,
    ...lines,
  ].join("\n");
}

const failure = await soak().then(
  () => undefined,
  async (error: Error) => new Error(`${error.stack}\n${await said().catch(String)}`),
);
await clean();
const grown = growths(samples);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const happened = [...events].map(([name, number]) => `${name}: ${number}`).join(", ");
const summary = [
  `${seconds} s, seed ${seed}; ${happened}`,
  `packets: ${traffic.sent} sent, ${traffic.received} received, ${traffic.lost} counted as lost by VPP`,
  ...grown.map((each) => `GROWN  ${each}`),
  ...(failure === undefined
    ? []
    : [
        `FAILED  ${failure.message}`,
        `again with: npm run soak -- --minutes ${minutes} --seed ${seed}${has("real") ? " --real" : ""}`,
      ]),
  failure === undefined && grown.length === 0 ? "all held" : "not all held",
].join("\n");
console.log(summary);
if (values.json) writeFileSync(values.json, JSON.stringify({ seed, minutes, summary, samples }));
if (values.html) writeFileSync(values.html, await plot(samples, summary));
process.exit(failure === undefined && grown.length === 0 ? 0 : 1);
