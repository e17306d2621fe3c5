// The keeper of a session with the daemon, over a stream that is lost.
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import type { Connection } from "../../lib/module/remote/connection.js";
import { SessionKeeper } from "../../lib/module/remote/session.js";
import { until } from "../support/until.js";

test("a call that waits for the session goes on, if the first stream is lost before it is open", async (t) => {
  let streams = 0;
  const ending = new AbortController();
  const client = {
    info: async () => ({}),
    async *session(_request: unknown, { signal }: { readonly signal: AbortSignal }) {
      if (++streams === 1) {
        // The call waits for the session by then.
        await sleep(20);
        throw new ConnectError("the connection was lost", Code.Aborted);
      }
      yield { session: "second" };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  };
  const connection = { client, ending, isDistrusted: () => false, closedError: () => new Error("closed") };
  const keeper = new SessionKeeper(connection as unknown as Connection, "echo", 0);
  t.is(await keeper.id(ending.signal), "second");
  t.is(keeper.losses, 1);
  ending.abort();
});

/** Opens a session, and then does what `next` does. */
async function* stream(id: string, next: () => Promise<void>) {
  yield { session: id };
  await next();
}

const lost = async () => {
  throw new ConnectError("the connection was lost", Code.Aborted);
};
const refused = async () => {
  await new Promise(setImmediate);
  throw new ConnectError("refused", Code.AlreadyExists);
};
/** A stream that is refused before it is open. */
const never = () => ({ [Symbol.asyncIterator]: () => ({ next: refused }) });

/** A keeper whose streams are these, one after the other; the last one stays open. Refused streams end with an error of `code`. */
function keeperOf(t: ExecutionContext, code: string, ...streams: (() => AsyncIterable<{ session: string }>)[]) {
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  const sessions: string[] = [];
  const signals: unknown[] = [];
  const client = {
    info: async (_: object, { signal }: { readonly signal: AbortSignal }) => void signals.push(signal),
    session({ session }: { readonly session: string }, { signal }: { readonly signal: AbortSignal }) {
      sessions.push(session);
      const open = () => new Promise<void>((_, reject) => signal.addEventListener("abort", reject));
      return streams.shift()?.() ?? stream("last", open);
    },
  };
  const error = (op: string, of: string) => new PuntError(op, of, "the session has ended");
  const connection = {
    ...{ client, ending, isDistrusted: () => false },
    closedError: (op: string) => error(op, "ERR_CLOSED"),
    errorOf: (_: unknown, op: string) => error(op, code),
  };
  const keeper = new SessionKeeper(connection as unknown as Connection, "echo", 0);
  return { keeper, sessions, signals, ending };
}

test("a session is opened again under its id, as listeners hear, but for the first time", async (t) => {
  const { keeper, sessions, signals, ending } = keeperOf(t, "", () => stream("first", lost));
  let reopened = 0;
  keeper.onReopened(() => void reopened++);
  const calls = new AbortController();
  t.is(await keeper.id(calls.signal), "first");
  t.deepEqual(signals, [calls.signal]);
  await until(() => reopened === 1);
  t.is(await keeper.id(calls.signal), "last");
  t.is(signals.length, 1, "the stream is open");
  t.deepEqual([sessions, keeper.losses], [["", "first"], 1]);
  ending.abort();
  await t.throwsAsync(keeper.replaced, { code: "ERR_CLOSED", message: /^punt\.session: / });
});

test("a call that finds the stream lost asks whether the daemon is there", async (t) => {
  const silent = () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) });
  const { keeper, sessions, signals } = keeperOf(t, "", () => stream("first", lost), silent);
  const { signal } = new AbortController();
  await keeper.id(signal);
  await until(() => sessions.length === 2);
  void keeper.id(signal);
  t.is(signals.length, 2);
});

test("a session that another program has taken is not opened again, and calls hear why", async (t) => {
  const { keeper, sessions } = keeperOf(t, "ERR_REPLACED", () => stream("first", refused));
  await t.throwsAsync(keeper.replaced, { code: "ERR_REPLACED", message: /^punt\.session: / });
  t.deepEqual(sessions, [""]);
  await t.throwsAsync(keeper.id(new AbortController().signal), { code: "ERR_REPLACED" });
  const other = keeperOf(t, "ERR_POLICY", never);
  await t.throwsAsync(other.keeper.id(new AbortController().signal), { code: "ERR_POLICY" });
});

test("the keeper asks again for a session while the daemon does not act, and calls in between hear why", async (t) => {
  const { keeper, sessions } = keeperOf(t, "ERR_NOT_LEADER", never);
  await t.throwsAsync(keeper.id(new AbortController().signal), { code: "ERR_NOT_LEADER" });
  t.is(await keeper.id(new AbortController().signal), "last");
  t.deepEqual(sessions, ["", ""]);
});
