// A manager, a daemon and a client while nothing happens: the first two look at VPP at their times and do nothing else, and a client sends nothing.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { type MemoryStore, PuntManager, type WatchEvent } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { until } from "../support/machine/netns.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { changes } from "../support/vpp/tapped.js";

/** Milliseconds between two looks of a manager that looks by its timer. */
const LOOK_EVERY = 150;
/** Milliseconds; longer than the manager gathers events, and than any timer of a client. */
const QUIET = 500;

/** Returns the names of the messages that VPP gets from now on, from all clients. */
function heardBy(vpp: EmbeddedVpp): string[] {
  const names: string[] = [];
  const next = vpp.faults.next.bind(vpp.faults);
  vpp.faults.next = (message) => {
    names.push(message);
    return next(message);
  };
  return names;
}

/**
 * The messages from each dump of IP tables, which every look has once, to the next one. The pings that end dumps are left out, and the dumps
 * of interfaces: a daemon's table of interfaces has one each 10 seconds, because VPP has no event for a new tag.
 */
function looksIn(names: readonly string[]): string[][] {
  const looks: string[][] = [];
  for (const name of names) {
    if (name === "ip_table_dump") looks.push([]);
    if (name !== "sw_interface_dump" && name !== "control_ping") looks.at(-1)?.push(name);
  }
  return looks;
}

function countSaves(store: MemoryStore): () => number {
  let saves = 0;
  const save = store.save.bind(store);
  store.save = (state) => {
    saves++;
    return save(state);
  };
  return () => saves;
}

/** A manager without a timer, with a punt of each type. */
async function withAllTypes(t: ExecutionContext): Promise<ManagedVpp> {
  const it = await managedVpp({ resyncInterval: 600_000 });
  t.teardown(() => it.close());
  for (const [index, type] of puntTypes.entries()) {
    // Each of the first two has its interfaces for itself.
    const place = { cnf: type, subject: Math.min(index, 2), unique: index, folder: it.directory };
    await it.manager.add(puntOf(type, { ...place, interconnect: "MEMIF" }), { waitFor: "CREATED" });
  }
  await it.manager.resync();
  return it;
}

/** The messages of one look, each counted. */
function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

test("between its looks a manager of CREATED punts sends VPP nothing and writes nothing; each look reads, and reads the same", async (t) => {
  const it = await withAllTypes(t);
  const saves = countSaves(it.store);
  const heard = heardBy(it.vpp);
  await sleep(QUIET);
  t.deepEqual(heard, []);
  const looks: string[][] = [];
  for (let look = 0; look < 3; look++) {
    await it.manager.resync();
    looks.push(heard.splice(0));
    await sleep(QUIET / 5);
    t.deepEqual(heard, [], `after look ${look}`);
  }
  t.deepEqual(looks[0]!.filter(changes), []);
  for (const look of looks) t.deepEqual(counted(look), counted(looks[0]!));
  t.is(saves(), 0);
});

test("no dump is sent twice in one look of an idle manager, and no question twice about one interface", async (t) => {
  const it = await withAllTypes(t);
  const asked: string[] = [];
  const ask = <F>(send: F): F =>
    ((name: string, fields: object = {}, ...rest: unknown[]) => {
      asked.push(`${name} ${JSON.stringify(fields)}`);
      return (send as (...all: unknown[]) => unknown)(name, fields, ...rest);
    }) as F;
  it.client.call = ask(it.client.call.bind(it.client));
  it.client.dumpAll = ask(it.client.dumpAll.bind(it.client));
  await it.manager.resync();
  t.true(asked.some((question) => question.startsWith("sw_interface_dump")));
  t.deepEqual(
    asked.filter((question, index) => asked.indexOf(question) !== index),
    [],
  );
});

test("a manager's timer starts one look at a time, with the messages of an explicit look", async (t) => {
  const it = await withAllTypes(t);
  const heard = heardBy(it.vpp);
  await it.manager.resync();
  const one = heard.splice(0);
  const saves = countSaves(it.store);
  await it.restartManager({ resyncInterval: LOOK_EVERY });
  await it.manager.resync();
  const looks: string[][] = [];
  heard.length = 0;
  // Messages between two looks would count to the later one.
  it.manager.on("pass", () => looks.push(heard.splice(0)));
  const before = saves();
  await until("three looks", () => looks.length >= 3);
  for (const look of looks) t.deepEqual(counted(look), counted(one));
  t.is(saves(), before);
});

test("an idle daemon with a watcher looks at VPP as a manager does: no more messages, no event, nothing written", async (t) => {
  const running = await daemonTest(t, { manager: { resyncInterval: LOOK_EVERY } });
  const punts = await running.connect();
  const spans = ["eth0", "eth1"].map((vppInterface) => ({ cnf: "a", key: vppInterface, vppInterface }));
  for (const it of spans) await punts.add({ ...it, type: "SPAN", interconnect: "MEMIF" }, { waitFor: "CREATED" });
  const ending = new AbortController();
  const events: WatchEvent[] = [];
  let isSynced = false;
  const watching = (async () => {
    for await (const event of punts.watch({ signal: ending.signal })) {
      if (isSynced) events.push(event);
      else isSynced = event.kind === "snapshot";
    }
  })().catch((error) => t.is(error.code, "ERR_ABORTED"));
  await until("the watcher's start", () => isSynced);
  const heard = heardBy(running.vpp);
  const start = performance.now();
  const files = () =>
    readdirSync(join(running.directory, "state"), { recursive: true, withFileTypes: true }).map((file) => {
      const { ino, size, mtimeMs } = statSync(join(file.parentPath, file.name));
      return `${file.name} ${ino} ${size} ${mtimeMs}`;
    });
  await until("a look", () => heard.length > 0);
  const before = files();
  t.true(before.length > 0);
  await until("five looks", () => looksIn(heard).length > 5);
  // The last one may be under way.
  const looks = looksIn(heard).slice(0, -1);
  const dumpsOfInterfaces = heard.filter((name) => name === "sw_interface_dump").length;
  // The last look has begun.
  t.true(dumpsOfInterfaces <= looks.length + 2 + Math.ceil((performance.now() - start) / 10_000));
  t.deepEqual(heard.filter(changes), []);
  for (const look of looks) t.deepEqual(counted(look), counted(looks[0]!));
  t.deepEqual(files(), before);
  t.deepEqual(events, []);
  ending.abort();
  await watching;
});

test("a client without requests sends nothing, and neither does one with a subscription, or after a request", async (t) => {
  await using sim = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  await using client = await Vpp.connect({ socketPath: sim.apiSocket });
  const heard = heardBy(sim);
  await sleep(QUIET);
  t.deepEqual(heard, []);
  await client.call("show_version");
  const events = await client.subscribe("want_interface_events", {}, "sw_interface_event");
  t.deepEqual(heard.splice(0), ["show_version", "want_interface_events"]);
  await sleep(QUIET);
  t.deepEqual(heard, []);
  await events.close();
});

test("a manager without punts looks only, and its lock's connection sends nothing", async (t) => {
  await using sim = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  await using client = await Vpp.connect({ socketPath: sim.apiSocket });
  await using manager = await PuntManager.start({ vpp: client, resyncInterval: LOOK_EVERY });
  await manager.resync();
  const heard = heardBy(sim);
  let looks = 0;
  manager.on("pass", () => looks++);
  await until("three looks", () => looks >= 3);
  t.deepEqual(heard.filter(changes), []);
  t.deepEqual(
    heard.filter((name) => /^(want_|cli_inband)/.test(name)),
    [],
  );
});
