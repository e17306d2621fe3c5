// The sockets of a daemon of a cluster, which follow its role: whose places they have, and what the daemon does with its doors and sessions.
import { EventEmitter } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { mock } from "node:test";
import anyTest, { type ExecutionContext } from "ava";
import type { Role } from "../../lib/cluster/index.js";
import { ActingDoors } from "../../lib/daemon/acting-doors.js";
import { PuntError } from "../../lib/errors.js";
import { socketFolder, until } from "../support/punt-socket/peer.js";

// Each test has the clock.
const test = anyTest.serial;

const HANDED_OVER =
  "hand over: ERR_CLOSED punt.session: another daemon acts for the host now, or none does: connect again";

interface World {
  role?: Role;
  /** The names of the sockets. */
  sockets?: string[];
  /** The hosts of other daemons, by the names of sockets where they listen. */
  others?: Record<string, string | undefined>;
  isDraining?: boolean;
  load?: () => Promise<void>;
  /** The name of a socket that cannot be opened. */
  failing?: string;
}

/** A daemon's doors; `told` has what was done with them, in order. */
async function place(t: ExecutionContext, world: World) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.teardown(() => mock.timers.reset());
  const folder = socketFolder(t);
  const state = { role: "standby" as Role, others: {} as World["others"], isDraining: false, ...world };
  const told: string[] = [];
  const log: string[] = [];
  const roles = new EventEmitter();
  const fields: object[] = [];
  const line = (level: string) => (more: object, text: string) => {
    log.push(`${level} ${text}`);
    fields.push(more);
  };
  const standing = () => ({ host: "h1", role: state.role, daemon: "one", addresses: [], endpoints: ["etcd:1"] });
  const asked: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const doorAt = (name: string, path: string) => ({ path, close: async () => tell(`close ${name}`)() });
  const opening = ActingDoors.open({
    punts: {
      get acts() {
        return state.role === "leader";
      },
      get role() {
        return state.role;
      },
      get standing() {
        return standing();
      },
      on: (...args: [string, () => void]) => roles.on(...args),
    } as never,
    sessions: {
      load: async () => {
        told.push("load");
        await world.load?.();
      },
      handOver: ({ code, message }: PuntError) => void told.push(`hand over: ${code} ${message}`),
    },
    sockets: (world.sockets ?? ["a"]).map((name) => ({ path: join(folder, name) })),
    logger: { info: line("info"), warn: line("warn"), error: line("error") } as never,
    attachSocketOf: (path) => `${path}.attach`,
    open: async ({ path }, callsAt, attachAt) => {
      const name = basename(path);
      if (name === world.failing) throw new PuntError("daemon.start", "EACCES", "no");
      told.push(`open ${name}`);
      for (const at of [callsAt, attachAt]) writeFileSync(at, "ours");
      return [
        { ...doorAt(name, callsAt), drop: tell(`drop ${name}`) },
        { ...doorAt(`${name}.attach`, attachAt), begin: tell(`begin ${name}`) },
      ];
    },
    isListening: async (path) => {
      asked.push(basename(path));
      return basename(path) in state.others!;
    },
    hostAt: async (path) => state.others![basename(path)],
    isDraining: () => state.isDraining,
  });
  const become = (role: Role) => {
    state.role = role;
    roles.emit("role", role);
  };
  /** Lets the clock go on, and what is due come to its end. */
  const pass = async (ms: number) => {
    mock.timers.tick(ms);
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  };
  return { opening, state, asked, told, log, fields, folder, become, pass };
}

async function opened(t: ExecutionContext, world: World = {}) {
  const { opening, ...rest } = await place(t, world);
  const doors = await opening;
  t.teardown(() => doors.close());
  return { doors, names: () => doors.paths.map((path) => basename(path)), ...rest };
}

test("a daemon opens what is free, and takes the other places, after the sessions, when it begins to act", async (t) => {
  const { doors, names, told, folder, become } = await opened(t, { sockets: ["a", "b"], others: { a: "h1" } });
  doors.follow();
  t.deepEqual(names(), ["b", "b.attach"]);
  writeFileSync(join(folder, "a"), "another's");
  become("leader");
  await until(() => told.includes("begin a"), "turn");
  t.deepEqual(told, ["open b", "load", "open a", "begin b", "begin a"]);
  t.deepEqual(names(), ["b", "b.attach", "a", "a.attach"]);
  t.is(readFileSync(join(folder, "a"), "utf8"), "ours");
  await doors.close();
  t.deepEqual(told.slice(5), ["close b", "close b.attach", "close a", "close a.attach"]);
  t.deepEqual(readdirSync(folder), []);
});

