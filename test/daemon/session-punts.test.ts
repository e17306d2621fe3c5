// Which session a punt is in while callers delete it, add it for good, or ask for it again.
import test, { type ExecutionContext } from "ava";
import { bound } from "../../lib/daemon/service/bound.js";
import type { Parts, Scope } from "../../lib/daemon/service/index.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { PuntError } from "../../lib/errors.js";
import { openPunt } from "../../lib/module/index.js";
import type { RemotePunts } from "../../lib/module/remote/index.js";
import type { PuntId } from "../../lib/punt/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

const punt: PuntId = { cnf: "a", key: "", label: "" };
const request = { cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
const NONE = new PuntError("punt.delete", "ERR_NO_SUCH_PUNT", "there is none");

/** A session that has the punt. `end` ends it, and resolves with how many punts were deleted for that. */
function withPunt(t: ExecutionContext) {
  const deleted: PuntId[] = [];
  const sessions = new Sessions({
    memory: undefined,
    delete: async (id) => void deleted.push(id),
    problem: () => {},
  });
  t.teardown(() => sessions.close());
  const { id, ended, close } = sessions.open("a", 0, "");
  ended.catch(() => {});
  sessions.bind(id, punt);
  const end = async () => {
    close();
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    return deleted.length;
  };
  return { sessions, id, end };
}

const failing = (error: PuntError) => () => Promise.reject(error);

test("a punt that was deleted leaves its session", async (t) => {
  const { sessions, end } = withPunt(t);
  await sessions.deleting(punt, async () => {});
  t.is(await end(), 0);
});

test("a punt that is not there leaves its session, too", async (t) => {
  const { sessions, end } = withPunt(t);
  await t.throwsAsync(sessions.deleting(punt, failing(NONE)), { is: NONE });
  t.is(await end(), 0);
});

test("a punt that could not be deleted stays in its session", async (t) => {
  const { sessions, end } = withPunt(t);
  const full = new PuntError("punt.delete", "ENOSPC", "the disk is full");
  await t.throwsAsync(sessions.deleting(punt, failing(full)), { is: full });
  t.is(await end(), 1);
});

test("a punt that a call under way will create stays in its session, although a deletion does not find it", async (t) => {
  const { sessions, end } = withPunt(t);
  let answer = () => {};
  const asked = sessions.asking([punt], () => new Promise<void>((resolve) => (answer = resolve)));
  await t.throwsAsync(sessions.deleting(punt, failing(NONE)), { is: NONE });
  answer();
  await asked;
  t.is(await end(), 1);
});

/** Two calls that ask for the punt, each until it is ended. */
async function askedTwice(sessions: Sessions) {
  const answers: (() => void)[] = [];
  const ask = () => sessions.asking([punt], () => new Promise<void>((resolve) => void answers.push(resolve)));
  const calls = [ask(), ask()];
  await new Promise(setImmediate);
  return calls.map((call, index) => () => {
    answers[index]!();
    return call;
  });
}

test("a punt that is not there stays in its session until the last call that asks for it has ended", async (t) => {
  const asked = withPunt(t);
  const [first] = await askedTwice(asked.sessions);
  await first!();
  await t.throwsAsync(asked.sessions.deleting(punt, failing(NONE)), { is: NONE });
  t.is(await asked.end(), 1);
  const over = withPunt(t);
  for (const end of await askedTwice(over.sessions)) await end();
  await t.throwsAsync(over.sessions.deleting(punt, failing(NONE)), { is: NONE });
  t.is(await over.end(), 0);
});

/** A call whose session ends while it asks for the punt, which another request has before. */
function lateCall({ sessions, id }: ReturnType<typeof withPunt>) {
  const known = { request: { ...punt, ...request, vppInterface: "eth1" } };
  const parts = { punts: { get: async () => known }, sessions } as unknown as Parts;
  const scope = { op: "punt.add", host: undefined } as Scope;
  let answer = () => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const call = (session: string) => bound(parts, scope, [{ ...punt, ...request } as never], session, () => answered);
  return { first: call(id), call, answer };
}

test("a punt that is made after its session has ended is deleted, unless a later call has it or asks for it", async (t) => {
  const next = (it: ReturnType<typeof withPunt>) => it.sessions.open("a", 60_000, "");
  for (const [later, left] of [
    ["none", 1],
    ["of the next process", 0],
    ["for good", 0],
  ] as const) {
    const it = withPunt(t);
    it.sessions.unbind(punt);
    const { first, call, answer } = lateCall(it);
    const refused = t.throwsAsync(first, { code: "ERR_NO_SUCH_SESSION" });
    await it.end();
    const opened = next(it);
    opened.ended.catch(() => {});
    const others = later === "none" ? [] : [call(later === "for good" ? "" : opened.id)];
    await new Promise(setImmediate);
    answer();
    await Promise.all([refused, ...others]);
    t.is(await it.end(), left, later);
  }
});

test("a punt whose request fails leaves its session, unless another call has bound it since", async (t) => {
  const full = new PuntError("punt.add", "ENOSPC", "the disk is full");
  for (const [isBoundAgain, left] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const { sessions, id, end } = withPunt(t);
    const parts = { punts: { get: async () => undefined }, sessions } as unknown as Parts;
    const ask = async () => {
      if (isBoundAgain) sessions.bind(id, punt);
      throw full;
    };
    const asked = bound(
      parts,
      { op: "punt.add", host: undefined } as Scope,
      [{ ...punt, ...request } as never],
      id,
      ask,
    );
    await t.throwsAsync(asked, { is: full });
    t.is(await end(), left);
  }
});

test("a punt that is bound again while it is being deleted stays in its session", async (t) => {
  const { sessions, id, end } = withPunt(t);
  await sessions.deleting(punt, async () => void sessions.bind(id, punt));
  t.is(await end(), 1);
});

test("punts of another host are asked for without a session, and a session is refused by name", async (t) => {
  const untouched = new Proxy({}, { get: (_, name) => t.fail(`${String(name)} is of this daemon's own host`) });
  const parts = { punts: untouched, sessions: untouched } as unknown as Parts;
  const scope = { op: "punt.add", host: "b" } as Scope;
  t.is(await bound(parts, scope, [], "", async () => "asked"), "asked");
  const refused = bound(parts, scope, [], "1", async () => t.fail());
  const error = await t.throwsAsync(refused, {
    code: "ERR_OPTION",
    message: "punt.add: a session is of the daemon's own host",
  });
  t.like(error, { details: { option: "session" } });
});

/** Resolves when there is no punt any more. */
async function gone(operator: RemotePunts): Promise<void> {
  while ((await operator.list()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("an add that is refused, as the id has another request, leaves the punt in its session", async (t) => {
  const running = await daemonTest(t);
  const operator = await running.connect();
  const program = await running.connect(undefined, { session: { cnf: "a", grace: 0 } });
  await program.add(request);
  await t.throwsAsync(operator.add({ ...request, vppInterface: "eth1" }), { code: "ERR_PUNT_EXISTS" });
  await program.close();
  await gone(operator);
  t.pass();
});

test("a set that a program applies in its session ends with it, also where it changes a punt", async (t) => {
  const running = await daemonTest(t);
  const operator = await running.connect();
  await operator.add(request);
  const program = await running.connect(undefined, { session: { cnf: "a", grace: 0 } });
  const { updated } = await program.apply({ cnf: "a", punts: [{ ...request, vppInterface: "eth1" }] });
  t.is(updated.length, 1);
  await program.close();
  await gone(operator);
});

test("a punt that a program updates in its session ends with that one, and an operator's update leaves it there", async (t) => {
  const running = await daemonTest(t);
  const operator = await running.connect();
  const earlier = await running.connect(undefined, { session: { cnf: "a", grace: 2_000 } });
  await earlier.add(request);
  const later = await running.connect(undefined, { session: { cnf: "a", grace: 0 } });
  await later.update({ ...request, vppInterface: "eth1" });
  await earlier.close();
  // The earlier session has ended by then.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const { request: updated } = await operator.update(request);
  t.like(updated, { vppInterface: "eth0" });
  await later.close();
  await gone(operator);
});

test("a program that comes back with another request has its punt in its own session, or in none", async (t) => {
  const running = await daemonTest(t);
  const { socket } = running;
  const operator = await running.connect();
  for (const lifetime of ["session", "persistent"] as const) {
    const earlier = await running.connect(undefined, { session: { cnf: "a", grace: 100 } });
    await earlier.add(request);
    await using later = await openPunt({ ...request, vppInterface: "eth1" }, { socket, lifetime });
    await later.ready();
    await earlier.close();
    // The earlier session has ended by then.
    await new Promise((resolve) => setTimeout(resolve, 400));
    t.is(later.status.state, "ready");
    t.is((await operator.list()).length, 1);
  }
});

test("a program whose session another one has replaced puts no punt into the session that ends", async (t) => {
  const running = await daemonTest(t);
  const earlier = await running.connect(undefined, { session: { cnf: "a" } });
  await earlier.add(request);
  const later = await running.connect(undefined, { session: { cnf: "a" } });
  await later.list();
  await t.throwsAsync(earlier.replaced, { code: "ERR_REPLACED" });
  await t.throwsAsync(earlier.add({ ...request, key: "late" }), { code: "ERR_REPLACED" });
  t.is((await later.list()).length, 1);
});
