// The life of a punt over a manager that the test plays: asking, following, and what is held back.
import test from "ava";
import type { PuntRequestInput, PuntStatus } from "../../lib/punt/index.js";
import {
  change,
  failure,
  ID,
  type Played,
  playedLife,
  requestFor,
  settled,
  snapshot,
  statusOf,
} from "../support/module/life.js";

/** Returns the states that came to the program, in short. */
const told = ({ statuses }: Played) => statuses.map(({ status, isNew }) => [status.state, isNew]);

/** A session whose losses the test counts. */
function sessionOf() {
  const listeners: (() => void)[] = [];
  const session = { losses: 0, onReopened: (listener: () => void) => void listeners.push(listener) };
  const reopen = () => {
    for (const listener of listeners) listener();
    return settled();
  };
  return { session, reopen };
}

test("a program asks once, follows its CNF, and gets what the watch reports", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  t.deepEqual(played.calls, ["add eth0"]);
  t.deepEqual(played.watched, [{ cnf: "a" }]);
  t.deepEqual(told(played), []);
  await played.say(change(statusOf("PENDING")), change(statusOf("DEGRADED")), change(statusOf("CREATED")));
  t.deepEqual(told(played), [
    ["PENDING", false],
    ["DEGRADED", true],
    ["CREATED", true],
  ]);
  t.deepEqual([...new Set(played.away)], [undefined]);
  t.deepEqual(played.fatal, []);
});

test("the request goes out with the facts that only this process knows", async (t) => {
  const asked: PuntRequestInput[] = [];
  const { life, played } = playedLife(t, { complete: async (request) => ({ ...request, annotations: { a: "b" } }) });
  played.add = async (request) => {
    asked.push(request);
    return statusOf("CREATED");
  };
  await life.begin();
  t.deepEqual(asked, [{ ...requestFor(), annotations: { a: "b" } }]);
});

test("a request that the manager had accepted is repeated until its disk has room", async (t) => {
  const { session, reopen } = sessionOf();
  const { life, played } = playedLife(t, { session });
  await life.begin();
  let attempts = 0;
  played.add = async () => (++attempts < 3 ? Promise.reject(failure("ENOSPC")) : statusOf("CREATED"));
  session.losses = 1;
  await reopen();
  while (attempts < 3) await settled();
  t.deepEqual(played.fatal, []);
});

test("a request that the manager had accepted is repeated until this process has descriptors again", async (t) => {
  const { session, reopen } = sessionOf();
  let attempts = 0;
  const complete = (request: PuntRequestInput) =>
    ++attempts === 2 ? Promise.reject(failure("EMFILE")) : Promise.resolve(request);
  const { life, played } = playedLife(t, { session, complete });
  await life.begin();
  session.losses = 1;
  await reopen();
  while (attempts < 3) await settled();
  t.deepEqual(played.fatal, []);
});

test("a full disk refuses the first request", async (t) => {
  const { life, played } = playedLife(t);
  played.add = async () => Promise.reject(failure("ENOSPC"));
  await t.throwsAsync(life.begin(), { code: "ENOSPC" });
});

test("a punt that is there with another request is changed", async (t) => {
  const { life, played } = playedLife(t);
  played.add = async () => Promise.reject(failure("ERR_PUNT_EXISTS"));
  await life.begin();
  t.deepEqual(played.calls, ["add eth0", "change eth0"]);
  t.deepEqual(played.fatal, []);
});

test("a change that VPP refuses is taken, and a change that the manager refuses is the end", async (t) => {
  for (const [error, fatal] of [
    [failure("ERR_VPP", "punt.reconcile"), []],
    [failure("ERR_CONFLICT"), ["ERR_CONFLICT"]],
  ] as const) {
    const { life, played } = playedLife(t);
    played.add = async () => Promise.reject(failure("ERR_PUNT_EXISTS"));
    played.change = async () => Promise.reject(error);
    await life.begin().catch(() => {});
    t.deepEqual(
      played.fatal.map(({ code }) => code),
      fatal,
    );
    life.end();
  }
});

