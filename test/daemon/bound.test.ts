// A session that ends before the manager has the punt that was requested in it.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { bound } from "../../lib/daemon/service/bound.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { PuntError } from "../../lib/errors.js";
import { noSuchPunt } from "../../lib/punt/index.js";

/** A session, and what adds a punt in it that the manager does not know before. */
function opened(remove: () => Promise<void>) {
  const sessions = new Sessions({ memory: undefined, delete: remove, problem: () => {} });
  const session = sessions.open("dns", 0, "");
  session.ended.catch(() => {});
  const parts = { punts: { get: async () => undefined }, sessions } as never;
  const scope = { op: "punt.add", host: undefined } as never;
  const add = (id: never, ask: () => Promise<void>) => bound(parts, scope, [id], session.id, ask);
  return { sessions, session, add };
}

test("a session that ends during the request for a punt deletes the punt afterwards", async (t) => {
  const id = { cnf: "dns", key: "item", label: "one" } as never;
  let isThere = false;
  const remove = async () => {
    if (!isThere) throw noSuchPunt("punt.delete", id);
    isThere = false;
  };
  const { session, add } = opened(remove);
  await add(id, async () => {
    session.close();
    await sleep(50);
    isThere = true;
  });
  t.true(isThere);
  for (let waited = 0; isThere && waited < 5_000; waited += 20) await sleep(20);
  t.false(isThere);
});

test("a punt that is deleted while a call asks for it ends with its session, because the call may create it again", async (t) => {
  const id = { cnf: "dns", key: "item", label: "one" } as never;
  let isThere = true;
  const remove = async () => {
    isThere = false;
  };
  const { sessions, session, add } = opened(remove);
  await add(id, async () => {
    await sessions.deleting(id, remove);
    isThere = true;
  });
  session.close();
  for (let waited = 0; isThere && waited < 5_000; waited += 20) await sleep(20);
  t.false(isThere);
});

/** A punt of an earlier program's session, and one of the same id with another request that a program adds while the first one is deleted. */
function replaced() {
  const earlier = { cnf: "dns", key: "item", label: "one", port: 1 };
  const later = { ...earlier, port: 2 };
  const there = new Set<object>([earlier]);
  const remove = async () => void there.clear();
  const sessions = new Sessions({ memory: undefined, delete: remove, problem: () => {} });
  const open = (id = "") => {
    const session = sessions.open("dns", 0, id);
    session.ended.catch(() => {});
    return session;
  };
  const get = async () =>
    there.has(earlier) ? { request: earlier } : there.has(later) ? { request: later } : undefined;
  const parts = { punts: { get, delete: remove }, sessions } as never;
  const scope = { op: "punt.add", host: undefined } as never;
  const first = open();
  sessions.bind(first.id, earlier);
  const add = (session: string, during: () => void = () => {}) =>
    bound(parts, scope, [later as never], session, async () => {
      first.close();
      while (there.size > 0) await sleep(1);
      there.add(later);
      during();
      await sleep(20);
    });
  return { open, add, has: () => there.has(later), hasNone: () => there.size === 0 };
}

test("a punt that replaces a punt under deletion is in the session of its program", async (t) => {
  const { open, add, has } = replaced();
  const session = open();
  await add(session.id);
  t.true(has());
  session.close();
  for (let waited = 0; has() && waited < 5_000; waited += 20) await sleep(20);
  t.false(has());
});

test("a punt that replaces a punt under deletion ends with a session that has ended by then", async (t) => {
  const { open, add, hasNone } = replaced();
  const session = open();
  await t.throwsAsync(
    add(session.id, () => session.close()),
    { code: "ERR_NO_SUCH_SESSION" },
  );
  t.true(hasNone());
});

test("a punt that a program asks for, for good, stays, although an earlier session's end could not delete it", async (t) => {
  for (const isEarly of [true, false]) {
    const [id, other] = ["one", "two"].map((label) => ({ cnf: "dns", key: "item", label }) as never);
    const ends: (() => void)[] = [];
    const full = new PuntError("punt.delete", "ENOSPC", "the disk is full");
    const deleted: unknown[] = [];
    const remove = (each: unknown) => {
      deleted.push(each);
      return new Promise<void>((resolve, reject) => ends.push(() => (each === id ? reject(full) : resolve())));
    };
    const sessions = new Sessions({ memory: undefined, delete: remove, problem: () => {} });
    const session = sessions.open("dns", 0, "");
    session.ended.catch(() => {});
    for (const each of [id, other]) sessions.bind(session.id, each);
    session.close();
    while (ends.length < 2) await sleep(1);
    const parts = { punts: { get: async () => ({ request: id }) }, sessions } as never;
    const scope = { op: "punt.add", host: undefined } as never;
    if (!isEarly) ends[0]!();
    await sleep(1);
    const asked = bound(parts, scope, [id], "", async () => {});
    await sleep(1);
    ends[0]!();
    await asked;
    ends[1]!();
    // The next attempt would come after a second.
    await sleep(1_200);
    t.deepEqual(deleted, [id, other]);
  }
});

test("a punt of which VPP refuses something is its program's, although an earlier session's end tries again to delete the one before it", async (t) => {
  const earlier = { cnf: "dns", key: "item", label: "one", port: 1 };
  const later = { ...earlier, port: 2 };
  let there: object | undefined = earlier;
  let deletions = 0;
  const remove = async () => {
    if (++deletions === 1) throw new PuntError("punt.delete", "ENOSPC", "the disk is full");
    there = undefined;
  };
  const sessions = new Sessions({ memory: undefined, delete: remove, problem: () => {} });
  const first = sessions.open("dns", 0, "");
  sessions.bind(first.id, earlier);
  const second = sessions.open("dns", 0, "");
  for (const { ended } of [first, second]) ended.catch(() => {});
  const parts = { punts: { get: async () => there && { request: there } }, sessions } as never;
  const scope = { op: "punt.add", host: undefined } as never;
  const refused = new PuntError("punt.reconcile", "ERR_TIMEOUT", "VPP does not answer");
  const add = async () => {
    first.close();
    while (deletions === 0) await sleep(1);
    there = later;
    // The next attempt comes after a second.
    await sleep(1_200);
    throw refused;
  };
  t.is(await t.throwsAsync(bound(parts, scope, [later as never], second.id, add)), refused);
  await sleep(1_200);
  t.true(there === later);
  second.close();
  for (let waited = 0; there && waited < 5_000; waited += 20) await sleep(20);
  t.true(there === undefined);
});
