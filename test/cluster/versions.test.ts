// Records and questions of other versions in etcd.
import { readFileSync } from "node:fs";
import test from "ava";
import { answerIn, answerTo } from "../../lib/cluster/question.js";
import { packageVersion } from "../../lib/package-root.js";
import { eventually, hasRole, Members } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

/** The records of a daemon that took ABX rules with ports of SCTP, which are refused now: keys and values, one after the other. */
const EARLIER = readFileSync("test/support/earlier/etcd.txt", "utf8").trim().split("\n");

withEtcd("a daemon goes on with what an earlier version took, although it refuses such requests now", async (t) => {
  const members = await Members.start(t);
  for (let at = 0; at < EARLIER.length; at += 2) members.etcd.ctl("put", EARLIER[at]!, EARLIER[at + 1]!);
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  const operator = await members.operator();
  const id = { cnf: "sctp" };
  await eventually(async () => (await operator.get(id))?.state === "CREATED");
  const request = { ingressAclRules: [{ protocol: 132, destinationPort: { first: 80, last: 80 } }] };
  t.like(await operator.get(id), { request });
  t.like(daemon.get(id), { request });
  const standby = await members.join();
  await hasRole(standby, "standby");
  t.like(standby.get(id), { request });
  await operator.delete(id);
  t.is(members.etcd.ctl("get", "--prefix", "/vpp-punt/state/h1/punts").trim(), "");
});

withEtcd(
  "a daemon that cannot read what a later version took changes nothing, and leaves the lead to others",
  async (t) => {
    const members = await Members.start(t);
    const records = EARLIER.map((text) => text.replace('"type":"ABX"', '"type":"ROPE"'));
    for (let at = 0; at < records.length; at += 2) members.etcd.ctl("put", records[at]!, records[at + 1]!);
    const all = () =>
      ["state/h1/punts", "wanted"].map((part) => members.etcd.ctl("get", "--prefix", `/vpp-punt/${part}`));
    const before = all();
    await members.join();
    const isTold = ({ code, message }: Error & { code?: string }) =>
      code === "ERR_ETCD_CONTENT" && /state\/h1\/punts\/sctp.* type: must be one of .* left alone/.test(message);
    await eventually(async () => members.problems.some(isTold));
    const operator = await members.operator();
    const id = { cnf: "sctp", key: "", label: "" };
    t.deepEqual((await operator.get(id))?.request, id as never);
    await eventually(async () => (await operator.leader()) === undefined);
    t.deepEqual(all(), before);
  },
);

const none = () => Promise.reject(new Error("it was carried out"));
const by = { changes: { add: none, update: none, delete: none, apply: none }, punts: { plan: none } };

test("a question of a later version, or with a part that would be ignored, is refused with the daemon's version", async (t) => {
  const id = { cnf: "a" };
  for (const [question, what] of [
    [{ call: "pause", id }, 'the question "pause"'],
    [{ call: { toString: 1 }, id }, 'the question {"toString":1}'],
    [{ call: "delete", id, force: true }, "force of the question delete"],
    [{ call: "explain", id, traceMs: 5, frames: 3 }, "frames of the question explain"],
  ] as const) {
    const { text } = await answerTo(JSON.stringify(question), by as never);
    const error = t.throws(() => answerIn(text, "an answer"), { code: "ERR_UNIMPLEMENTED" });
    t.true(error!.message.endsWith(`is version ${packageVersion()} and does not know ${what}`), error!.message);
  }
});