test("a daemon that acts when it starts takes the places at once, and has no more to do", async (t) => {
  const { doors, asked, told, pass } = await opened(t, { role: "leader", others: { a: "h1" } });
  const { setTimeout: set } = globalThis;
  let timers = 0;
  const counted = (...how: Parameters<typeof set>) => {
    timers++;
    return set(...how);
  };
  Object.assign(globalThis, { setTimeout: counted });
  t.teardown(() => Object.assign(globalThis, { setTimeout: set }));
  doors.follow();
  await until(() => told.includes("begin a"), "turn");
  await pass(10_000);
  t.is(timers, 0);
  t.deepEqual(told, ["load", "open a", "begin a"]);
  t.deepEqual(asked, ["a", "a"]);
});

test("a daemon that acts no more hands its sessions over once, and ends the connections of its open doors", async (t) => {
  const { doors, told, become } = await opened(t, { role: "leader" });
  doors.follow();
  await until(() => told.includes("begin a"), "turn");
  told.length = 0;
  for (const role of ["cut-off", "standby", "other-vpp"] as const) become(role);
  t.deepEqual(told, [HANDED_OVER, "drop a"]);
});

test("a daemon that acts no more once it has read the sessions takes no place", async (t) => {
  let give = () => {};
  const load = () => new Promise<void>((resolve) => (give = resolve));
  const { doors, told, become } = await opened(t, { others: { a: "h1" }, load });
  doors.follow();
  become("leader");
  await until(() => told.includes("load"), "turn");
  become("standby");
  give();
  await doors.close();
  t.deepEqual(told, ["load", HANDED_OVER]);
});

test("a daemon that is stopping neither reads sessions nor takes places, and gives none up", async (t) => {
  const { doors, told, folder, state, become, pass } = await opened(t, { isDraining: true });
  doors.follow();
  become("leader");
  unlinkSync(join(folder, "a"));
  await pass(500);
  state.role = "standby";
  await pass(500);
  t.deepEqual(told, ["open a"]);
});

test("a daemon that stops while it reads the sessions takes no place", async (t) => {
  let give = () => {};
  const load = () => new Promise<void>((resolve) => (give = resolve));
  const { doors, told, state } = await opened(t, { role: "leader", others: { a: "h1" }, load });
  doors.follow();
  await until(() => told.includes("load"), "turn");
  state.isDraining = true;
  give();
  await doors.close();
  t.deepEqual(told, ["load"]);
});

test("a daemon that cannot read the sessions acts all the same, and its log says so", async (t) => {
  const err = new Error("etcd has something else");
  const { doors, told, log, fields } = await opened(t, { role: "leader", load: () => Promise.reject(err) });
  doors.follow();
  await until(() => told.includes("begin a"), "turn");
  t.deepEqual(fields, [{ role: "leader", host: "h1", daemon: "one" }, { err }]);
  t.deepEqual(log, ["info what this daemon does for its host", "error the sessions cannot be read"]);
});

test("a place that another host's daemon has is left to it, and taken when that one has gone", async (t) => {
  const { doors, told, log, state, pass } = await opened(t, { role: "leader", others: { a: "h2" } });
  doors.follow();
  const left = () => log.filter((text) => text.startsWith("error the socket is left to the daemon of host h"));
  await until(() => left().length === 1, "turn");
  await pass(5_000);
  await pass(5_000);
  t.deepEqual(told, ["load"]);
  t.is(left().length, 1);
  t.regex(left()[0]!, /of host h2: give this daemon of host h1 a socket of its own$/);
  state.others = { a: "h3" };
  await pass(5_000);
  await until(() => left().length === 2, "turn");
  state.others = {};
  await pass(5_000);
  await until(() => told.includes("open a"), "turn");
  // A host that comes back is logged again.
  state.others = { a: "h3" };
  unlinkSync(doors.paths[0]!);
  await pass(500);
  await until(() => left().length === 3, "turn");
});

test("a daemon that acts no more looks at another host's place no more", async (t) => {
  const { doors, told, log, state, become, pass } = await opened(t, { role: "leader", others: { a: "h2" } });
  doors.follow();
  await until(() => log.length === 2, "turn");
  become("standby");
  state.others = {};
  await pass(5_000);
  t.deepEqual(told, ["load", HANDED_OVER]);
});

test("a daemon of the same host or of an unknown host loses its place to the acting daemon", async (t) => {
  const { doors, told, log } = await opened(t, {
    role: "leader",
    sockets: ["a", "b"],
    others: { a: "h1", b: undefined },
  });
  doors.follow();
  await until(() => told.includes("open b"), "turn");
  t.true(told.includes("open a"));
  t.deepEqual(log, ["info what this daemon does for its host"]);
});

test("a file that was removed or replaced is made again by the daemon that acts", async (t) => {
  const { doors, told, folder, names, pass } = await opened(t, { role: "leader" });
  doors.follow();
  await until(() => told.includes("begin a"), "turn");
  told.length = 0;
  await pass(500);
  t.deepEqual(told, []);
  unlinkSync(join(folder, "a"));
  await pass(500);
  await until(() => told.includes("open a"), "turn");
  t.deepEqual(told, ["close a", "close a.attach", "open a"]);
  t.deepEqual(names(), ["a", "a.attach"]);
});

