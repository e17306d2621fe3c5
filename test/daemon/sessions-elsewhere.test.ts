// Sessions that another daemon of the host has: this one opens none, and ends none.
import { mock } from "node:test";
import test from "ava";
import { lastingIn } from "../../lib/daemon/opened.js";
import { bound } from "../../lib/daemon/service/bound.js";
import type { SessionMemory, StoredSession } from "../../lib/daemon/session-memory.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { PuntError } from "../../lib/errors.js";
import type { PuntId } from "../../lib/punt/index.js";

const punt: PuntId = { cnf: "cnf1", key: "item", label: "SPAN" };
const STORED = [{ id: "s1", cnf: "cnf1", graceMs: 0, punts: [punt] }];
const CLOSED = new PuntError("punt.session", "ERR_CLOSED", "another daemon acts");

/** Returns the sessions of a daemon in a cluster. `load` reads what `stored` returns. */
function sessionsOf(stored: SessionMemory["load"], save: SessionMemory["save"] = async () => {}) {
  const deleted: PuntId[] = [];
  const sessions = new Sessions({
    memory: { load: stored, save },
    delete: async (id) => void deleted.push(id),
    problem: () => {},
    elsewhere: () => new PuntError("punt.session", "ERR_NOT_LEADER", "the other one acts"),
  });
  return { sessions, deleted };
}

test("a daemon opens sessions from the moment at which it has taken them up until it hands them over", async (t) => {
  const { sessions } = sessionsOf(async () => undefined);
  const open = () => sessions.open("cnf1", 0, "s1");
  t.throws(open, { code: "ERR_NOT_LEADER", message: /the other one acts/ });
  await sessions.load();
  const { id, ended } = open();
  t.is(id, "s1");
  sessions.handOver(CLOSED);
  await t.throwsAsync(ended, { code: "ERR_CLOSED" });
  t.throws(open, { code: "ERR_NOT_LEADER" });
  await sessions.close();
});

test("a punt is not passed on once another daemon has the sessions: they may lack the punt, which would stay for good", async (t) => {
  let refuse = () => {};
  const save = () => new Promise<void>((_, reject) => (refuse = () => reject(CLOSED)));
  const { sessions } = sessionsOf(async () => undefined, save);
  await sessions.load();
  const { id, ended } = sessions.open("cnf1", 0, "s1");
  ended.catch(() => {});
  const parts = { punts: { get: async () => undefined }, sessions } as never;
  const scope = { op: "punt.add", host: undefined } as never;
  let isAsked = false;
  const adding = bound(parts, scope, [punt as never], id, async () => {
    isAsked = true;
  });
  await new Promise(setImmediate);
  sessions.handOver(CLOSED);
  refuse();
  await t.throwsAsync(adding, { code: "ERR_NOT_LEADER" });
  t.false(isAsked);
  await sessions.close();
});

test("a change by way of etcd that comes first takes up the sessions, once, if this daemon acts: the punt leaves its session", async (t) => {
  for (const acts of [true, false]) {
    let loads = 0;
    const { sessions, deleted } = sessionsOf(async () => {
      loads++;
      return STORED;
    });
    const changes = { add: async () => {}, delete: async () => {}, apply: async () => ({ deleted: [] }) };
    const lasting = lastingIn({ acts, get: async () => undefined } as never, () => sessions, changes as never);
    const request = { ...punt, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
    for (let turn = 0; turn < 2; turn++) await lasting.apply({ punts: [request] }, { keep: true });
    t.is(loads, acts ? 1 : 0);
    t.is(sessions.unbind(punt), undefined);
    t.deepEqual(deleted, []);
    await sessions.close();
  }
});

test("a memory that cannot be read does not hold up a change by way of etcd, and no session is known yet", async (t) => {
  const { sessions } = sessionsOf(() => Promise.reject(CLOSED));
  await t.notThrowsAsync(sessions.takeUp());
  t.throws(() => sessions.open("cnf1", 0, "s1"), { code: "ERR_NOT_LEADER" });
  await t.throwsAsync(sessions.ready(), { is: CLOSED });
  await sessions.close();
});

/** Lets the time pass that CNFs have to come to a daemon that takes over. */
async function takeoverPasses(): Promise<void> {
  mock.timers.tick(20_000);
  await new Promise(setImmediate);
}

test.serial("sessions that were read while another daemon took them are not ended here", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.teardown(() => mock.timers.reset());
  let give = (_: StoredSession[]) => {};
  const stored = new Promise<StoredSession[]>((resolve) => (give = resolve));
  const { sessions, deleted } = sessionsOf(() => stored);
  const loading = sessions.load();
  sessions.handOver(CLOSED);
  give(STORED);
  await loading;
  t.throws(() => sessions.open("cnf1", 0, "s1"), { code: "ERR_NOT_LEADER" });
  await takeoverPasses();
  t.deepEqual(deleted, []);
  await sessions.close();
});

test.serial(
  "a CNF that does not notice for 15 s that its daemon is stopped keeps its punts; a CNF that never comes loses them",
  async (t) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    t.teardown(() => mock.timers.reset());
    const { sessions, deleted } = sessionsOf(async () => STORED);
    await sessions.load();
    mock.timers.tick(19_000);
    const { close, ended } = sessions.open("cnf1", 0, "s1");
    ended.catch(() => {});
    await takeoverPasses();
    t.deepEqual(deleted, []);
    close();
    await takeoverPasses();
    t.deepEqual(deleted, [punt]);
    await sessions.close();
  },
);
