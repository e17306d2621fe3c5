// The sessions of CNFs in the daemon: streams that replace each other, punts that are bound to them, and the sessions of an earlier daemon.
import test, { type ExecutionContext } from "ava";
import type { SessionMemory, StoredSession } from "../../lib/daemon/session-memory.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { PuntError } from "../../lib/errors.js";
import { type PuntId, RETURN_TIME_MS } from "../../lib/punt/index.js";

const punt = (cnf: string, key = ""): PuntId => ({ cnf, key, label: "" });
const HOUR = 3_600_000;

function sessionsOf(t: ExecutionContext, more: { memory?: SessionMemory; failing?: PuntError } = {}) {
  const deleted: string[] = [];
  const problems: unknown[] = [];
  const sessions = new Sessions({
    memory: more.memory,
    async delete({ cnf, key }) {
      deleted.push(cnf + key);
      if (more.failing) throw more.failing;
    },
    problem: (error) => void problems.push(error),
  });
  t.teardown(() => sessions.close());
  const open = (cnf: string, graceMs = 0, id = "") => {
    const opened = sessions.open(cnf, graceMs, id);
    const ending = opened.ended.catch((error: PuntError) => error);
    return { ...opened, ending };
  };
  return { sessions, deleted, problems, open };
}

/** Gives timers of 0 ms, and what follows from them, their turns. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("the punts of a session are deleted once its stream is closed and the grace period is over", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const { id, close } = open("a");
  for (const key of ["1", "2"]) sessions.bind(id, punt("a", key));
  sessions.bind(id, punt("a", "kept"));
  sessions.unbind(punt("a", "kept"));
  sessions.unbind(punt("a", "unknown"));
  await turns();
  t.deepEqual(deleted, []);
  close();
  await turns();
  t.deepEqual(deleted, ["a1", "a2"]);
  t.throws(() => sessions.bind(id, punt("a")), { code: "ERR_NO_SUCH_SESSION" });
});

test("of a CNF's sessions without punts, the last one alone is kept", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const [empty, other, bound] = [open("a", HOUR), open("b", HOUR), open("a", HOUR)];
  sessions.bind(bound.id, punt("a"));
  const last = open("a", HOUR);
  t.throws(() => sessions.bind(empty.id, punt("a", "1")), { code: "ERR_NO_SUCH_SESSION" });
  for (const { close } of [empty, other, bound, last]) close();
  await turns();
  for (const [{ id }, cnf] of [
    [bound, "a"],
    [last, "a"],
    [other, "b"],
  ] as const)
    sessions.bind(id, punt(cnf, id));
  t.deepEqual(deleted, []);
});

test("of sessions without streams and punts, a thousand are kept, and those with a stream or a punt stay", async (t) => {
  const { sessions, open } = sessionsOf(t);
  const ids = Array.from({ length: 1_003 }, (_, index) => {
    const { id, close } = open(`c${index}`, HOUR);
    if (index === 1) sessions.bind(id, punt("c1"));
    close();
    return id;
  });
  const streaming = open("c2", HOUR, ids[2]);
  for (const more of ["x", "y"]) open(more, HOUR).close();
  t.throws(() => sessions.bind(ids[0]!, punt("c0", "late")), { code: "ERR_NO_SUCH_SESSION" });
  t.throws(() => sessions.bind(ids[3]!, punt("c3", "late")), { code: "ERR_NO_SUCH_SESSION" });
  for (const index of [1, 2, 5, 1_002]) sessions.bind(ids[index]!, punt(`c${index}`, "late"));
  t.is(open("c0", HOUR, ids[0]).id, ids[0], "a program has its session again");
  streaming.close();
});

test("a program that comes back within the grace period keeps its punts", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const first = open("a", HOUR);
  sessions.bind(first.id, punt("a"));
  first.close();
  await turns();
  const second = open("a", 0, first.id);
  t.is(second.id, first.id);
  await turns();
  t.deepEqual(deleted, []);
  second.close();
  await turns();
  t.deepEqual(deleted, ["a"]);
});

test("a grace period of nothing is over only after the return of its program", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const first = open("a", 0);
  sessions.bind(first.id, punt("a"));
  first.close();
  open("a", 0, first.id);
  await turns();
  t.deepEqual(deleted, []);
});

test("a later stream of a CNF ends the earlier one, and no other CNF's", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const [other, first] = [open("b"), open("a")];
  sessions.bind(first.id, punt("a"));
  const second = open("a", 0, first.id);
  const error = (await first.ending) as PuntError;
  t.is(error.message, "punt.session: another program opened a session of CNF a");
  t.like(error, { op: "punt.session", code: "ERR_REPLACED", details: { cnf: "a" } });
  first.close();
  await turns();
  t.deepEqual(deleted, [], "the session is open");
  const third = open("a");
  t.not(third.id, first.id);
  t.like(await second.ending, { code: "ERR_REPLACED" });
  second.close();
  await turns();
  t.deepEqual(deleted, ["a"], "the earlier session has ended");
  const isOpen = Symbol("open");
  t.is(await Promise.race([other.ending, third.ending, turns().then(() => isOpen)]), isOpen);
});

test("a session is its CNF's", async (t) => {
  const { sessions, open } = sessionsOf(t);
  const { id } = open("a");
  const message = `punt.session: the CNF has no session ${id}`;
  const expected = { code: "ERR_NO_SUCH_SESSION", message };
  t.like(
    t.throws<PuntError>(() => sessions.open("b", 0, id), expected),
    { details: { session: id }, op: "punt.session" },
  );
  t.throws(() => sessions.bind(id, punt("b")), expected);
  t.throws(() => sessions.bind("none", punt("a")), { code: "ERR_NO_SUCH_SESSION" });
  t.is(open("b", 0, "of an earlier daemon").id, "of an earlier daemon");
});

test("a punt that another session takes over ends with that one", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const first = open("a");
  sessions.bind(first.id, punt("a"));
  const second = open("a", HOUR);
  sessions.bind(second.id, punt("a"));
  await first.ending;
  first.close();
  await turns();
  t.deepEqual(deleted, []);
});

test("a deletion that finds no punt, or that VPP refuses, is not tried again", async (t) => {
  const errors = [
    new PuntError("punt.delete", "ERR_NO_SUCH_PUNT", "gone"),
    new PuntError("punt.reconcile", "X", "VPP"),
  ];
  for (const failing of errors) {
    const { sessions, deleted, problems, open } = sessionsOf(t, { failing });
    const { id, close } = open("a");
    sessions.bind(id, punt("a"));
    close();
    await turns();
    t.deepEqual(deleted, ["a"]);
    t.deepEqual(problems, [failing]);
    t.throws(() => sessions.bind(id, punt("a")), { code: "ERR_NO_SUCH_SESSION" });
  }
});

test("a daemon that stops ends the streams, and deletes nothing", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const [first, lost] = [open("a"), open("b")];
  for (const [{ id }, cnf] of [
    [first, "a"],
    [lost, "b"],
  ] as const)
    sessions.bind(id, punt(cnf));
  lost.close();
  await sessions.close();
  const error = (await first.ending) as PuntError;
  t.like(error, { op: "punt.session", code: "ERR_CLOSED", message: "punt.session: the daemon is stopping" });
  first.close();
  await turns();
  t.deepEqual(deleted, []);
});

test("a daemon that another one relieves ends the streams with the reason, and forgets the sessions", async (t) => {
  const { sessions, deleted, open } = sessionsOf(t);
  const [first, lost] = [open("a"), open("b")];
  sessions.bind(first.id, punt("a"));
  sessions.bind(lost.id, punt("b"));
  lost.close();
  const reason = new PuntError("punt.session", "ERR_NOT_LEADER", "another daemon acts");
  sessions.handOver(reason);
  t.is(await first.ending, reason);
  first.close();
  await turns();
  t.deepEqual(deleted, []);
  t.throws(() => sessions.bind(first.id, punt("a")), { code: "ERR_NO_SUCH_SESSION" });
});

/** Records each list of sessions that is saved. */
function memoryOf(stored?: StoredSession[]) {
  const saved: unknown[] = [];
  return { saved, load: async () => stored, save: async (sessions: unknown) => void saved.push(sessions) };
}

