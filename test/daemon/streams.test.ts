// The streams of the daemon over parts that the test plays: VPP's interfaces, a session, and the watch of a caller that goes.
import { EventEmitter, getEventListeners } from "node:events";
import { fromBinary } from "@bufbuild/protobuf";
import test, { type ExecutionContext } from "ava";
import type { Parts, Scope } from "../../lib/daemon/service/scope.js";
import { Snapshot } from "../../lib/daemon/service/snapshots.js";
import { session, watch, watchInterfaces } from "../../lib/daemon/service/streams.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { PuntError } from "../../lib/errors.js";
import { type Send, sendKey } from "../../lib/grpc/index.js";
import type { PuntStatus, WatchEvent, WatchOptions } from "../../lib/punt/index.js";
import { WatchResponseSchema } from "../../lib/wire/index.js";
import { change, settled, snapshot, statusOf } from "../support/module/life.js";

class Table extends EventEmitter<{ change: [] }> {
  names = ["eth0", "secret", "eth1"];
  isKnown = true;
  isConnected = true;
  list = () => this.names.map((name, swIfIndex) => ({ name, swIfIndex }));
}

/** The stream of interfaces for a caller to whom names are shown that begin so. */
function interfaces(t: ExecutionContext, table = new Table()) {
  const [ending, stopping] = [new AbortController(), new AbortController()];
  const listeners = new Set<() => void>();
  const rules = { prefix: "eth", isNew: false, refusal: undefined as PuntError | undefined };
  const scope = {
    view: { rights: { showsInterface: (name: string) => name.startsWith(rules.prefix) } },
    renew: () => rules.isNew,
    requireSomeRule() {
      if (rules.refusal) throw rules.refusal;
    },
  };
  const policy = {
    onReload(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const parts = { table, policy, stopping: stopping.signal } as unknown as Parts;
  const values = { get: () => () => {} };
  const answers = watchInterfaces(parts, scope as unknown as Scope, { signal: ending.signal, values } as never)[
    Symbol.asyncIterator
  ]();
  t.teardown(() => ending.abort());
  const next = async () => {
    const { done, value } = await answers.next();
    if (done) return "end";
    return [value.connected, ...(value.interfaces ?? []).map(({ name }: { name?: string }) => name)].join(" ");
  };
  const reload = () => {
    for (const listener of listeners) listener();
  };
  const signal = stopping.signal;
  return { table, next, rules, reload, listeners, signal, end: () => ending.abort(), stop: () => stopping.abort() };
}

test("a caller gets the interfaces that it may see, at once and at each change", async (t) => {
  const { table, next, listeners, signal, end } = interfaces(t);
  t.is(await next(), "true eth0 eth1");
  const second = next();
  await settled();
  table.names = ["eth0"];
  table.emit("change");
  t.is(await second, "true eth0");
  table.isConnected = false;
  table.emit("change");
  table.emit("change");
  t.is(await next(), "false eth0");
  const last = next();
  await settled();
  end();
  t.is(await last, "end");
  t.deepEqual([table.listenerCount("change"), listeners.size, getEventListeners(signal, "abort")], [0, 0, []]);
});

test("interfaces that the daemon does not know yet are not taken from its watchers", async (t) => {
  const table = new Table();
  table.isKnown = false;
  const { next } = interfaces(t, table);
  const first = next();
  table.names = [];
  table.emit("change");
  await settled();
  table.isKnown = true;
  table.names = ["eth7"];
  table.emit("change");
  t.is(await first, "true eth7");
});

test("a new policy shows other interfaces where it gives the caller other rules, and ends the stream where it gives none", async (t) => {
  const { next, rules, reload, listeners } = interfaces(t);
  t.is(await next(), "true eth0 eth1");
  const second = next();
  await settled();
  rules.prefix = "s";
  reload();
  await settled();
  rules.isNew = true;
  reload();
  t.is(await second, "true secret");
  const third = next();
  await settled();
  rules.refusal = new PuntError("punt.watchInterfaces", "ERR_POLICY", "no rule");
  reload();
  t.is(await t.throwsAsync(third), rules.refusal);
  t.is(listeners.size, 0);
});

test("a daemon that stops says so to the watchers of interfaces", async (t) => {
  const { next, stop, table } = interfaces(t);
  t.is(await next(), "true eth0 eth1");
  const last = next();
  await settled();
  stop();
  const message = "punt.watch: the daemon is stopping";
  await t.throwsAsync(last, { code: "ERR_CLOSED", message });
  t.is(table.listenerCount("change"), 0);
});

/** The status of a CNF's punt. */
const punt = (cnf: string) => statusOf("CREATED", "eth0", { cnf, key: "", label: "" });

/** A manager whose answers the test decides. It records its calls. */
function playedTarget() {
  const asked: { readonly from?: string; readonly cnf?: string; readonly signal: AbortSignal }[] = [];
  const said: (WatchEvent | Error | "end")[] = [];
  let wake = () => {};
  async function* target(options: WatchOptions) {
    asked.push(options as (typeof asked)[number]);
    options.signal!.addEventListener("abort", () => wake());
    while (!options.signal!.aborted) {
      const next = said.shift();
      if (next === "end") return;
      if (next instanceof Error) throw next;
      if (next) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const say = (...events: typeof said) => {
    said.push(...events);
    wake();
    return settled();
  };
  return { target, asked, say };
}

/** The messages in envelopes of gRPC: each has a byte of flags and its length before it. */
function envelopesOf(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + 5;
    at = start + Buffer.from(bytes).readUInt32BE(at + 1);
    found.push(bytes.subarray(start, at));
  }
  return found;
}

/** A watch of a caller that sees the CNFs of `rules.sees`. */
function watched(
  t: ExecutionContext,
  request: object = {},
  rules = { sees: ["a", "b"], isNew: false },
  send: Send | undefined = undefined,
  now: Snapshot | undefined = undefined,
) {
  const [ending, stopping] = [new AbortController(), new AbortController()];
  const listeners = new Set<() => void>();
  const { target, asked, say } = playedTarget();
  const problems: unknown[] = [];
  const scope = {
    ...{ renew: () => rules.isNew, requireSomeRule: () => {}, record: (error: unknown) => void problems.push(error) },
    ...{ enter: (host: string) => void asked.push({ host } as never), target: { watch: target } },
    // The punts of another host come from its own watch.
    elsewhere: now ? undefined : {},
    view: {
      ...{ sees: ({ cnf }: { cnf: string }) => rules.sees.includes(cnf), label: (cnf: string) => `u7.${cnf}` },
      unnamed() {
        return this;
      },
      ...{ status: (status: PuntStatus) => status, event: (event: unknown) => event, rights: { key: "own" } },
    },
  };
  const onReload = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const parts = {
    ...{ policy: { onReload }, longestWait: 3_600_000, stopping: stopping.signal },
    snapshots: { now: async () => now },
  } as unknown as Parts;
  const responseHeader = new Headers({ "content-type": send ? "application/grpc+proto" : "application/connect+json" });
  const values = { get: (key: unknown) => (key === sendKey ? send : () => {}) };
  const context = { signal: ending.signal, responseHeader, values } as never;
  const answers = watch(
    parts,
    { from: "", cnf: "", host: "", ...request } as never,
    scope as unknown as Scope,
    context,
  );
  t.teardown(async () => {
    ending.abort();
    await answers.return(undefined);
  });
  const next = async () => {
    const { value } = await answers.next();
    const { event, revision } = value as { revision: string; event: { case: string; value: unknown } };
    const punts = (event.value as { punts?: { id: { cnf: string } }[] }).punts ?? [];
    const { revisionGone = false, id } = event.value as { revisionGone?: boolean; id?: { cnf: string } };
    const names = id ? [id.cnf] : punts.map((status) => status.id.cnf);
    return [revision, event.case, ...names, ...(revisionGone ? ["again"] : [])].join(" ");
  };
  const reload = () => {
    for (const listener of listeners) listener();
    return settled();
  };
  return {
    next,
    say,
    asked,
    reload,
    rules,
    problems,
    listeners,
    signal: stopping.signal,
    end: () => ending.abort(),
    stop: () => stopping.abort(),
  };
}

test("a watcher gets what it may see, and learns at once that it is followed", async (t) => {
  const { next, say, asked } = watched(t);
  const first = next();
  await say({ kind: "progress", revision: "7" });
  t.is(await first, "7 progress");
  t.is(asked.length, 2);
  t.deepEqual(Object.keys(asked[1]!), ["signal"]);
  const second = next();
  await say(snapshot([punt("a"), punt("hidden"), punt("b")]));
  t.is(await second, "1 snapshot a b");
  const third = next();
  await say(change(punt("hidden")));
  await say(change(punt("b")));
  t.is(await third, "2 change b");
  await say(snapshot([punt("a")], { resync: true }));
  t.is(await next(), "1 snapshot a again");
});

test("watchers of the daemon's own punts share a snapshot, and get what has changed since", async (t) => {
  const now = new Snapshot("term:4", [punt("a"), punt("hidden"), punt("u7.b")]);
  const rules = { sees: ["a", "u7.b"], isNew: false };
  const { next, say, asked } = watched(t, {}, rules, undefined, now);
  t.is(await next(), "term:4 snapshot a u7.b");
  t.is(asked[1]!.from, "term:4");
  const second = next();
  await say({ kind: "progress", revision: "term:4" }, change(punt("a")));
  t.is(await second, "2 change a");
  const one = watched(t, { cnf: "b" }, rules, undefined, now);
  t.is(await one.next(), "term:4 snapshot u7.b");
  t.like(one.asked[1], { from: "term:4", cnf: "u7.b" });
});

test("after the first answer, what waits for a watcher leaves in one write, and more waits until the watcher takes it", async (t) => {
  const writes: { revisions: string[]; cnfs: (string | undefined)[]; take: () => void }[] = [];
  const send: Send = (envelopes) => {
    const answers = envelopesOf(envelopes).map((data) => fromBinary(WatchResponseSchema, data));
    const cnfs = answers.map(({ event }) => (event.case === "change" ? event.value.status?.id?.cnf : undefined));
    return new Promise((take) => writes.push({ revisions: answers.map(({ revision }) => revision), cnfs, take }));
  };
  const { next, say, end } = watched(t, {}, undefined, send);
  const first = next();
  await say(snapshot([punt("a")]));
  t.is(await first, "1 snapshot a");
  await say(change(punt("a")), change(punt("b")));
  const last = next();
  await settled();
  t.like(writes, [{ cnfs: ["a", "b"], revisions: ["", "2"] }]);
  await say(change(punt("b")), change(punt("a")), change(punt("hidden")), change(punt("b")));
  t.is(writes.length, 1);
  writes[0]!.take();
  await settled();
  t.like(writes[1], { cnfs: ["a", "b"], revisions: ["", "2"] });
  writes[1]!.take();
  await say(change(punt("a")));
  t.like(writes[2], { cnfs: ["a"], revisions: ["2"] });
  end();
  writes[2]!.take();
  t.is((await t.throwsAsync<PuntError>(last))!.code, "ECANCELED");
  t.is(writes.length, 3);
});

test("a long queue leaves in several writes", async (t) => {
  const sizes: number[] = [];
  const cnfs = Array.from({ length: 1_000 }, (_, index) => `${index}`);
  const send: Send = async (envelopes) => void sizes.push(envelopesOf(envelopes).length);
  const { next, say, end } = watched(t, {}, { sees: cnfs, isNew: false }, send);
  const first = next();
  await say(snapshot([]));
  await first;
  await say(...cnfs.map((cnf) => change(punt(cnf))));
  const last = next();
  await settled();
  t.true(sizes.length > 1 && sizes.length < cnfs.length / 10, `${sizes}`);
  t.is(
    sizes.reduce((sum, size) => sum + size),
    cnfs.length,
  );
  end();
  await t.throwsAsync(last);
});

test.serial("hidden changes reach a watcher as progress from time to time, and only if there are any", async (t) => {
  const { setInterval: set, clearInterval: clear } = globalThis;
  t.teardown(() => Object.assign(globalThis, { setInterval: set, clearInterval: clear }));
  const looks: (() => void)[] = [];
  const running = new Set<unknown>();
  const started = (run: () => void, ms: number) => {
    const timer = { unref: () => timer };
    if (ms === 10_000) looks.push(run);
    running.add(timer);
    return timer;
  };
  Object.assign(globalThis, { setInterval: started, clearInterval: (timer: unknown) => void running.delete(timer) });
  const { next, say, end, reload, rules } = watched(t);
  const first = next();
  await say(snapshot([punt("a")]));
  t.is(await first, "1 snapshot a");
  const second = next();
  looks[0]!();
  await say(change(punt("hidden")));
  looks[0]!();
  t.is(await second, "2 progress");
  const third = next();
  looks[0]!();
  await say(snapshot([punt("b")]));
  t.is(await third, "1 snapshot b");
  t.is(looks.length, 1);
  rules.isNew = true;
  await reload();
  t.deepEqual([looks.length, running.size], [2, 1]);
  const last = next();
  await settled();
  end();
  await t.throwsAsync(last);
  await settled();
  t.is(running.size, 0);
});

test("a watch goes on from a revision, for a CNF of the caller's space and a host", async (t) => {
  const whole = watched(t, { from: "term:4", cnf: "dns", host: "h1" });
  const first = whole.next();
  await whole.say({ kind: "progress", revision: "term:5" });
  t.is(await first, "term:5 progress");
  t.deepEqual(whole.asked[0] as unknown, { host: "h1" });
  t.like(whole.asked[1], { from: "term:4", cnf: "u7.dns" });
});

test("other rules begin the watch again with a snapshot, and the same rules do not", async (t) => {
  const { next, say, asked, reload, rules } = watched(t, { from: "term:4" });
  const first = next();
  await say({ kind: "progress", revision: "term:5" });
  await first;
  await reload();
  t.is(asked.length, 2);
  await say(change(punt("a")));
  rules.isNew = true;
  rules.sees = ["b"];
  await reload();
  t.is(asked.length, 4);
  t.true(asked[1]!.signal.aborted);
  t.is(asked[3]!.from, undefined);
  await say(snapshot([punt("a"), punt("b")]));
  t.is(await next(), "1 snapshot b again", "what the watcher may not see any more is dropped");
});

test("a watch ends with the manager's error, with the daemon, and with its caller", async (t) => {
  const refusal = new PuntError("punt.watch", "ERR_POLICY", "no rule");
  const ends: [(watching: ReturnType<typeof watched>) => unknown, object][] = [
    [({ say }) => say(refusal), { op: "punt.watch", code: "ERR_POLICY" }],
    [({ say }) => say(new Error("strange")), { op: "punt.watch", code: "ERR_CLOSED" }],
    [({ say }) => say("end"), { code: "ERR_CLOSED", message: "punt.watch: the daemon is stopping" }],
    [({ stop }) => stop(), { code: "ERR_CLOSED", message: "punt.watch: the daemon is stopping" }],
    [({ end }) => end(), { code: "ECANCELED", message: "punt.watch: the watcher has gone" }],
  ];
  for (const [end, expected] of ends) {
    const watching = watched(t);
    const first = watching.next();
    await watching.say(snapshot([]));
    t.is(await first, "1 snapshot");
    const last = watching.next();
    await settled();
    await end(watching);
    t.like(await t.throwsAsync<PuntError>(last), expected);
    t.true(watching.asked[1]!.signal.aborted);
    t.is(watching.listeners.size, 0);
    t.deepEqual(getEventListeners(watching.signal, "abort"), []);
    t.deepEqual(watching.problems, []);
  }
});

function opened(t: ExecutionContext) {
  const sessions = new Sessions({ memory: undefined, delete: async () => {}, problem: (error) => t.fail(`${error}`) });
  t.teardown(() => sessions.close());
  const asked: string[] = [];
  const rights = {
    requireChange(label: string, op: string) {
      asked.push(`${op} ${label}`);
      return { name: "own" };
    },
  };
  const open = (request: object) => {
    const scope = { op: "punt.session", view: { label: (cnf: string) => cnf && `u7.${cnf}`, rights }, rule: undefined };
    const ending = new AbortController();
    const answers = session(
      { sessions } as unknown as Parts,
      request as never,
      scope as unknown as Scope,
      {
        signal: ending.signal,
      } as never,
    );
    return { scope, answers, end: () => ending.abort() };
  };
  return { open, asked };
}

test("a session is the caller's CNF's, has a grace period of a day at the most, and ends with its caller", async (t) => {
  const { open, asked } = opened(t);
  const DAY = 86_400_000;
  const refused = open({ cnf: "dns", graceMs: DAY + 1, session: "" });
  const error = await t.throwsAsync<PuntError>(refused.answers.next(), { code: "ERR_OPTION" });
  t.like(error, { op: "punt.session", message: `punt.session: graceMs must be at most ${DAY}` });
  t.deepEqual(error!.details, { option: "graceMs" });
  const long = open({ cnf: "dns", graceMs: 0, session: "x".repeat(65) });
  t.like(await t.throwsAsync<PuntError>(long.answers.next(), { code: "ERR_OPTION" }), {
    message: "punt.session: session must have at most 64 characters",
    details: { option: "session" },
  });
  for (const cnf of ["", "d\0", "d".repeat(63)]) {
    const unnamed = open({ cnf, graceMs: 0, session: "" });
    await t.throwsAsync<PuntError>(unnamed.answers.next(), { code: "ERR_INVALID_REQUEST" }, cnf);
  }
  t.deepEqual(asked, []);
  const { answers, scope, end } = open({ cnf: "dns", graceMs: DAY, session: "" });
  const { value } = await answers.next();
  t.truthy((value as { session: string }).session);
  t.is(scope.rule as unknown, "own");
  t.deepEqual(asked, ["punt.session u7.dns"]);
  const last = answers.next();
  end();
  t.true((await last).done);
});

test("a session that another program takes over ends with an error, and the same program comes back by its id", async (t) => {
  const { open } = opened(t);
  const first = open({ cnf: "dns", graceMs: 1000, session: "" });
  const { value } = await first.answers.next();
  const { session: id } = value as { session: string };
  const replaced = first.answers.next();
  const again = open({ cnf: "dns", graceMs: 1000, session: id });
  t.is(((await again.answers.next()).value as { session: string }).session, id);
  await replaced.catch(() => {});
  const held = again.answers.next();
  const other = open({ cnf: "dns", graceMs: 1000, session: "" });
  t.not(((await other.answers.next()).value as { session: string }).session, id);
  await t.throwsAsync(held, { code: "ERR_REPLACED" });
});

test("a session that ends while its caller does not read ends nothing else", async (t) => {
  const { open } = opened(t);
  const unread = open({ cnf: "dns", graceMs: 1000, session: "" });
  await unread.answers.next();
  const other = open({ cnf: "dns", graceMs: 1000, session: "" });
  await other.answers.next();
  // An error that nothing has caught would fail the test's process by now.
  await settled();
  await t.throwsAsync(unread.answers.next(), { code: "ERR_REPLACED" });
});