for (const code of [
  ...["ERR_DISCONNECTED", "ERR_CLOSED", "ERR_UNRESOLVED", "ERR_DAEMON", "ETIMEDOUT", "ECANCELED"],
  ...["ERR_ETCD_AWAY", "ERR_ETCD_HISTORY", "ERR_NOT_LEADER", "ERR_CHANGED_ELSEWHERE", "ERR_NO_SUCH_SESSION"],
])
  test(`a request that ends with ${code} and a watch that does are tried again`, async (t) => {
    const { life, played } = playedLife(t);
    let attempts = 0;
    const isTaken = new Promise<void>((resolve) => {
      played.add = async () => {
        if (attempts++ === 0) throw failure(code);
        resolve();
        return statusOf("CREATED");
      };
    });
    await life.begin();
    t.is(attempts, 1);
    await isTaken;
    const cause = failure(code, "punt.watch");
    await played.say(cause);
    t.is(played.away.at(-1), cause);
    while (played.watched.length < 2) await settled();
    await played.say(snapshot([statusOf("CREATED")]));
    t.is(played.away.at(-1), undefined);
    t.deepEqual(told(played), [["CREATED", true]]);
    t.deepEqual(played.fatal, []);
  });

test("a watcher that was too slow begins again, and so does a watcher whose watch has ended", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  const slow = failure("ERR_SLOW_WATCHER", "punt.watch");
  await played.say(slow);
  t.deepEqual(played.away, [slow]);
  while (played.watched.length < 2) await settled();
  await played.say("end");
  while (played.watched.length < 3) await settled();
  t.deepEqual(played.away, [slow]);
  t.deepEqual(played.fatal, []);
});

test("another error of the watch is the end, and no call follows it", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  const cause = failure("ERR_POLICY", "punt.watch");
  await played.say(cause, snapshot([]));
  t.deepEqual(played.fatal, [cause]);
  t.deepEqual(played.away, []);
  t.deepEqual(played.calls, ["add eth0"]);
  t.is(played.watched.length, 1);
});

test("a request that cannot be taken is the end", async (t) => {
  const { life, played } = playedLife(t);
  const conflict = failure("ERR_CONFLICT");
  played.add = async () => Promise.reject(conflict);
  const error = await t.throwsAsync(life.begin());
  t.is(error, conflict);
  t.deepEqual(played.fatal, [conflict]);
  await played.say(snapshot([]));
  t.deepEqual(played.calls, ["add eth0"]);
});

test("a fault of this program is ERR_INTERNAL, with its cause", async (t) => {
  const { life, played } = playedLife(t);
  const fault = new TypeError("x is not a function");
  played.add = async () => Promise.reject(fault);
  const error = await t.throwsAsync(life.begin(), {
    ...{ code: "ERR_INTERNAL", message: "cnf.open: TypeError: x is not a function" },
  });
  t.like(error, { op: "cnf.open", cause: fault, details: {} });
});

test("a request of which VPP refuses something is taken: it is not asked for again", async (t) => {
  const { life, played } = playedLife(t);
  played.add = async () => Promise.reject(failure("ERR_VPP", "punt.reconcile"));
  await life.begin();
  t.deepEqual(played.calls, ["add eth0"]);
  t.deepEqual(played.fatal, []);
});

test("the status of an earlier request gives way to that of this one", async (t) => {
  const { life, played } = playedLife(t);
  let take = () => {};
  played.add = () => new Promise((resolve) => (take = () => resolve(statusOf("CREATED"))));
  const begun = life.begin();
  await played.say(snapshot([statusOf("CREATED", "eth9")]));
  t.deepEqual(told(played), []);
  take();
  await begun;
  await settled();
  t.deepEqual(
    played.statuses.map(({ status, isNew }) => [(status.request as { vppInterface?: string }).vppInterface, isNew]),
    [["eth0", true]],
  );
});

