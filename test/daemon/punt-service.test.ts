// The service over parts that the test plays: its lines in the audit log, and whose sessions a change is about.
import test from "ava";
import { CallOrder } from "../../lib/call-order.js";
import { Rights } from "../../lib/daemon/policy/rights.js";
import { type Parts, PuntNames, puntService, RequestGate } from "../../lib/daemon/service/index.js";
import { streaming } from "../../lib/daemon/service/scope.js";
import { PuntError } from "../../lib/errors.js";
import type { PuntId } from "../../lib/punt/index.js";

const CALLER = { kind: "unix", uid: 0, gid: 0, pid: 0, groups: [], socket: "/run/a.sock" } as const;
const RULE = { name: "r", match: {}, cnfs: [], operator: true, readOnly: false };
const ID: PuntId = { cnf: "a", key: "", label: "" };

/** Punts, of which one is deleted by each call. */
const target = () => ({
  deleted: 0,
  get: async () => undefined,
  async delete() {
    this.deleted++;
  },
  async apply() {
    this.deleted++;
    return { added: [], updated: [], unchanged: [], deleted: [ID], failed: [] };
  },
});

/** An operator's service on a host, which reaches another one. */
function play() {
  const entries: Record<string, unknown>[] = [];
  const sessions: unknown[][] = [];
  const [own, other] = [target(), target()];
  const parts = {
    ...{ punts: own, hosts: { of: () => other }, cluster: () => ({ host: "here" }), names: new PuntNames() },
    ...{ policy: { rightsOf: () => new Rights(CALLER, [RULE]) }, order: new CallOrder() },
    as: (_: string, change: () => Promise<unknown>) => change(),
    log: { error: () => {} },
    stopping: new AbortController().signal,
    audit: { write: (entry: Record<string, unknown>) => void entries.push(entry) },
    sessions: {
      moment: 7,
      unbind: (...about: unknown[]) => void sessions.push(["unbind", ...about]),
      saved: async () => {},
      asking: (_: unknown, ask: () => Promise<unknown>) => ask(),
      async deleting(id: PuntId, remove: () => Promise<void>) {
        sessions.push(["deleting", id]);
        await remove();
      },
    },
  } as unknown as Parts;
  const ending = new AbortController();
  const values = { get: () => CALLER };
  const context = { signal: ending.signal, values, method: { name: "Call" } } as never;
  const service = puntService(parts, new RequestGate(parts));
  const decisions = () => entries.splice(0).map(({ decision, code }) => [decision, code].filter(Boolean).join(" "));
  return { parts, service, context, sessions, own, other, decisions, end: () => ending.abort() };
}

test("a stream has a line at its begin, or once it knows its punts, and one if it fails while its caller is there", async (t) => {
  const { parts, context, decisions, end } = play();
  const answers = async (
    body: Parameters<typeof streaming<{ host: string }, string>>[2],
    options?: { recordsItself: boolean },
  ) => {
    const seen: unknown[] = [];
    const stream = streaming(parts, "punt.watch", body, options)({ host: "" }, context);
    for await (const each of stream) seen.push(each);
    return seen;
  };
  async function* whole() {
    yield decisions().join();
  }
  t.deepEqual(await answers(whole), ["allowed"]);
  t.deepEqual(await answers(whole, { recordsItself: true }), [""]);
  // biome-ignore lint/correctness/useYield: it fails first.
  async function* failing() {
    throw new PuntError("punt.watch", "ERR_X", "no");
  }
  await t.throwsAsync(answers(failing));
  t.deepEqual(decisions(), ["allowed", "failed ERR_X"]);
  end();
  await t.throwsAsync(answers(failing));
  t.deepEqual(decisions(), ["allowed"], "a caller that has gone is not a failure");
});

test("a call whose caller is not known is refused", async (t) => {
  const { service, decisions } = play();
  const unknown = { signal: new AbortController().signal, values: { get: () => undefined }, method: { name: "List" } };
  const refused = { message: /punt\.list: it is not known who the caller is$/ };
  await t.throwsAsync(async () => service.list!({ cnf: "", host: "" } as never, unknown as never), refused);
  t.deepEqual(decisions(), []);
});

test("a dump that finds no punt has one line", async (t) => {
  const { service, context, decisions } = play();
  const stream = service.dump!({ id: ID, filter: "", host: "" } as never, context) as AsyncIterable<unknown>;
  await t.throwsAsync(stream[Symbol.asyncIterator]().next());
  t.deepEqual(decisions(), ["failed ERR_NO_SUCH_PUNT"]);
});

test("a punt that is deleted on another host leaves the session of this host's punt of that name alone", async (t) => {
  const { service, context, sessions, own, other } = play();
  const set = { cnf: "a", requests: [], delete: [], keep: false, session: "" };
  await service.delete!({ id: ID, host: "h2" } as never, context);
  await service.apply!({ ...set, host: "h2" } as never, context);
  t.deepEqual([sessions, own.deleted, other.deleted], [[], 0, 2]);
  await service.delete!({ id: ID, host: "" } as never, context);
  await service.apply!({ ...set, host: "here" } as never, context);
  t.deepEqual(sessions, [
    ["deleting", ID],
    ["unbind", ID, 7],
  ]);
  t.deepEqual([own.deleted, other.deleted], [2, 2]);
});

test("the refusal of an unknown host names the hosts that the caller may reach", async (t) => {
  const { parts, service, context, other } = play();
  const rule = { ...RULE, hosts: ["h2", "h3"] };
  Object.assign(parts, {
    policy: { rightsOf: () => new Rights(CALLER, [rule]) },
    hosts: { of: () => other, has: async () => false, all: async () => [{ host: "h2" }, { host: "secret" }] },
  });
  Object.assign(other, { list: async () => [] });
  const listed = service.list!({ cnf: "", host: "h3" } as never, context) as Promise<unknown>;
  await t.throwsAsync(listed, { message: /etcd has nothing of host h3; it has h2$/ });
});

test("the frames and the trace of one call have limits, and the refusal names the call", async (t) => {
  const { service, context } = play();
  const frames = (count: number, trace: boolean) => {
    const asked = { frames: Array(count).fill(new Uint8Array(60)), interface: "eth0", trace, host: "" };
    return service.explainFrames!(asked as never, context) as Promise<unknown>;
  };
  const most = (words: string) => ({ message: new RegExp(`punt\\.explain: a call takes ${words}`) });
  await t.throwsAsync(frames(1_001, false), most("1000 frames at most; this one has 1001$"));
  await t.throwsAsync(frames(11, true), most("10 frames at most with a trace; this one has 11$"));
  // Frames that are few enough get as far as the punts, which this service cannot list.
  for (const few of [frames(1_000, false), frames(10, true)]) await t.throwsAsync(few, { message: /a fault/ });
  const traced = (traceMs: number) =>
    service.explain!({ id: ID, traceMs, host: "" } as never, context) as Promise<unknown>;
  await t.throwsAsync(traced(60_001), { message: /punt\.explain: a trace takes 60000 ms at most$/ });
  await t.throwsAsync(traced(60_000), { message: /punt\.explain: there is no punt a$/ });
});
