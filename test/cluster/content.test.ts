// Records in etcd that no daemon of this version wrote: each is refused by its key, and the others stay readable.
import test from "ava";
import { Keys } from "../../lib/cluster/index.js";
import { parseLeader } from "../../lib/cluster/leadership.js";
import { merged } from "../../lib/cluster/merge.js";
import { answerIn, applyResultIn, messageText, parseHead, statusIn } from "../../lib/cluster/question.js";
import { parseWish, wishText } from "../../lib/cluster/records.js";
import { parseStatus } from "../../lib/cluster/status.js";
import { PuntError } from "../../lib/errors.js";
import { type PuntStatus, parseRequest } from "../../lib/punt/index.js";
import { statusFromWire, statusToWire } from "../../lib/wire/index.js";

const request = parseRequest({ cnf: "a", key: "k", label: "l", type: "SPAN", vppInterface: "eth0" });
const id = { cnf: "a", key: "k", label: "l" };
const status = {
  ...{ id, request, state: "CREATED", missing: [], reasons: [] },
  metadata: {
    ...{ id, type: "SPAN", caveats: [] },
    interconnects: [
      {
        ...{ type: "TAP", vppSelector: "eth0", cnfSelector: "a", shared: false },
        attachment: { kind: "tap", name: "tap-a", namespace: "" },
      },
    ],
  },
} as unknown as PuntStatus;
/** Values in JSON that are not a text. The last one cannot be turned into a text either. */
const NO_TEXTS = [5, null, [], { toString: 5 }];
const keys = new Keys("vpp-punt", "h1");
const key = keys.punt("status", id);

function entry(value: unknown, of = key) {
  return { key: of, value: JSON.stringify(value), created: 1, modified: 1 } as never;
}

test("a status is read as it was written", (t) => {
  t.deepEqual(parseStatus(entry({ status, wish: 1, at: "" })).status, status);
  const failed = { ...status, state: "FAILED", failure: { item: "i", code: "c", message: "m", attempts: 1 } };
  const nextTry = new Date(5);
  const read = parseStatus(entry({ status: { ...failed, failure: { ...failed.failure, nextTry } } }));
  t.deepEqual(read.status.failure?.nextTry, nextTry);
});

test("a status without one of its parts, or with another value there, is refused by its key", (t) => {
  const { metadata } = status;
  const wrong: Record<string, unknown> = {
    ...{ nothing: undefined, "another type": 5, "no state": { ...status, state: undefined } },
    ...{ "a state that is not a text": { ...status, state: 5 }, "no missing": { ...status, missing: null } },
    ...{ "no metadata": { ...status, metadata: undefined }, "no id": { ...status, id: "a" } },
    "a failure without a time": { ...status, failure: { item: "i", code: "c", message: "m", attempts: 1 } },
    "no interconnects": { ...status, metadata: { ...metadata, interconnects: {} } },
    "an interconnect that is a text": { ...status, metadata: { ...metadata, interconnects: ["tap"] } },
  };
  for (const [what, value] of Object.entries(wrong))
    t.throws(
      () => parseStatus(entry({ status: value, wish: 1, at: "" })),
      {
        message: new RegExp(`${key} in etcd is not the status of a punt`),
        ...{ code: "ERR_ETCD_CONTENT" },
      },
      what,
    );
});

test("of a status of a later version, the list has its state, and the punt's name in place of its request", (t) => {
  const { metadata } = status;
  const [interconnect] = metadata.interconnects;
  const read = (value: object) => parseStatus(entry({ status: { ...status, ...value }, wish: 1, at: "" })).status;
  t.like(read({ state: "PAUSED", more: 1 }), { state: "PAUSED", request });
  for (const strange of [{ type: "ROPE" }, { rate: 5 }, { direction: "sideways" }, { interconnect: "ROPE" }])
    t.deepEqual(read({ request: { ...request, ...strange } }), { ...status, request: id as never });
  for (const strange of [{ type: "ROPE" }, { attachment: { kind: "rope" } }]) {
    const interconnects = [{ ...interconnect, ...strange }];
    t.deepEqual(read({ metadata: { ...metadata, interconnects } }).metadata.interconnects, []);
  }
  // The daemon tells programs of it.
  t.is(statusFromWire(statusToWire(read({ state: "PAUSED" }))).state, "UNKNOWN" as never);
});

test("a list has the punts whose status is damaged, and the others as they are", (t) => {
  const other = { ...id, label: "other" };
  const of = keys.punt("status", other);
  const wanted = keys.punt("wanted", id);
  const wish = { key: wanted, value: wishText(request, "a"), created: 1, modified: 1 } as never;
  const statuses = [entry({ status: { state: "CREATED" }, wish: 1 }), entry({ status: { ...status, id: other } }, of)];
  const listed = merged(keys, [wish], statuses, true);
  t.deepEqual(
    listed.map(({ id: { label }, state }) => [label, state]),
    [
      ["l", "PENDING"],
      ["other", "CREATED"],
    ],
  );
  for (const each of listed) t.notThrows(() => statusToWire(each));
});