test("the status of this request is passed on at once, before the manager has answered", async (t) => {
  const { life, played } = playedLife(t);
  played.add = () => new Promise(() => {});
  const begun = life.begin();
  await played.say(snapshot([statusOf("PENDING")]));
  await begun;
  t.deepEqual(told(played), [["PENDING", true]]);
});

test("a punt that is there before the manager has put it into this program's session may end with an earlier one", async (t) => {
  const { life, played } = playedLife(t, { session: sessionOf().session });
  let answer = (_: PuntStatus) => {};
  played.add = () => new Promise<PuntStatus>((resolve) => (answer = resolve));
  const begun = life.begin();
  await played.say(snapshot([statusOf("CREATED")]));
  await played.say(change(statusOf("CREATED"), "DELETED"));
  t.deepEqual(played.statuses, []);
  await played.say(change(statusOf("INIT")));
  played.get = async () => statusOf("CREATED");
  answer(statusOf("CREATED"));
  await begun;
  await settled();
  t.deepEqual(
    played.statuses.map(({ status }) => status.state),
    ["CREATED"],
  );
  t.deepEqual(played.fatal, []);
});

test("the status that was held back is passed on when the attempt fails, or VPP refuses something", async (t) => {
  for (const error of [failure("ERR_DISCONNECTED"), failure("ERR_VPP", "punt.reconcile"), failure("ERR_POLICY")]) {
    const { life, played } = playedLife(t);
    let fail = () => {};
    played.add = () => new Promise((_, reject) => (fail = () => reject(error)));
    const begun = life.begin().catch(() => {});
    await played.say(snapshot([statusOf("DEGRADED", "eth9")]));
    t.deepEqual(told(played), []);
    fail();
    await begun;
    t.deepEqual(told(played), [["DEGRADED", true]], error.code);
    life.end();
  }
});

test("the punt is requested again from a manager that has forgotten it; other punts do not matter to this program", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  const others = [{ cnf: "b" }, { key: "k" }, { label: "l" }].map((part) =>
    statusOf("CREATED", "eth0", { ...ID, ...part }),
  );
  await played.say(snapshot(others));
  t.deepEqual(played.calls, ["add eth0", "add eth0"]);
  for (const other of others) await played.say(change(other), change(other, "DELETED"));
  await played.say({ kind: "progress", revision: "3" });
  t.deepEqual(told(played), []);
  t.deepEqual(played.calls, ["add eth0", "add eth0"]);
  await played.say(snapshot([...others, statusOf("CREATED")]));
  t.deepEqual(told(played), [["CREATED", true]]);
});

test("one request is under way at a time", async (t) => {
  const { life, played } = playedLife(t);
  let take = () => {};
  played.add = () => new Promise((resolve) => (take = () => resolve(statusOf("CREATED"))));
  const begun = life.begin();
  await played.say(snapshot([]), snapshot([]));
  t.deepEqual(played.calls, ["add eth0"]);
  take();
  await begun;
  await played.say(snapshot([]));
  t.deepEqual(played.calls, ["add eth0", "add eth0"]);
});

test("after the daemon's restart, the request is repeated only if this process's part of it has changed", async (t) => {
  let namespace = "";
  const complete = async (request: PuntRequestInput) =>
    namespace === "" ? request : ({ ...request, vppInterface: namespace } as PuntRequestInput);
  const { life, played } = playedLife(t, { complete });
  await life.begin();
  const resync = () => played.say(snapshot([statusOf("CREATED")], { resync: true }));
  await resync();
  t.deepEqual(played.calls, ["add eth0"]);
  namespace = "eth5";
  await resync();
  t.deepEqual(played.calls, ["add eth0", "add eth5"]);
  played.add = async () => Promise.reject(failure("ERR_PUNT_EXISTS"));
  await resync();
  t.deepEqual(played.calls, ["add eth0", "add eth5", "add eth5"]);
  t.deepEqual(played.fatal, []);
  t.is(played.statuses.length, 3);
});

