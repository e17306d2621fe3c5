// Callers that ask for more than their rules give: the answers, the audit log, and the effect of a new policy.
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { PuntError } from "../../lib/errors.js";
import type { PuntRequestInput, WatchEvent } from "../../lib/punt/index.js";
import { daemonTest, type Someone } from "../support/daemon/daemon.js";
import { until } from "../support/until.js";

const FIREWALL: Someone = { pid: 0, uid: 2001, gid: 2001 };
const RESOLVER: Someone = { pid: 0, uid: 2002, gid: 2002 };
const VIEWER: Someone = { pid: 0, uid: 2003, gid: 2003 };

const POLICY = `rules:
  - name: firewalls
    match: { uid: 2001 }
    cnfs: fw*
    netns: [/run/netns/fw*]
  - name: resolver
    match: { uid: 2002 }
    cnfs: dns
  - name: viewers
    match: { uid: 2003 }
    operator: true
    readOnly: true
`;

const span = (cnf: string, key = ""): PuntRequestInput => ({
  ...{ cnf, key, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" },
});

async function start(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-refusals-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [policy, audit] = [join(folder, "policy.yaml"), join(folder, "audit.log")];
  await writeFile(policy, POLICY);
  const running = await daemonTest(t, { policy, audit });
  const lines = async () =>
    (await readFile(audit, "utf8")).split("\n").flatMap((line) => (line ? JSON.parse(line) : []));
  /** The number of lines once that of an Add is there, which is the last call. */
  const added = async () => {
    await until(async () => (await lines()).at(-1)?.call === "Add");
    return (await lines()).length;
  };
  return { ...running, policy, audit, lines, added };
}

test("a caller cannot find out which punts others have: existing and missing ones are refused in the same words", async (t) => {
  const { connect } = await start(t);
  const [firewall, resolver] = [await connect(FIREWALL), await connect(RESOLVER)];
  await firewall.add(span("fw1"));
  const attempts: ((cnf: string) => Promise<unknown>)[] = [
    (cnf) => resolver.add(span(cnf)),
    (cnf) => resolver.update(span(cnf)),
    (cnf) => resolver.delete({ cnf }),
    (cnf) => resolver.attach({ cnf }),
    (cnf) => resolver.apply({ cnf, punts: [] }),
    (cnf) => resolver.apply({ cnf: "dns", punts: [], delete: [{ cnf }] }, { keep: true }),
    (cnf) => resolver.plan({ delete: [{ cnf }] }),
    (cnf) => resolver.plan({ add: [span(cnf)] }),
  ];
  for (const [index, attempt] of attempts.entries()) {
    const refusal = async (cnf: string) => {
      const { code, message, details } = (await t.throwsAsync<PuntError>(attempt(cnf)))!;
      return JSON.stringify([code, message, details]).replaceAll(cnf, "<cnf>");
    };
    t.is(await refusal("fw1"), await refusal("fw2"), `attempt ${index}`);
  }
  t.deepEqual(await resolver.list({ cnf: "fw1" }), []);
  t.is((await firewall.get({ cnf: "fw1" }))?.state, "CREATED");
});

test("the audit log has each refusal with its rules and punts, also where the caller only learns that there is no such punt", async (t) => {
  const { connect, lines, added } = await start(t);
  const [firewall, resolver, viewer] = [await connect(FIREWALL), await connect(RESOLVER), await connect(VIEWER)];
  await firewall.add(span("fw1"));
  const before = await added();
  for (const attempt of [
    () => resolver.update(span("fw1")),
    () => resolver.delete({ cnf: "fw1" }),
    () => resolver.plan({ delete: [{ cnf: "fw1" }] }),
    () => resolver.apply({ cnf: "dns", punts: [], delete: [{ cnf: "fw1" }] }, { keep: true }),
    () => viewer.delete({ cnf: "fw1" }),
  ])
    await t.throwsAsync(attempt());
  t.is(await resolver.get({ cnf: "fw1" }), undefined);
  while ((await lines()).length < before + 6) await new Promise(setImmediate);
  const found = (await lines()).slice(before);
  t.deepEqual(
    found.map(({ call, decision, objections }) => [call, decision, objections[0].rule, objections[0].field]),
    [
      ["Update", "refused", "resolver", "cnfs"],
      ["Delete", "refused", "resolver", "cnfs"],
      ["Plan", "refused", "resolver", "cnfs"],
      ["Apply", "refused", "resolver", "cnfs"],
      ["Delete", "refused", "viewers", "readOnly"],
      ["Get", "refused", "resolver", "cnfs"],
    ],
  );
  for (const { punts, rule } of found) {
    t.deepEqual(punts, [{ cnf: "fw1", key: "", label: "" }]);
    t.is(rule, undefined);
  }
  await resolver.delete({ cnf: "nothing" }).catch(() => {});
  while ((await lines()).length < before + 7) await new Promise(setImmediate);
  t.is((await lines()).at(-1).decision, "failed");
});

test("the audit log of an apply names the punts that went because the set has them no more", async (t) => {
  const { connect, lines, added } = await start(t);
  const firewall = await connect(FIREWALL);
  await firewall.add(span("fw1", "old"));
  const before = await added();
  await firewall.apply({ cnf: "fw1", punts: [span("fw1", "new")] });
  while ((await lines()).length === before) await new Promise(setImmediate);
  t.deepEqual(
    (await lines()).at(-1).punts.map(({ key }: { key: string }) => key),
    ["new", "old"],
  );
});

test("a path with .. passes no rule about namespaces", async (t) => {
  const { connect } = await start(t);
  const firewall = await connect(FIREWALL);
  for (const path of ["/run/netns/fw1/../../../proc/1/ns/net", "/run/netns/fw1/.."])
    await t.throwsAsync(firewall.add({ ...span("fw1"), interconnect: "TAP", netns: { path } } as PuntRequestInput), {
      code: "ERR_POLICY",
      message: /\(netns\)/,
    });
});

test("a caller that may only look gets no secrets", async (t) => {
  const { connect } = await start(t);
  const [firewall, viewer] = [await connect(FIREWALL), await connect(VIEWER)];
  const added = await firewall.add(span("fw1"), { waitFor: "CREATED" });
  const secretOf = ({ metadata }: typeof added) => {
    const { attachment } = metadata.interconnects[0]!;
    return attachment.kind === "memif" ? attachment.secret : undefined;
  };
  t.regex(secretOf(added)!, /^[\w-]{22}$/);
  t.is(secretOf((await firewall.get({ cnf: "fw1" }))!), secretOf(added));
  t.is(secretOf((await viewer.get({ cnf: "fw1" }))!), "");
  t.is(secretOf((await viewer.list())[0]!), "");
  for await (const event of viewer.watch()) {
    t.is(event.kind === "snapshot" && secretOf(event.punts[0]!), "");
    break;
  }
});

test("a new policy takes from an open watch what its caller may not see any more, and gives what it may see now", async (t) => {
  const { connect, daemon, policy } = await start(t);
  const [firewall, resolver, viewer] = [await connect(FIREWALL), await connect(RESOLVER), await connect(VIEWER)];
  await firewall.add(span("fw1"), { waitFor: "CREATED" });
  await resolver.add(span("dns"), { waitFor: "CREATED" });
  const watchers = [firewall, resolver, viewer].map((punts) => punts.watch()[Symbol.asyncIterator]());
  const next = async (index: number) => {
    const { value } = (await watchers[index]!.next()) as { value: WatchEvent };
    if (value.kind !== "snapshot") return value.kind;
    return [...value.punts.map(({ id }) => id.cnf).sort(), ...(value.resync ? ["again"] : [])];
  };
  t.deepEqual(await Promise.all([next(0), next(1), next(2)]), [["fw1"], ["dns"], ["dns", "fw1"]]);
  await writeFile(policy, POLICY.replace("cnfs: dns", "cnfs: [dns, fw1]").replace("uid: 2003", "uid: 2004"));
  await daemon.reload();
  t.deepEqual(await next(1), ["dns", "fw1", "again"]);
  await t.throwsAsync(next(2), { code: "ERR_POLICY", message: /no rule for unix uid 2003/ });
  // The rules of this one are as they were: it goes on.
  await firewall.delete({ cnf: "fw1" });
  t.is(await next(0), "change");
  for (const watcher of watchers) await watcher.return?.();
});

test("a policy that cannot be read does not keep the audit log from being opened again", async (t) => {
  const { connect, daemon, policy, audit, lines } = await start(t);
  await writeFile(policy, "rules: 5");
  await rename(audit, `${audit}.1`);
  await t.throwsAsync(daemon.reload(), { code: "ERR_POLICY_FILE" });
  await (await connect(FIREWALL)).list();
  while ((await lines().catch(() => [])).length < 2) await new Promise(setImmediate);
  t.is((await lines()).at(-1).call, "List");
});

test("a punt whose CNF has lost its rule is reported, and stays", async (t) => {
  const { connect, daemon, policy } = await start(t);
  const firewall = await connect(FIREWALL);
  await firewall.add(span("fw1"));
  await writeFile(policy, POLICY.replace("cnfs: fw*", "cnfs: wall*"));
  t.deepEqual(await daemon.reload(), ["the policy has no rule for CNF fw1 any more: punt fw1 stays"]);
  t.is((await (await connect(VIEWER)).list()).length, 1);
});