test("a daemon that does not act leaves its place to the daemon that has taken it, and that one's file", async (t) => {
  const { doors, told, folder, names, state, pass } = await opened(t);
  doors.follow();
  await pass(500);
  t.deepEqual(told, ["open a"]);
  const path = join(folder, "a");
  writeFileSync(`${path}.new`, "another's");
  renameSync(`${path}.new`, path);
  state.others = { a: "h1" };
  await pass(500);
  await until(() => told.includes("close a.attach"), "turn");
  await doors.close();
  t.deepEqual([told, names()], [["open a", "close a", "close a.attach"], []]);
  t.is(readFileSync(path, "utf8"), "another's");
});

test("a daemon that acts no more, and whose place is lost while it reads the sessions, opens it again once", async (t) => {
  let give = () => {};
  const load = () => new Promise<void>((resolve) => (give = resolve));
  const { doors, told, folder, become, pass } = await opened(t, { role: "leader", load });
  doors.follow();
  await until(() => told.includes("load"), "turn");
  become("standby");
  unlinkSync(join(folder, "a"));
  for (let looks = 0; looks < 3; looks++) await pass(500);
  told.length = 0;
  give();
  await until(() => told.includes("open a"), "turn");
  await pass(0);
  t.deepEqual(told, ["close a", "close a.attach", "open a"]);
});

test("a daemon whose second socket cannot be opened leaves nothing of the first", async (t) => {
  const { opening, told, folder } = await place(t, { sockets: ["a", "b"], failing: "b" });
  await t.throwsAsync(opening, { code: "EACCES" });
  t.deepEqual(told, ["open a", "close a", "close a.attach"]);
  t.false(existsSync(join(folder, "a")));
});

test("a daemon whose socket cannot be opened when it begins to act says so, and tries again at the next look", async (t) => {
  const world: World = { sockets: ["a", "b"], others: { b: "h1" }, failing: "b", role: "leader" };
  const { doors, told, log, fields, folder, pass } = await opened(t, world);
  doors.follow();
  await until(() => log.includes("error a socket could not be opened"), "turn");
  t.like(fields.at(-1), { err: { code: "EACCES" } });
  delete world.failing;
  unlinkSync(join(folder, "a"));
  await pass(500);
  await until(() => told.includes("open b"), "turn");
  t.deepEqual(told, ["open a", "load", "close a", "close a.attach", "open a", "open b"]);
});

test("a daemon that starts has three seconds to reach etcd before its log says that it is cut off", async (t) => {
  const text = /^warn cut off: etcd at etcd:1 does not answer/;
  const late = await opened(t, { role: "cut-off" });
  late.doors.follow();
  await late.pass(2_999);
  t.deepEqual(late.log, []);
  await late.pass(1);
  t.regex(late.log.join(), text);
  t.deepEqual(late.fields, [{ role: "cut-off", host: "h1", daemon: "one" }]);
  await late.doors.close();
  mock.timers.reset();
  const early = await opened(t, { role: "cut-off" });
  early.doors.follow();
  early.become("standby");
  await early.pass(3_000);
  t.deepEqual(early.log, ["info what this daemon does for its host"]);
  // It has been there.
  early.become("cut-off");
  t.regex(early.log[1]!, text);
  await early.doors.close();
  mock.timers.reset();
  const closed = await opened(t, { role: "cut-off" });
  closed.doors.follow();
  await closed.doors.close();
  await closed.pass(3_000);
  t.deepEqual(closed.log, []);
});

test("a daemon that has ended looks at its files no more", async (t) => {
  const { doors } = await opened(t);
  const { setInterval: set, clearInterval: clear } = globalThis;
  const running = new Set<unknown>();
  Object.assign(globalThis, {
    setInterval: (...how: Parameters<typeof set>) => {
      const timer = set(...how);
      running.add(timer);
      return timer;
    },
    clearInterval: (timer: NodeJS.Timeout) => {
      running.delete(timer);
      clear(timer);
    },
  });
  t.teardown(() => Object.assign(globalThis, { setInterval: set, clearInterval: clear }));
  doors.follow();
  t.is(running.size, 1);
  await doors.close();
  t.is(running.size, 0);
});

test("a socket for descriptors that another daemon has is left to it, said once, and taken when that one has gone", async (t) => {
  const { doors, names, log, state, pass } = await opened(t, { role: "leader", others: { "a.attach": undefined } });
  doors.follow();
  const said = () =>
    log.filter((text) => /a\.attach is another daemon's, so this one does not listen at .*a:/.test(text));
  t.is(said().length, 1);
  await pass(0);
  await pass(5_000);
  t.deepEqual(names(), []);
  t.is(said().length, 1);
  state.others = {};
  await pass(5_000);
  await until(() => names().length > 0, "turn");
  t.deepEqual(names(), ["a", "a.attach"]);
});
