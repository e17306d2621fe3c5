// Whole sets of a CNF, and punts that get another request.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

function span(key: string, vppInterface: string): PuntRequestInput {
  return { cnf: "a", key, type: "SPAN", interconnect: "MEMIF", vppInterface };
}

const keys = (list: readonly { id: { key: string } }[]) => list.map(({ id }) => id.key);

test("a set adds missing punts, updates punts with another request, deletes the others, and leaves other CNFs alone", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add({ ...span("", "if5"), cnf: "b" });
  const first = await it.manager.apply({ cnf: "a", punts: [span("1", "if0"), span("2", "if1")] });
  t.deepEqual(keys(first.added), ["1", "2"]);
  const { cnf: _, ...withoutCnf } = span("3", "if0");
  const second = await it.manager.apply({ cnf: "a", punts: [span("2", "if2"), withoutCnf as PuntRequestInput] });
  t.deepEqual(keys(second.added), ["3"]);
  t.deepEqual(keys(second.updated), ["2"]);
  t.deepEqual(second.deleted, [{ cnf: "a", key: "1", label: "" }]);
  t.deepEqual(second.failed, []);
  const third = await it.manager.apply({ cnf: "a", punts: [span("2", "if2")] }, { keep: true });
  t.deepEqual(keys(third.unchanged), ["2"]);
  t.deepEqual(
    it.manager
      .list({ cnf: "a" })
      .map(({ id, state }) => `${id.key} ${state}`)
      .sort(),
    ["2 CREATED", "3 CREATED"],
  );
  t.is(it.manager.list({ cnf: "b" }).length, 1);
  t.is((await it.manager.plan()).toString(), "nothing to do");
});

test("a set that conflicts with punts of others changes nothing", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const hairpin = { type: "HAIRPIN_XCONNECT", interconnect: "MEMIF", vppInterface2: "if3" } as const;
  await it.manager.add({ ...hairpin, cnf: "b", vppInterface1: "if2" });
  await it.manager.add(span("1", "if0"));
  const set = { cnf: "a", punts: [span("2", "if1"), { ...hairpin, key: "3", vppInterface1: "if4" }] };
  await t.throwsAsync(it.manager.apply(set), { code: "ERR_CONFLICT" });
  t.deepEqual(keys(it.manager.list({ cnf: "a" })), ["1"]);
});

test("a bad set is refused, and the error names the field", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const refused = { code: "ERR_INVALID_REQUEST" };
  await t.throwsAsync(it.manager.apply({ cnf: "a", punts: [{ ...span("", "if0"), cnf: "b" }] }), {
    ...refused,
    message: /punts\[0\]: cnf: is b/,
  });
  await t.throwsAsync(it.manager.apply({ cnf: "a", punts: [span("", "if0"), span("", "if1")] }), {
    ...refused,
    message: /punts\[1\] is punt a/,
  });
  await t.throwsAsync(it.manager.apply({ cnf: "a" } as never), { ...refused, message: /punts: a list/ });
  await t.throwsAsync(it.manager.apply(undefined as never), refused);
  await t.throwsAsync(it.manager.apply({ cnf: "a", punts: [] }, { prune: true } as never), { code: "ERR_OPTION" });
});

test("a punt that gets another request keeps the unchanged parts of its interconnect", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const abx = { cnf: "a", type: "ABX", interconnect: "MEMIF", vppInterface: "if0" } as const;
  const before = await it.manager.add({ ...abx, ingressAclRules: [{ protocol: "TCP" }] });
  const states: string[] = [];
  it.manager.on("state", ({ to }) => states.push(to));
  const after = await it.manager.update({ ...abx, ingressAclRules: [{ protocol: "UDP" }] });
  t.is(after.state, "CREATED");
  t.deepEqual(after.metadata.interconnects, before.metadata.interconnects);
  t.deepEqual(states, ["INIT", "CREATED"]);
  t.is((await it.manager.plan()).toString(), "nothing to do");
  const elsewhere = await it.manager.update({ ...abx, vppInterface: "if1", ingressAclRules: [{}] });
  t.is(elsewhere.state, "CREATED");
  await t.throwsAsync(it.manager.update({ ...abx, cnf: "b", ingressAclRules: [{}] }), { code: "ERR_NO_SUCH_PUNT" });
  await it.restartManager();
  await it.manager.resync();
  t.is((await it.manager.plan()).toString(), "nothing to do");
});