test("sessions with punts are kept, in one write for the changes of a moment", async (t) => {
  const memory = memoryOf();
  const { sessions, open } = sessionsOf(t, { memory });
  const first = open("a", 5);
  open("b", 6);
  for (const key of ["1", "2", "3"]) sessions.bind(first.id, punt("a", key));
  sessions.unbind(punt("a", "2"));
  await sessions.saved();
  const kept = { id: first.id, cnf: "a", graceMs: 5, punts: [punt("a", "1"), punt("a", "3")] };
  t.deepEqual(memory.saved, [[kept]]);
  for (const key of ["1", "3"]) sessions.unbind(punt("a", key));
  await sessions.saved();
  t.deepEqual(memory.saved, [[kept], []]);
});

test("the end of a session is kept", async (t) => {
  const memory = memoryOf();
  const { sessions, open } = sessionsOf(t, { memory });
  const { id, close } = open("a");
  sessions.bind(id, punt("a"));
  await sessions.saved();
  close();
  await turns();
  t.deepEqual(memory.saved.at(-1), []);
});

/** Loads, and returns the times that the sessions' timers wait. */
async function loaded(sessions: Sessions): Promise<number[]> {
  const waits: number[] = [];
  const real = globalThis.setTimeout;
  globalThis.setTimeout = ((_: () => void, wait: number) => {
    waits.push(wait);
    return real(() => {}, HOUR);
  }) as never;
  try {
    await sessions.load();
  } finally {
    globalThis.setTimeout = real;
  }
  return waits;
}