test("a program that has ended asks for nothing more", async (t) => {
  let complete = (_: PuntRequestInput) => {};
  const { life, played } = playedLife(t, {
    complete: (request) => new Promise((resolve) => (complete = () => resolve({ ...request, label: "l" }))),
  });
  const begun = life.begin();
  complete(requestFor());
  await begun;
  await played.say(snapshot([statusOf("CREATED")], { resync: true }));
  life.end();
  complete(requestFor());
  await settled();
  t.deepEqual(played.calls, ["add eth0"]);
});

test("a daemon that has restarted and does not say this process's part is not asked again", async (t) => {
  let isAway = false;
  const complete = async (request: PuntRequestInput) => {
    if (isAway) throw failure("ERR_DISCONNECTED");
    return request;
  };
  for (const more of [{}, { complete }]) {
    isAway = false;
    const { life, played } = playedLife(t, more);
    await life.begin();
    isAway = true;
    await played.say(snapshot([statusOf("CREATED")], { resync: true }));
    t.deepEqual(played.calls, ["add eth0"]);
    t.deepEqual(played.fatal, []);
    life.end();
  }
});

test("a snapshot without the punt is an occasion to ask also after a daemon has restarted", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  await played.say(snapshot([], { resync: true }));
  t.deepEqual(played.calls, ["add eth0", "add eth0"]);
});

test("a punt that is made stays so while a manager that has started has not looked at VPP", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  await played.say(change(statusOf("INIT")));
  t.deepEqual(told(played), [["INIT", false]]);
  await played.say(change(statusOf("CREATED")), snapshot([statusOf("INIT")]), change(statusOf("INIT")));
  t.deepEqual(told(played).slice(1), [["CREATED", true]]);
  await played.say(snapshot([statusOf("INIT", "eth9")]), change(statusOf("INIT")));
  t.deepEqual(told(played).slice(2), [
    ["INIT", true],
    ["INIT", false],
  ]);
});

test("a punt that was deleted and made again is not the punt that was there before", async (t) => {
  const { life, played } = playedLife(t);
  played.get = async () => statusOf("INIT");
  await life.begin();
  const made = statusOf("CREATED");
  await played.say(change(made), change(made, "DELETED"), change(statusOf("INIT")));
  t.deepEqual(told(played), [
    ["CREATED", true],
    ["INIT", false],
  ]);
});

test("a punt of a session may be gone with a snapshot that lacks it, a persistent one is not", async (t) => {
  for (const [more, expected] of [
    [{ session: sessionOf().session }, ["CREATED", "INIT"]],
    [{}, ["CREATED"]],
  ] as const) {
    const { life, played } = playedLife(t, more);
    await life.begin();
    await played.say(change(statusOf("CREATED")), snapshot([]), change(statusOf("INIT")));
    t.deepEqual(
      told(played).map(([state]) => state),
      expected,
    );
    life.end();
  }
});

test("a punt that was deleted is not asked for again", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  await played.say(change(statusOf("CREATED"), "DELETED"));
  t.deepEqual(played.calls, ["add eth0", "get a"]);
  t.is(played.fatal.length, 1);
  t.like(played.fatal[0], { op: "cnf.watch", code: "ERR_DELETED", details: { id: ID } });
  t.is(played.fatal[0]!.message, "cnf.watch: the punt was deleted, and not by this program");
});

test("a punt that is there again is not deleted", async (t) => {
  const { life, played } = playedLife(t);
  played.get = async () => statusOf("CREATED");
  await life.begin();
  await played.say(change(statusOf("CREATED"), "DELETED"));
  t.deepEqual(played.calls, ["add eth0", "get a"]);
  t.deepEqual(played.fatal, []);
});

