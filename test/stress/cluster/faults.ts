// The faults of the cluster. Each is done and undone, and reports its effect.
import { pause } from "./child.js";
import type { Choice } from "./choice.js";
import type { Cnf } from "./cnf.js";
import { type Host, type HostDaemon, LEASE } from "./host.js";
import { patiently } from "./patience.js";
import type { World } from "./world.js";

export interface Fault {
  readonly name: string;
  /** Whether packets go on as if nothing had happened. */
  readonly isHarmless: boolean;
  /** @returns what was done */
  run(world: World, choice: Choice): Promise<string>;
}

/** Longer than a lease, and than the time within which etcd ends it. */
const BEYOND_LEASE_MS = (LEASE + 3) * 1_000;

async function restartDaemon(world: World, choice: Choice, signal: NodeJS.Signals): Promise<string> {
  const host = choice.of(world.hosts);
  const daemon = choice.of(host.daemons);
  const was = daemon.role;
  await daemon.end(signal);
  // Half of the time another daemon has taken over by then.
  const ms = choice.upTo(2 * BEYOND_LEASE_MS);
  await pause(ms);
  daemon.start();
  return `${daemon.name} (${was}) got ${signal}; another one started after ${ms} ms`;
}

async function killVpp(world: World, choice: Choice, among = world.hosts): Promise<string> {
  const host = choice.of(among);
  const ms = choice.upTo(2_000);
  await host.killVpp(ms);
  return `the ${host.isReal ? "real" : "embedded"} VPP of ${host.name} was killed, and came back after ${ms} ms`;
}

async function replaceCnf(world: World, choice: Choice): Promise<string> {
  const cnf = choice.of(world.cnfs);
  const signal = choice.of(["SIGKILL", "SIGTERM"] as const);
  await cnf.end(signal);
  await pause(choice.upTo(1_000));
  const isOther = cnf.port !== undefined && choice.upTo(1) === 1;
  if (isOther) cnf.changePort();
  cnf.start();
  return `${cnf.name} (${cnf.kind}) got ${signal} and was replaced${isOther ? `, with port ${cnf.port}` : ""}`;
}

async function killEtcd({ etcd }: World, choice: Choice): Promise<string> {
  await etcd.kill();
  const ms = choice.upTo(8_000);
  await pause(ms);
  await etcd.start();
  return `etcd was killed, and came back after ${ms} ms`;
}

async function stopEtcd({ etcd }: World, choice: Choice): Promise<string> {
  etcd.signal("SIGSTOP");
  const ms = choice.upTo(9_000);
  await pause(ms);
  etcd.signal("SIGCONT");
  return `etcd was stopped for ${ms} ms`;
}

async function compactEtcd({ etcd }: World): Promise<string> {
  return `etcd was compacted ${await etcd.compact()}`;
}

/** While a host cannot reach etcd, etcd forgets what that host has not seen. */
async function cutOff(world: World, choice: Choice): Promise<string> {
  const host = choice.of(world.hosts);
  const others = world.hosts.filter((each) => each !== host);
  await world.network.cut(host.number, true);
  const ms = choice.upTo(9_000);
  await pause(ms);
  const isCompacted = choice.upTo(1) === 1;
  const said = isCompacted ? `, and etcd was compacted ${await world.etcd.compact()} while it was` : "";
  await world.network.cut(host.number, false);
  return `${host.name} was cut off for ${ms} ms${said}; ${others.map(({ name }) => name).join(" and ")} went on`;
}

/** A leader that is stopped beyond its lease changes nothing when it goes on. */
async function freezeLeader(world: World, choice: Choice): Promise<string> {
  const host = choice.of(world.hosts.filter(({ daemons }) => daemons.length > 1));
  const frozen = await leaderOf(host);
  frozen.signal("SIGSTOP");
  const began = performance.now();
  try {
    const next = await leaderOf(host, frozen);
    const ms = Math.round(performance.now() - began);
    const before = await steadyLines(host);
    frozen.signal("SIGCONT");
    await until(() => frozen.role !== "leader", `${frozen.name} still says that it leads`);
    // Long enough for a step that it had begun.
    await pause(2_000);
    const after = await host.lines();
    const changes = [
      ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
      ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
    ];
    if (changes.length > 0)
      throw new Error(`${frozen.name} went on, and the VPP of ${host.name} changed:\n${changes.join("\n")}`);
    return `${frozen.name}, which led, was stopped; ${next.name} took over after ${ms} ms, and nothing changed when ${frozen.name} went on`;
  } finally {
    frozen.signal("SIGCONT");
  }
}

