// The streams of a program to its daemon, which the test plays: punts, interfaces and the session, over the ends of connections.
import { Code, ConnectError } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import type { Connection } from "../../lib/module/remote/connection.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { RemoteInterfaces } from "../../lib/module/remote/interfaces.js";
import { SessionKeeper } from "../../lib/module/remote/session.js";
import { follow } from "../../lib/module/remote/watch.js";
import type { WatchEvent } from "../../lib/punt/index.js";
import { errorToWire, idToWire, stateToWire, statusToWire } from "../../lib/wire/index.js";
import { ID, playedLife, settled, statusOf } from "../support/module/life.js";

type Said = readonly unknown[];

/** The answers of a stream, or the error that it ends with at last. */
const lost = () => new ConnectError("gone", Code.Unavailable);
const refusal = () => errorToWire(new PuntError("punt.watch", "ERR_POLICY", "not yours"));

/** A connection whose streams say one list after the other, and then nothing until it is closed. */
function connectionOf(t: ExecutionContext, lists: Said[], isDistrusted = () => false) {
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  const asked: object[] = [];
  async function* stream(question: object, { signal }: { signal: AbortSignal }) {
    asked.push(question);
    const list = lists.shift();
    for (const each of list ?? []) {
      if (each instanceof Error) throw each;
      yield each;
    }
    if (list === undefined)
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("over"))));
  }
  let calls = 0;
  const connection = {
    ending,
    client: { watch: stream, watchInterfaces: stream, session: stream, info: async () => void calls++ },
    call: (_: string, body: (signal: AbortSignal) => Promise<unknown>) => body(ending.signal),
    errorOf: (error: unknown, op: string) =>
      error instanceof PuntError ? error : new PuntError(op, "ERR_DISCONNECTED", String(error)),
    closedError: (op: string) => new PuntError(op, "ERR_CLOSED", "closed"),
    isDistrusted,
  } as unknown as Connection;
  return { connection, asked, end: () => ending.abort(), calls: () => calls };
}

const snapshotOf = (revision: string, revisionGone = false) => ({
  ...{ revision, event: { case: "snapshot", value: { punts: [statusToWire(statusOf("CREATED"))], revisionGone } } },
});
const changeOf = (revision: string) => ({
  revision,
  event: {
    case: "change",
    value: {
      ...{ id: idToWire(ID), from: stateToWire(undefined), to: stateToWire("CREATED"), cause: "why" },
      status: statusToWire(statusOf("CREATED")),
    },
  },
});
const progressOf = (revision: string) => ({ revision, event: { case: undefined } });

test("a watch goes on after each end of its connection, from the last revision", async (t) => {
  const lists = [[snapshotOf("1"), changeOf("2"), changeOf(""), lost()], [progressOf("3")], [snapshotOf("4", true)]];
  const { connection, asked, end, calls } = connectionOf(t, lists);
  const away: PuntError[] = [];
  const events: WatchEvent[] = [];
  const options = { cnf: "a", from: "0" };
  for await (const event of follow(connection, options, "h1", (cause) => void away.push(cause))) {
    events.push(event);
    if (events.length === 5) end();
  }
  t.is(calls(), 1);
  t.deepEqual(
    events.map((event) => [event.kind, event.revision, "resync" in event]),
    [
      ["snapshot", "1", false],
      ["change", "2", false],
      ["change", "2", false],
      ["progress", "3", false],
      ["snapshot", "4", true],
    ],
  );
  const [first, second] = events;
  t.is(first!.kind === "snapshot" && first!.punts[0]!.state, "CREATED");
  t.like(second, { event: { id: ID, from: undefined, to: "CREATED", cause: "why" } });
  t.deepEqual(asked, [
    { from: "0", cnf: "a", host: "h1" },
    { from: "2", cnf: "a", host: "h1" },
    { from: "3", cnf: "a", host: "h1" },
  ]);
  t.deepEqual(
    away.map(({ op, code, message }) => [op, code, message.includes("the daemon has ended the watch")]),
    [
      ["punt.watch", "ERR_DISCONNECTED", false],
      ["punt.watch", "ERR_DISCONNECTED", true],
    ],
  );
});

test("a watch that the daemon refuses ends with its error; a watch that the program ends has no error", async (t) => {
  const refused = connectionOf(t, [[refusal()]]);
  const events = follow(refused.connection, {})[Symbol.asyncIterator]();
  await t.throwsAsync(async () => events.next(), { code: "ERR_DISCONNECTED", message: /not yours/ });
  t.deepEqual(refused.asked, [{ from: "", cnf: "", host: "" }]);
  const ending = new AbortController();
  const ended = connectionOf(t, []);
  const waiting = follow(ended.connection, { signal: ending.signal }, "", () => t.fail("it was not lost"));
  const next = waiting[Symbol.asyncIterator]().next();
  await new Promise((resolve) => void setImmediate(resolve));
  ending.abort();
  t.deepEqual(await next, { done: true, value: undefined });
});