test("a punt keeps its request if it cannot get the new one", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const hairpin = { cnf: "a", type: "HAIRPIN_XCONNECT", interconnect: "MEMIF" } as const;
  const before = await it.manager.add({ ...hairpin, vppInterface1: "if0", vppInterface2: "if1" });
  await it.manager.add({ ...hairpin, cnf: "b", vppInterface1: "if2", vppInterface2: "if3" });
  const wish = { ...hairpin, vppInterface1: "if0", vppInterface2: "if3" };
  await t.throwsAsync(it.manager.update(wish), { code: "ERR_CONFLICT" });
  t.deepEqual(it.manager.get({ cnf: "a" }), before);
  t.is((await it.manager.plan({ add: [{ ...wish, vppInterface2: "if4" }] })).punts.length, 2);
});

test("a set without a CNF has punts of several, deletes what it names, and is refused as a whole", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { manager } = it;
  await manager.apply(
    { punts: [span("1", "if0"), span("2", "if1"), { ...span("1", "if2"), cnf: "b" }] },
    { keep: true },
  );
  const gone = { cnf: "a", key: "1", label: "" };
  const done = await manager.apply({ punts: [{ ...span("2", "if3"), cnf: "b" }], delete: [gone] }, { keep: true });
  t.deepEqual([keys(done.added), done.deleted, done.failed], [["2"], [gone], []]);
  const names = () => manager.list().map(({ id }) => `${id.cnf}${id.key}`);
  t.deepEqual(names().sort(), ["a2", "b1", "b2"]);
  const change = { punts: [span("3", "if0")], delete: [gone] };
  await t.throwsAsync(manager.apply(change, { keep: true }), { code: "ERR_NO_SUCH_PUNT" });
  t.is(names().length, 3);
  const refused = (set: object, message: RegExp, keep = true) =>
    t.throwsAsync(manager.apply(set as never, { keep }), { code: "ERR_INVALID_REQUEST", message });
  await refused({ punts: [] }, /cnf: is missing; .*keep/, false);
  await refused({ cnf: "b", punts: [], delete: [{ cnf: "a", key: "2" }] }, /delete\[0\]: cnf: is a/);
  await refused({ punts: [span("2", "if1")], delete: [{ cnf: "a", key: "2" }] }, /delete\[0\] is punt a\/2, which/);
  await refused({ punts: [], delete: "a" }, /delete: a list/);
});

test("HAIRPINs of a set may swap their interfaces, by the interfaces' names too", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const hairpin = (key: string, name: string, vppInterface: string): PuntRequestInput => ({
    ...{ cnf: "a", key, type: "HAIRPIN", interconnect: "MEMIF", vppInterface },
    hairpinInterface: { name, ipAddresses: [key === "1" ? "10.9.1.1/24" : "10.9.2.1/24"] },
  });
  const apply = (names: readonly [string, string], cards: readonly [string, string]) =>
    it.manager.apply({ cnf: "a", punts: [hairpin("1", names[0], cards[0]), hairpin("2", names[1], cards[1])] });
  await apply(["h0", "h1"], ["if0", "if1"]);
  for (const [names, cards] of [
    [
      ["h1", "h0"],
      ["if0", "if1"],
    ],
    [
      ["h0", "h1"],
      ["if1", "if0"],
    ],
  ] as const) {
    const { updated, failed } = await apply(names, cards);
    t.deepEqual([updated.map(({ state }) => state), failed], [["CREATED", "CREATED"], []]);
  }
});

test("punts of a set may take over from each other in any order, and in a circle", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const punt = (label: string, port: number): PuntRequestInput => ({
    ...{ cnf: "a", label, type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port } },
    socketPath: `${it.directory}/${label}.sock`,
  });
  const apply = (x: number, y: number, ...more: PuntRequestInput[]) =>
    it.manager.apply({ cnf: "a", punts: [punt("x", x), punt("y", y), ...more] });
  const states = () => it.manager.list({ cnf: "a" }).map(({ state }) => state);
  await apply(1000, 1001);
  t.is((await it.manager.plan({ add: [punt("x", 1001), punt("y", 1000)] })).punts.length, 2);
  await apply(1001, 1002);
  await apply(1002, 1001);
  t.deepEqual(states(), ["CREATED", "CREATED"]);
  t.is((await it.manager.plan()).toString(), "nothing to do");
  const before = it.manager.list();
  await it.manager.add({ ...punt("z", 1003), cnf: "b" });
  await t.throwsAsync(apply(1001, 1003), { code: "ERR_CONFLICT", message: /punt a\/y .* and punt b\/z / });
  await t.throwsAsync(apply(1001, 1002, punt("w", 1002)), {
    code: "ERR_CONFLICT",
    message: /punt a\/w .* and punt a\/y /,
  });
  t.deepEqual(it.manager.list({ cnf: "a" }), before, "nothing was done");
});
