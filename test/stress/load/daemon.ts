// Many CNFs, punts, watch events and connections at one daemon.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attachPathOf } from "../../../lib/daemon/cnf-sockets.js";
import { type ConnectOptions, openPunt } from "../../../lib/module/index.js";
import { RemotePunts } from "../../../lib/module/remote/index.js";
import type { PuntStatus } from "../../../lib/punt/index.js";
import { Certificates } from "../../support/daemon/certificates.js";
import { freePort } from "../../support/free-port.js";
import { Place } from "../machine/place.js";
import { within } from "../settling.js";

/** How large a load is, and its random numbers. */
export interface Load {
  of(count: number): number;
  readonly random: () => number;
}

const LONGEST = 300_000;

async function onPlace({ random }: Load, body: (place: Place) => Promise<string>, options = {}): Promise<string> {
  const place = await Place.start(random);
  try {
    await place.startDaemon({ options });
    await place.punts.info();
    const done = await body(place);
    await place.verify();
    await place.end();
    return done;
  } finally {
    await place.abandon();
  }
}

async function until(what: string, isIt: () => boolean | Promise<boolean>): Promise<void> {
  const reached = async () => {
    while (!(await isIt())) await sleep(20);
  };
  await within(what, LONGEST, reached());
}

function untilEmpty({ punts }: Place): Promise<void> {
  return until("the sessions' punts are gone", async () => (await punts.list()).length === 0);
}

/** Punts to the first ports from 10,000 on, of one CNF. */
function portPunts(count: number, place: Place) {
  return Array.from({ length: count }, (_, index) => ({
    type: "PUNT_TO_SOCKET" as const,
    key: `${index}`,
    socketPath: `${place.directory}/vpp/sockets/load.sock`,
    toHost: { af: "IPV4" as const, protocol: "UDP" as const, port: 10_000 + index },
  }));
}

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1);

async function manyCnfs(load: Load): Promise<string> {
  const count = load.of(256);
  return onPlace(load, async (place) => {
    const started = performance.now();
    const cnfs = Array.from({ length: count }, (_, index) => {
      const name = `load-${index}`;
      // More than the listener's queue holds: Linux refuses some, which come again.
      const options = { socket: place.socket, wait: LONGEST, session: { cnf: name, grace: 100 } };
      return { name, index, punts: new RemotePunts(options) };
    });
    const ask = async ({ name, index, punts }: (typeof cnfs)[number]) => {
      const socketPath = `${place.directory}/vpp/sockets/${name}.sock`;
      const toHost = { af: "IPV4", protocol: "UDP", port: 10_000 + index } as const;
      await punts.add({ type: "PUNT_TO_SOCKET", cnf: name, socketPath, toHost }, { waitFor: "CREATED" });
    };
    await within(`${count} CNFs have their punts`, LONGEST, Promise.all(cnfs.map(ask)));
    const text = `${count} CNFs at once have their punts after ${seconds(started)} s`;
    const { length } = await place.punts.list();
    if (length !== count) throw new Error(`${length} punts of ${count}`);
    await Promise.all(cnfs.map(({ punts }) => punts.close()));
    await untilEmpty(place);
    return `${text}, and none after their end`;
  });
}

async function manyPunts(load: Load): Promise<string> {
  const count = load.of(10_000);
  return onPlace(load, async (place) => {
    const set = { cnf: "load", punts: portPunts(count, place) };
    let started = performance.now();
    const { added } = await place.punts.apply(set, { waitFor: "CREATED" });
    const notCreated = added.filter(({ state }) => state !== "CREATED").length;
    if (added.length !== count || notCreated > 0) throw new Error(`${added.length} added, ${notCreated} not CREATED`);
    const applied = seconds(started);
    started = performance.now();
    const { unchanged } = await place.punts.apply(set);
    if (unchanged.length !== count) throw new Error(`${unchanged.length} unchanged`);
    const again = seconds(started);
    started = performance.now();
    await place.punts.apply({ cnf: "load", punts: [] });
    return `${count} punts: created in ${applied} s, compared in ${again} s, deleted in ${seconds(started)} s`;
  });
}

/** A mirror of the punts that a watcher makes of what it hears. */
async function mirror(punts: RemotePunts, states: Map<string, string>, heard: { count: number }): Promise<void> {
  const take = ({ id, state }: Pick<PuntStatus, "id" | "state">) => states.set(JSON.stringify(id), state);
  for await (const event of punts.watch()) {
    if (event.kind === "snapshot") for (const each of event.punts) take(each);
    if (event.kind !== "change") continue;
    heard.count++;
    const { id, to } = event.event;
    if (to === "DELETED") states.delete(JSON.stringify(id));
    else take({ id, state: to });
  }
}