test("a program ends its watch also while the daemon has not come yet", async (t) => {
  const punts = new RemotePunts({ socket: "/run/nobody/is/here", wait: true });
  t.teardown(() => punts.close());
  for (const ending of [new AbortController(), AbortSignal.abort()]) {
    const signal = "signal" in ending ? ending.signal : ending;
    const next = punts.watch({ signal })[Symbol.asyncIterator]().next();
    if ("abort" in ending) setImmediate(() => ending.abort());
    t.deepEqual(await next, { done: true, value: undefined });
  }
  const next = punts.watch()[Symbol.asyncIterator]().next();
  await punts.close();
  await t.throwsAsync(next, { code: "ERR_CLOSED" });
});

const eth = (index: number, more: object = {}) => ({ swIfIndex: index + 1, name: `eth${index}`, tag: "", ...more });

test("interfaces are known by name, tag and index, and stay while the daemon is away", async (t) => {
  const first = { interfaces: [eth(0, { tag: "wan" }), eth(1, { tag: "two" }), eth(2, { tag: "two" })] };
  const { connection, asked } = connectionOf(t, [[first, lost()], [{ interfaces: [eth(5)] }]]);
  const table = new RemoteInterfaces(connection);
  t.deepEqual([table.size, table.has(1), table.nameOf(1), table.find("eth0")], [0, false, undefined, undefined]);
  let changes = 0;
  const seen: unknown[] = [];
  const isSecond = new Promise<void>((resolve) => {
    table.on("change", () => {
      seen.push([table.size, table.find("wan")?.swIfIndex, table.find("two"), table.find("eth1")?.swIfIndex]);
      seen.push([table.has(3), table.has(4), table.nameOf(3), table.nameOf(4)]);
      if (++changes === 2) resolve();
    });
  });
  await table.known;
  t.deepEqual(seen, [
    [3, 1, undefined, 2],
    [true, false, "eth2", undefined],
  ]);
  await isSecond;
  t.deepEqual(asked.length >= 2, true);
  t.deepEqual([table.size, table.nameOf(6), table.has(1), table.find("wan")], [1, "eth5", false, undefined]);
});

test("interfaces that the policy does not show are not asked for again", async (t) => {
  const { connection, asked } = connectionOf(t, [[refusal()]]);
  const table = new RemoteInterfaces(connection);
  await table.known;
  t.deepEqual([asked.length, table.size], [1, 0]);
});

test("a session has the id that the daemon gives, keeps it when its stream is lost, and tells of its return", async (t) => {
  const { connection, asked, calls } = connectionOf(t, [[{ session: "one" }, lost()], [{ session: "one" }], [lost()]]);
  const keeper = new SessionKeeper(connection, "dns", 5);
  let reopened = 0;
  const isBack = new Promise<void>((resolve) =>
    keeper.onReopened(() => {
      reopened++;
      resolve();
    }),
  );
  t.is(await keeper.id(new AbortController().signal), "one");
  t.is(calls(), 1, "a call that does not wait learns that nothing answers");
  await isBack;
  t.is(reopened, 1);
  t.true(keeper.losses >= 1);
  while (asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  t.is(keeper.losses, 3);
  t.deepEqual(asked.slice(0, 2), [
    { cnf: "dns", graceMs: 5, session: "" },
    { cnf: "dns", graceMs: 5, session: "one" },
  ]);
});

test("streams that end at once are opened again after pauses", async (t) => {
  const open = [
    (connection: Connection) => void follow(connection, {})[Symbol.asyncIterator]().next(),
    (connection: Connection) => new RemoteInterfaces(connection),
    (connection: Connection) => new SessionKeeper(connection, "dns", 5),
  ];
  for (const begin of open) {
    const { connection, asked, end } = connectionOf(
      t,
      Array.from({ length: 100 }, () => [lost()]),
    );
    begin(connection);
    await settled();
    t.true(asked.length >= 1 && asked.length < 10, `${asked.length} streams in a moment`);
    end();
  }
});

test("a punt's watch that ends at once begins again after pauses", async (t) => {
  const { life, played } = playedLife(t);
  played.follow = async function* () {
    if (played.watched.length === 100) life.end();
    yield* [];
  };
  await life.begin();
  await settled();
  t.true(played.watched.length < 10, `${played.watched.length} watches in a moment`);
});

test("a session that the daemon refuses, or whose certificate is not trusted, ends with the reason", async (t) => {
  const refused = new SessionKeeper(connectionOf(t, [[refusal()]]).connection, "dns", 5);
  await t.throwsAsync(refused.replaced, { message: /not yours/ });
  await t.throwsAsync(refused.id(new AbortController().signal), { message: /not yours/ });
  const distrusted = new SessionKeeper(connectionOf(t, [[lost()]], () => true).connection, "dns", 5);
  await t.throwsAsync(distrusted.replaced, { code: "ERR_DISCONNECTED" });
  const { connection, end } = connectionOf(t, []);
  const closed = new SessionKeeper(connection, "dns", 5);
  const id = closed.id(new AbortController().signal);
  end();
  await t.throwsAsync(closed.replaced, { code: "ERR_CLOSED" });
  await t.throwsAsync(id, { code: "ERR_CLOSED" });
});