test("while no daemon acts, a list says that a state is the last known one and of when, and a watch does not", (t) => {
  const wish = { key: keys.punt("wanted", id), value: wishText(request, "a"), created: 1, modified: 1 } as never;
  const list = (isActing: boolean, at?: string, marks?: boolean) => {
    const [punt] = merged(keys, [wish], [entry({ status, wish: 1, at })], isActing, marks);
    return [punt!.state, ...punt!.reasons.map(({ code, text }) => `${code} ${text}`)];
  };
  t.deepEqual(list(true, "2026-01-01"), ["CREATED"]);
  const last = "NO_DAEMON no daemon acts for the host: this is the last state";
  t.deepEqual(list(false, "2026-01-01"), ["CREATED", `${last} of 2026-01-01 that is known`]);
  t.deepEqual(list(false), ["CREATED", `${last} that is known`]);
  t.deepEqual(list(false, "2026-01-01", false), ["CREATED"]);
});

test("a message of more parts than etcd can hold takes no memory, and neither does a negative number of them", (t) => {
  for (const parts of [1e9, 2 ** 53, -1, 0.5, "1", null])
    t.throws(() => parseHead(key, JSON.stringify({ by: "a", lease: "1", parts })), { code: "ERR_ETCD_CONTENT" });
  for (const by of NO_TEXTS)
    for (const asker of [{ by }, { by: "a", through: by }, { by: "a", lease: by }])
      t.throws(() => parseHead(key, JSON.stringify({ lease: "1", parts: 2, ...asker })), { code: "ERR_ETCD_CONTENT" });
  const head = parseHead(key, JSON.stringify({ by: "a", lease: "1", parts: 2 }));
  t.is(
    messageText(key, head, (name) => JSON.stringify({ value: name.at(-1) })),
    "01",
  );
});

test("a wish and a leader's record hold texts; others are refused by their key, or say of no leader", (t) => {
  for (const by of NO_TEXTS) {
    const refused = { code: "ERR_ETCD_CONTENT", message: /status\/h1\/a\/k\/l in etcd has a bad value: (by|at)/ };
    t.throws(() => parseWish(entry({ request, by }), id), refused);
    t.throws(() => parseWish(entry({ request, at: by }), id), refused);
    t.is(parseLeader(JSON.stringify({ daemon: by, addresses: [] })), undefined);
    t.is(parseLeader(JSON.stringify({ daemon: "a", addresses: [by] })), undefined);
    t.is(parseLeader(JSON.stringify({ daemon: "a", addresses: [], since: by }))?.since, "");
  }
  t.like(parseWish(entry({ request }), id), { by: "unknown", at: "" });
});

test("an answer that is none is refused by its key, and an error in it stays one", (t) => {
  for (const text of ["null", "5", "{", ""]) t.throws(() => answerIn(text, key), { code: "ERR_ETCD_CONTENT" });
  t.throws(() => answerIn('{"error":{"op":"punt.add","code":"ERR_BUSY","message":"busy","details":{}}}', key), {
    code: "ERR_BUSY",
    message: "punt.add: busy",
  });
  for (const error of [true, 5, [1], {}])
    t.throws(() => answerIn(JSON.stringify({ error }), key), { instanceOf: PuntError, code: "ERR_INTERNAL" });
  for (const text of NO_TEXTS) {
    const error = { op: text, code: text, message: text, details: 5 };
    const plainly = { instanceOf: PuntError, code: "ERR_INTERNAL", message: "punt.apply: no reason was given" };
    t.throws(() => answerIn(JSON.stringify({ error }), key), plainly);
  }
  t.throws(() => statusIn(null as never), { code: "ERR_ETCD_CONTENT" });
  for (const result of [null, {}, { added: [] }])
    t.throws(() => applyResultIn(result as never), { code: "ERR_ETCD_CONTENT" });
});

test("a daemon's status without its id or its metadata is refused by name", (t) => {
  const whole = () => statusToWire(status);
  t.is(statusFromWire(whole()).state, "CREATED");
  const parts: ((sent: ReturnType<typeof whole>) => unknown)[] = [
    (sent) => delete sent.id,
    (sent) => delete sent.metadata,
    (sent) => delete sent.metadata!.id,
  ];
  for (const remove of parts) {
    const sent = whole();
    remove(sent);
    t.throws(() => statusFromWire(sent), { code: "ERR_PROTOCOL" });
  }
  t.throws(() => statusFromWire(undefined), { code: "ERR_PROTOCOL" });
});