test.serial(
  "programs of an earlier daemon's sessions have the grace period to come back, and time enough for it",
  async (t) => {
    const stored = [
      { id: "1", cnf: "a", graceMs: 0, punts: [punt("a")] },
      { id: "2", cnf: "b", graceMs: HOUR, punts: [punt("b"), punt("b", "x")] },
    ];
    const { sessions, deleted, open } = sessionsOf(t, { memory: memoryOf(stored) });
    t.deepEqual(await loaded(sessions), [RETURN_TIME_MS, HOUR]);
    const back = open("b", 0, "2");
    back.close();
    await turns();
    t.deepEqual(deleted, ["b", "bx"]);
  },
);

test("a session whose stream is open is not loaded over", async (t) => {
  const stored = [{ id: "1", cnf: "a", graceMs: 0, punts: [punt("a", "old")] }];
  const { sessions, deleted, open } = sessionsOf(t, { memory: memoryOf(stored) });
  const first = open("a", 0, "1");
  sessions.bind("1", punt("a", "new"));
  await sessions.load();
  first.close();
  await turns();
  t.deepEqual(deleted, ["anew"]);
});

test.serial("sessions that are loaded again keep their time", async (t) => {
  const stored = [{ id: "1", cnf: "a", graceMs: 0, punts: [punt("a")] }];
  const { sessions } = sessionsOf(t, { memory: memoryOf(stored) });
  t.deepEqual(await loaded(sessions), [RETURN_TIME_MS]);
  t.deepEqual(await loaded(sessions), []);
});

test("a punt that a session has taken over is not given back to the stored one", async (t) => {
  const memory = memoryOf([{ id: "1", cnf: "a", graceMs: HOUR, punts: [punt("a", "1"), punt("a", "2")] }]);
  const { sessions, open } = sessionsOf(t, { memory });
  const { id } = open("a", 0);
  sessions.bind(id, punt("a", "1"));
  await sessions.load();
  sessions.unbind(punt("a", "none"));
  sessions.bind(id, punt("a", "3"));
  await sessions.saved();
  t.deepEqual(memory.saved.at(-1), [
    { id, cnf: "a", graceMs: 0, punts: [punt("a", "1"), punt("a", "3")] },
    { id: "1", cnf: "a", graceMs: HOUR, punts: [punt("a", "2")] },
  ]);
});

