// Streams whose caller has gone before they begin: an AbortSignal says nothing to a listener that comes later.
import test, { type ExecutionContext } from "ava";
import { HealthService } from "../../lib/daemon/service/health.js";
import type { Parts, Scope } from "../../lib/daemon/service/index.js";
import { session } from "../../lib/daemon/service/streams.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { whenAborted } from "../../lib/when-aborted.js";
import { until } from "../support/until.js";

const GONE = { signal: AbortSignal.abort() } as never;

/** Reads a stream to its end. */
async function readAll(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

test("a listener hears of an abort once, also of an earlier abort", (t) => {
  let heard = 0;
  const ending = new AbortController();
  whenAborted(ending.signal, () => heard++);
  t.is(heard, 0);
  ending.abort();
  whenAborted(ending.signal, () => heard++);
  t.is(heard, 2);
});

function sessionsOf(t: ExecutionContext) {
  const deleted: string[] = [];
  const sessions = new Sessions({
    memory: undefined,
    delete: async ({ cnf }) => void deleted.push(cnf),
    problem: () => {},
  });
  t.teardown(() => sessions.close());
  return { sessions, deleted };
}

test("a session whose caller has gone ends, and its punts with it", async (t) => {
  const { sessions, deleted } = sessionsOf(t);
  const { id, close } = sessions.open("a", 60_000, "");
  sessions.bind(id, { cnf: "a", key: "", label: "" });
  close();
  const scope = { op: "punt.session", view: { label: (cnf: string) => cnf, rights: { requireChange: () => ({}) } } };
  const request = { cnf: "a", graceMs: 0, session: id } as never;
  t.is(await readAll(session({ sessions } as Parts, request, scope as unknown as Scope, GONE)), 1);
  await until(() => deleted.length === 1);
  t.deepEqual(deleted, ["a"]);
});

test("a watch of the daemon's health ends if its caller goes at the first answer", async (t) => {
  const ending = new AbortController();
  const stream = new HealthService()
    .implementation()
    .watch({ service: "" } as never, { signal: ending.signal } as never);
  const answers = stream[Symbol.asyncIterator]();
  t.false((await answers.next()).done);
  ending.abort();
  t.true((await answers.next()).done);
});