test("a program looks for its deleted punt until a manager answers", async (t) => {
  for (const found of [statusOf("CREATED"), undefined]) {
    const { life, played } = playedLife(t);
    let looks = 0;
    let answer = () => {};
    const answered = new Promise<typeof found>((resolve) => (answer = () => resolve(found)));
    played.get = async () => (++looks < 3 ? Promise.reject(failure("ERR_DISCONNECTED")) : answered);
    await life.begin();
    await played.say(change(statusOf("CREATED"), "DELETED"));
    while (looks < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    t.deepEqual(played.fatal, [], "it is not known yet");
    answer();
    await settled();
    t.deepEqual(
      played.fatal.map(({ code }) => code),
      found ? [] : ["ERR_DELETED"],
    );
    life.end();
  }
});

test("a deletion by this program's own change is looked at once that has ended", async (t) => {
  const { life, played } = playedLife(t);
  await life.begin();
  let take = () => {};
  played.add = () => new Promise((resolve) => (take = () => resolve(statusOf("CREATED"))));
  await played.say(snapshot([]), change(statusOf("CREATED"), "DELETED"));
  t.deepEqual(played.calls, ["add eth0", "add eth0"]);
  played.get = async () => statusOf("CREATED");
  take();
  await settled();
  t.deepEqual(played.calls, ["add eth0", "add eth0", "get a"]);
  t.deepEqual(played.fatal, []);
});

test("the punt of a session that was lost is requested again when the session is open", async (t) => {
  const { session, reopen } = sessionOf();
  const { life, played } = playedLife(t, { session });
  session.losses = 1;
  await life.begin();
  session.losses = 2;
  await played.say(change(statusOf("CREATED"), "DELETED"));
  t.deepEqual(played.calls, ["add eth0"]);
  await reopen();
  t.deepEqual(played.calls, ["add eth0", "add eth0"]);
  await played.say(change(statusOf("CREATED"), "DELETED"));
  t.deepEqual(
    played.fatal.map(({ code }) => code),
    ["ERR_DELETED"],
  );
  await reopen();
  t.deepEqual(played.calls, ["add eth0", "add eth0", "get a"]);
});

test("the deletion of a punt of which VPP refuses something is final, also in a session that was lost before", async (t) => {
  const { session } = sessionOf();
  const { life, played } = playedLife(t, { session });
  session.losses = 1;
  played.add = () => Promise.reject(failure("ERR_TIMEOUT", "punt.reconcile"));
  await life.begin();
  await played.say(change(statusOf("FAILED"), "DELETED"));
  t.like(played.fatal, { length: 1, 0: { code: "ERR_DELETED" } });
});

test("another program that takes this one's place is the end", async (t) => {
  const error = failure("ERR_REPLACED", "punt.session");
  let replace = (_: Error) => {};
  const replaced = new Promise<never>((_, reject) => (replace = reject));
  const { life, played } = playedLife(t, { replaced });
  await life.begin();
  replace(error);
  await settled();
  t.deepEqual(played.fatal, [error]);
  await played.say(snapshot([]));
  t.deepEqual(played.calls, ["add eth0"]);
});

test("after its end a life hears and says nothing", async (t) => {
  const { session, reopen } = sessionOf();
  let replace = (_: Error) => {};
  const replaced = new Promise<never>((_, reject) => (replace = reject));
  const { life, played } = playedLife(t, { replaced, session });
  await life.begin();
  let fail = () => {};
  played.add = () => new Promise((_, reject) => (fail = () => reject(failure("ERR_POLICY"))));
  await played.say(snapshot([]));
  life.end();
  fail();
  replace(failure("ERR_REPLACED"));
  await reopen();
  await played.say(snapshot([statusOf("CREATED")]), failure("ERR_POLICY"));
  t.deepEqual(told(played), []);
  t.deepEqual(played.fatal, []);
  t.deepEqual(played.calls, ["add eth0", "add eth0"]);
});