test("nothing is saved over sessions that cannot be read, until they can", async (t) => {
  const error = new PuntError("cluster.read", "ERR_ETCD_CONTENT", "sessions in etcd has a bad value");
  const good = memoryOf([{ id: "1", cnf: "b", graceMs: HOUR, punts: [punt("b")] }]);
  let isBad = true;
  const memory = { ...good, load: () => (isBad ? Promise.reject(error) : good.load()) };
  const { sessions, open } = sessionsOf(t, { memory });
  const { id } = open("a");
  await t.throwsAsync(sessions.load(), { is: error });
  await t.throwsAsync(sessions.ready(), { is: error });
  sessions.bind(id, punt("a"));
  await sessions.saved();
  t.deepEqual(memory.saved, []);
  isBad = false;
  await sessions.ready();
  await sessions.saved();
  t.deepEqual(
    (memory.saved as StoredSession[][]).map((list) => list.map(({ cnf }) => cnf)),
    [["a", "b"]],
  );
  isBad = true;
  await sessions.ready();
});

test("sessions that are taken up are not written again, also where those of an earlier time were not written", async (t) => {
  const memory = memoryOf([{ id: "1", cnf: "b", graceMs: HOUR, punts: [punt("b")] }]);
  const first = sessionsOf(t, { memory });
  await first.sessions.load();
  await first.sessions.saved();
  t.deepEqual(memory.saved, []);
  let isBad = true;
  const load = () => (isBad ? Promise.reject(new Error("bad")) : memory.load());
  const { sessions, open } = sessionsOf(t, { memory: { ...memory, load } });
  const { id } = open("a");
  await t.throwsAsync(sessions.load());
  sessions.bind(id, punt("a"));
  sessions.handOver(new PuntError("punt.session", "ERR_CLOSED", "another daemon acts"));
  isBad = false;
  await sessions.load();
  await sessions.saved();
  t.deepEqual(memory.saved, []);
});

test("a daemon that relieves itself again takes up the punts of its own sessions", async (t) => {
  const stored = [{ id: "1", cnf: "a", graceMs: 0, punts: [punt("a", "1"), punt("a", "2")] }];
  const { sessions, deleted, open } = sessionsOf(t, { memory: memoryOf(stored) });
  await sessions.load();
  sessions.handOver(new PuntError("punt.session", "ERR_CLOSED", "another daemon acts"));
  await sessions.load();
  open("a", 0, "1").close();
  await turns();
  t.deepEqual(deleted, ["a1", "a2"]);
});

test("the end of the daemon waits until its sessions are kept", async (t) => {
  let isKept = false;
  const save = async () => {
    await turns();
    isKept = true;
  };
  const { sessions, open } = sessionsOf(t, { memory: { ...memoryOf(), save } });
  sessions.bind(open("a").id, punt("a"));
  await sessions.close();
  t.true(isKept);
});

test("a daemon that acts no more has nothing to read", async (t) => {
  const memory = { ...memoryOf(), load: () => Promise.reject(new Error("bad")) };
  const { sessions } = sessionsOf(t, { memory });
  await t.throwsAsync(sessions.load());
  sessions.handOver(new PuntError("punt.session", "ERR_CLOSED", "another daemon acts"));
  await t.notThrowsAsync(sessions.ready());
});

test("a daemon without a memory, or with an empty one, starts without sessions", async (t) => {
  await t.notThrowsAsync(sessionsOf(t).sessions.load());
  await t.notThrowsAsync(sessionsOf(t, { memory: memoryOf() }).sessions.load());
});