/** A daemon that has begun to lead tries how TAPs can be made: waits until it has done so. */
async function steadyLines(host: Host): Promise<string[]> {
  let last: string[] = [];
  const look = async () => {
    const before = last;
    last = await host.lines();
    return before.join() === last.join() ? [] : [`the VPP of ${host.name} changes`];
  };
  await patiently(look, { what: "a fault could not be done", every: 1_000 });
  return last;
}

/** Waits for a daemon that leads, and is not `other`. */
async function leaderOf(host: Host, other?: HostDaemon): Promise<HostDaemon> {
  const find = () => host.daemons.find((each) => each !== other && each.isAlive && each.role === "leader");
  await until(() => find() !== undefined, `no ${other ? "other " : ""}daemon of ${host.name} leads`);
  return find()!;
}

async function until(isSo: () => boolean, problem: string): Promise<void> {
  await patiently(async () => (isSo() ? [] : [problem]), { what: "a fault could not be done", every: 20 });
}

/** An operator deletes a CNF's punts through etcd. The CNF notices, and asks again when it is replaced. */
async function deletePunt(world: World, choice: Choice): Promise<string> {
  const cnf: Cnf = choice.of(world.cnfs.filter(({ kind }) => kind !== "both"));
  const host = `host${cnf.place.host}`;
  await world.etcd.cli("delete", cnf.name, "--host", host);
  await cnf.end("SIGTERM");
  cnf.start();
  return `an operator deleted the punt of ${cnf.name} (${cnf.kind}) on ${host}, and the CNF was started again`;
}

const FAULTS: readonly Fault[] = [
  { name: "orchestrator killed", isHarmless: true, run: (world, choice) => restartDaemon(world, choice, "SIGKILL") },
  { name: "leader stopped", isHarmless: true, run: freezeLeader },
  { name: "VPP killed", isHarmless: false, run: killVpp },
  { name: "CNF replaced", isHarmless: false, run: replaceCnf },
  { name: "etcd killed", isHarmless: true, run: killEtcd },
  { name: "host cut off", isHarmless: true, run: cutOff },
  { name: "etcd compacted", isHarmless: true, run: compactEtcd },
  { name: "etcd stopped", isHarmless: true, run: stopEtcd },
  { name: "orchestrator ended", isHarmless: true, run: (world, choice) => restartDaemon(world, choice, "SIGTERM") },
  { name: "punt deleted", isHarmless: false, run: deletePunt },
];

/** The real VPP alone: else the choice of a host might leave it out. */
const REAL_VPP_KILLED: Fault = {
  name: "VPP killed, the real one",
  isHarmless: false,
  run: (world, choice) =>
    killVpp(
      world,
      choice,
      world.hosts.filter(({ isReal }) => isReal),
    ),
};

/** Returns the faults of a cluster with or without a real VPP; with `only`, the faults with that text in their names. */
export function faultsOf(hasReal: boolean, only = ""): readonly Fault[] {
  return (hasReal ? [...FAULTS, REAL_VPP_KILLED] : FAULTS).filter(({ name }) => name.includes(only));
}

/** Faults that need a leader, or etcd, are not done together with others. */
const ALONE = new Set(["leader stopped", "punt deleted", "host cut off", "etcd compacted"]);

/** Returns the faults of one step: one, or two at once. */
export function stepOf(order: readonly Fault[], step: number, choice: Choice): readonly Fault[] {
  const first = order[step % order.length]!;
  if (order.length === 1 || ALONE.has(first.name) || choice.upTo(2) > 0) return [first];
  const others = FAULTS.filter((fault) => fault !== first && !ALONE.has(fault.name) && kindOf(fault) !== kindOf(first));
  return [first, choice.of(others)];
}

function kindOf({ name }: Fault): string {
  return name.split(" ")[0]!;
}
