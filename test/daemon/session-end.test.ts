// The end of a session whose punts cannot be deleted at once: the store has no room, or etcd is away.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";
import test, { type ExecutionContext } from "ava";
import { bound } from "../../lib/daemon/service/bound.js";
import type { SessionMemory } from "../../lib/daemon/session-memory.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { PuntError } from "../../lib/errors.js";
import type { PuntId } from "../../lib/punt/index.js";
import { daemonTest, ROOT } from "../support/daemon/daemon.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const punt: PuntId = { cnf: "cnf1", key: "item", label: "SPAN" };

/** Returns sessions whose first deletion fails when `until` resolves. */
function sessionsFailing(error: PuntError, until: Promise<void> = Promise.resolve(), memory?: SessionMemory) {
  const tries: PuntId[] = [];
  let deleted = () => {};
  const isDeleted = new Promise<void>((resolve) => (deleted = resolve));
  const problems: unknown[] = [];
  const sessions = new Sessions({
    memory,
    delete: async (id) => {
      tries.push(id);
      if (tries.length === 1) await until.then(() => Promise.reject(error));
      deleted();
    },
    problem: (each) => problems.push(each),
  });
  return { sessions, tries, isDeleted, problems };
}

test("a punt that could not be deleted at the end of its session is deleted later", async (t) => {
  const full = new PuntError("punt.delete", "ENOSPC", "the disk is full");
  const { sessions, tries, isDeleted, problems } = sessionsFailing(full);
  const { id, ended, close } = sessions.open("cnf1", 0, "");
  ended.catch(() => {});
  sessions.bind(id, punt);
  close();
  // The timers of sessions keep no program alive.
  const alive = setInterval(() => {}, 1_000);
  await isDeleted;
  clearInterval(alive);
  t.deepEqual(tries, [punt, punt]);
  t.deepEqual(problems, [full]);
  await sessions.close();
});

test("a punt that another daemon has to delete by then is left to it", async (t) => {
  let fail = () => {};
  const failing = new Promise<void>((resolve) => (fail = resolve));
  const lost = new PuntError("punt.delete", "ERR_NOT_LEADER", "it does not lead");
  const { sessions, tries, problems } = sessionsFailing(lost, failing);
  const { id, ended, close } = sessions.open("cnf1", 0, "");
  ended.catch(() => {});
  sessions.bind(id, punt);
  close();
  while (tries.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  sessions.handOver(new PuntError("punt.session", "ERR_CLOSED", "another daemon acts"));
  fail();
  while (problems.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 1));
  t.throws(() => sessions.bind(id, punt), { code: "ERR_NO_SUCH_SESSION" });
  await sessions.close();
});

/** A session of which a deletion is under way, by a clock of the test's. `fail` ends that deletion, and `pass` lets a second pass. */
async function endingSession(t: ExecutionContext) {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.teardown(() => mock.timers.reset());
  let fail = () => {};
  const failing = new Promise<void>((resolve) => (fail = resolve));
  const memory = memoryWith();
  const tried = sessionsFailing(new PuntError("punt.delete", "ENOSPC", "the disk is full"), failing, memory);
  const { sessions, tries } = tried;
  const { id, ended, close } = sessions.open("cnf1", 0, "");
  ended.catch(() => {});
  sessions.bind(id, punt);
  await sessions.saved();
  close();
  const pass = async (ms = 1_000) => {
    mock.timers.tick(ms);
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  };
  await pass(0);
  t.is(tries.length, 1);
  const open = (by = "") => {
    const opened = sessions.open("cnf1", 0, by);
    opened.ended.catch(() => {});
    return opened;
  };
  return { sessions, id, memory, tries, fail, pass, open };
}

test.serial("a program that comes back while its punt is being deleted keeps a punt that could not be", async (t) => {
  const { id, tries, fail, pass, open } = await endingSession(t);
  const again = open(id);
  fail();
  await pass();
  await pass();
  t.is(tries.length, 1);
  again.close();
  await pass(0);
  t.is(tries.length, 2);
});

test.serial("a punt that could not be deleted, and is another session's by then, is left to that one", async (t) => {
  const { sessions, tries, fail, pass, open } = await endingSession(t);
  sessions.bind(open().id, punt);
  fail();
  await pass();
  await pass();
  t.is(tries.length, 1);
});

test.serial(
  "a daemon that stops keeps the session of a punt that could not be deleted, for its next life",
  async (t) => {
    const { sessions, id, memory, tries, fail, pass } = await endingSession(t);
    await sessions.close();
    fail();
    await pass();
    await pass();
    t.is(tries.length, 1);
    t.deepEqual(memory.kept.at(-1), [{ id, cnf: "cnf1", graceMs: 0, punts: [punt] }]);
  },
);