/** Microseconds of CPU time of a process so far, to a hundredth of a second. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

const WATCHERS = 4;

async function watchEvents(load: Load): Promise<string> {
  const count = load.of(2_500);
  return onPlace(load, async (place) => {
    const heard = { count: 0 };
    const watchers = Array.from({ length: WATCHERS }, () => ({
      punts: new RemotePunts({ socket: place.socket }),
      states: new Map<string, string>(),
    }));
    for (const { punts, states } of watchers) mirror(punts, states, heard).catch(() => {});
    await sleep(200);
    /** Returns how many events the watchers heard until they knew the state of all punts, how fast, and for how much CPU time of the daemon. */
    const told = async (what: string, state: string, work: () => Promise<unknown>) => {
      const [pid, before, started] = [place.daemon.pid!, heard.count, performance.now()];
      const cpu = cpuOf(pid);
      await work();
      const isRight = ({ states }: (typeof watchers)[number]) =>
        states.size === count && [...states.values()].every((each) => each === state);
      await until(`${WATCHERS} watchers know ${count} ${state} punts`, () => watchers.every(isRight));
      const events = heard.count - before;
      const rate = Math.round((events * 1000) / (performance.now() - started));
      return `${events} events ${what}, ${rate} a second, ${Math.round((cpuOf(pid) - cpu) / events)} us of the daemon each`;
    };
    const set = { cnf: "load", punts: portPunts(count, place) };
    const lines = [
      await told("of their creation", "CREATED", () => place.punts.apply(set, { waitFor: "CREATED" })),
      // Nothing else is to be done then.
      await told("of VPP's end", "PENDING", () => place.vpp.kill()),
      await told("of VPP's return", "CREATED", () => place.restartVpp()),
    ];
    await place.punts.apply({ cnf: "load", punts: [] });
    await Promise.all(watchers.map(({ punts }) => punts.close()));
    return `${WATCHERS} watchers of ${count} punts knew the last states: ${lines.join("; ")}`;
  });
}

/** Does work beside silent connections to a socket of the daemon, whose descriptors must be as before. Returns what became of these connections. */
async function amongSilent(load: Load, place: Place, to: NetConnectOpts, work: () => Promise<void>): Promise<string> {
  const count = load.of(1_000);
  const descriptors = () => readdirSync(`/proc/${place.daemon.pid}/fd`).length;
  const before = descriptors();
  const silent: Socket[] = [];
  const errors: string[] = [];
  for (let i = 0; i < count; i++)
    silent.push(connect(to).on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? "")));
  await work();
  for (const socket of silent) socket.destroy();
  await until("the daemon's descriptors are as before", () => descriptors() <= before + 2);
  const refused = errors.length === 0 ? "none refused" : `${errors.length} refused (${[...new Set(errors)].join()})`;
  return `${count} silent connections (${refused}), descriptors as before`;
}

/** Clients that all ask at once, beside connections that say nothing. */
async function answered(load: Load, place: Place, to: NetConnectOpts, options: ConnectOptions): Promise<string> {
  const clients = Array.from({ length: load.of(300) }, () => new RemotePunts({ ...options, wait: LONGEST }));
  const silent = await amongSilent(load, place, to, async () => {
    await within("all clients are answered", LONGEST, Promise.all(clients.map((each) => each.info())));
    await Promise.all(clients.map((each) => each.close()));
  });
  return `${clients.length} clients answered beside ${silent}`;
}

async function storm(load: Load): Promise<string> {
  return onPlace(load, (place) => answered(load, place, { path: place.socket }, { socket: place.socket }));
}

/** Makes the files of a TCP door and of an operator who comes in there. Returns the options of the daemon and of the operator. */
async function tlsDoor(folder: string) {
  const pem = new Certificates(folder);
  pem.makeCa("ca");
  for (const name of ["daemon", "operator"]) pem.make(name, "ca");
  const policy = pem.path("policy.json");
  const rules = [{ san: "operator" }, { uid: process.getuid!() }].map((match, index) => ({
    name: `operator ${index}`,
    match,
    operator: true,
  }));
  writeFileSync(policy, JSON.stringify({ rules }));
  const paths = (name: string) => ({
    ca: pem.path("ca.pem"),
    cert: pem.path(`${name}.pem`),
    key: pem.path(`${name}.key`),
  });
  const at = { host: "127.0.0.1", port: await freePort() };
  const { ca, cert, key } = paths("operator");
  const own = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
  return { at, daemon: { policy, tls: { ...at, ...paths("daemon") } }, operator: { tls: { ...at, ...own } } };
}

async function stormAtTls(load: Load): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-load-"));
  try {
    const { at, daemon, operator } = await tlsDoor(folder);
    return await onPlace(load, (place) => answered(load, place, at, operator), daemon);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Connections that say nothing at the socket for descriptors, and CNFs that get their ends there. */
async function stormAtAttach(load: Load): Promise<string> {
  return onPlace(load, async (place) => {
    const count = load.of(32);
    let took = "";
    const open = async (_: unknown, index: number) => {
      const request = { cnf: `storm-${index}`, udp: 20_000 + index };
      const punt = await openPunt(request, { socket: place.socket, lifetime: "session" });
      await punt.ready();
      return punt;
    };
    const silent = await amongSilent(load, place, { path: attachPathOf(place.socket) }, async () => {
      const started = performance.now();
      const cnfs = await within("all CNFs are ready", LONGEST, Promise.all(Array.from({ length: count }, open)));
      took = seconds(started);
      await Promise.all(cnfs.map((punt) => punt.close()));
    });
    await untilEmpty(place);
    return `${count} CNFs ready after ${took} s beside ${silent}`;
  });
}

export const daemonLoads = {
  "CNFs on one daemon": manyCnfs,
  "punts on one VPP": manyPunts,
  "watch events": watchEvents,
  "storm of connections": storm,
  "storm at the TCP door": stormAtTls,
  "storm at the socket for descriptors": stormAtAttach,
};