/** Keeps sessions in memory; `save` does what the next of `saves` does. */
function memoryWith(...saves: (() => Promise<void>)[]) {
  const kept: unknown[] = [];
  return {
    kept,
    load: async () => undefined,
    save: async (sessions: unknown) => {
      await saves.shift()?.();
      kept.push(sessions);
    },
  };
}

test("a punt is asked for once its session is kept: a daemon that dies in between leaves none behind", async (t) => {
  let keep = () => {};
  const memory = memoryWith(() => new Promise((resolve) => (keep = resolve)));
  const sessions = new Sessions({ memory, delete: async () => {}, problem: (error) => t.fail(`${error}`) });
  const { id, ended } = sessions.open("cnf1", 0, "");
  ended.catch(() => {});
  const request = { cnf: "cnf1", key: "item", type: "SPAN" } as never;
  const parts = { punts: { get: async () => undefined }, sessions } as never;
  const asked = bound(parts, { op: "punt.add", host: undefined } as never, [request], id, async () => memory.kept);
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(memory.kept, []);
  keep();
  const [saved] = (await asked) as { id: string; punts: PuntId[] }[][];
  t.deepEqual(
    saved!.map((session) => [session.id, session.punts.length]),
    [[id, 1]],
  );
  await sessions.close();
});

test("sessions that could not be kept are kept later", async (t) => {
  const full = new Error("the disk is full");
  const memory = memoryWith(() => Promise.reject(full));
  const problems: unknown[] = [];
  const sessions = new Sessions({ memory, delete: async () => {}, problem: (error) => problems.push(error) });
  const { id, ended } = sessions.open("cnf1", 0, "");
  ended.catch(() => {});
  sessions.bind(id, punt);
  await sessions.saved();
  t.deepEqual([problems, memory.kept], [[full], []]);
  // The timers of sessions keep no program alive.
  const alive = setInterval(() => {}, 1_000);
  while (memory.kept.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  clearInterval(alive);
  t.deepEqual(memory.kept, [[{ id, cnf: "cnf1", graceMs: 0, punts: [punt] }]]);
  await sessions.close();
});

test("sessions that could not be kept, and are another daemon's by then, are not kept again", async (t) => {
  const writes: string[] = [];
  const refuse = async () => {
    writes.push("refused");
    throw new PuntError("store.save", "ERR_NOT_LEADER", "it does not lead");
  };
  const memory = memoryWith(refuse, refuse, refuse);
  const sessions = new Sessions({ memory, delete: async () => {}, problem: () => {} });
  const { id, ended } = sessions.open("cnf1", 0, "");
  ended.catch(() => {});
  sessions.bind(id, punt);
  await sessions.saved();
  sessions.handOver(new PuntError("punt.session", "ERR_CLOSED", "another daemon acts"));
  // The next try would come after a second.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  t.deepEqual([writes, memory.kept], [["refused"], []]);
  await sessions.close();
});

test("the audit log says that a session's end has deleted a punt", async (t) => {
  const audit = join(socketFolder(t), "audit.log");
  const { connect } = await daemonTest(t, { audit });
  const program = await connect(ROOT, { session: { cnf: "fw", grace: 0 } });
  const { id } = await program.add({ cnf: "fw", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
  await program.close();
  const entries = () =>
    readFileSync(audit, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ call }) => call === "Delete");
  while (entries().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const [{ time: _, ...entry }] = entries();
  const caller = "the session of CNF fw, which has ended";
  t.deepEqual(entry, { caller, call: "Delete", punts: [id], decision: "allowed" });
});

test("a program that is back while its punt is being deleted is given it again afterwards", async (t) => {
  const order: string[] = [];
  let finish = () => {};
  const sessions = new Sessions({
    memory: undefined,
    delete: async () => {
      order.push("deletion begins");
      await new Promise<void>((resolve) => (finish = resolve));
      order.push("deleted");
    },
    problem: () => {},
  });
  const first = sessions.open("cnf1", 0, "");
  first.ended.catch(() => {});
  sessions.bind(first.id, punt);
  first.close();
  while (order.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const again = sessions.open("cnf1", 0, first.id);
  again.ended.catch(() => {});
  sessions.bind(again.id, punt);
  const asked = sessions.asking([punt], async () => void order.push("asked for"));
  await new Promise(setImmediate);
  t.deepEqual(order, ["deletion begins"]);
  finish();
  await asked;
  t.deepEqual(order, ["deletion begins", "deleted", "asked for"]);
  await sessions.close();
});
