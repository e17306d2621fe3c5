// The plan is pure: the same punts and facts give the same plan, and no step is left after it was carried out.
import test from "ava";
import fc from "fast-check";
import { Interconnects } from "../../lib/punt/desired/interconnects.js";
import { SubnetPool } from "../../lib/punt/interconnect/allocate.js";
import { type Marks, marksFor } from "../../lib/punt/interconnect/marks.js";
import { type Facts, type Feature, interfaceFinder, type Seen, type VppInterface } from "../../lib/punt/items/facts.js";
import { differences, satisfies } from "../../lib/punt/items/item.js";
import { kindOf } from "../../lib/punt/items/kinds.js";
import { stepsFor } from "../../lib/punt/plan/diff.js";
import { makePlan, type Plan } from "../../lib/punt/plan/plan.js";
import type { Wanted } from "../../lib/punt/plan/wanted.js";
import { idKey, type PuntRequest, parseRequest } from "../../lib/punt/request/request.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";

const pools = { 4: new SubnetPool("192.168.111.0/24", 4), 6: new SubnetPool("fd00::/112", 6) };
const marks: Marks = marksFor("test", "/run/test", pools);

const allFeatures: Feature[] = ["abx", "isisx", "acl", "dhcp", "memif", "tap", "vhost-net", "nd-proxy"];

/** Returns the facts of a VPP with a number of cards, each with addresses of both families, and with these objects. */
function factsOf(cards: number, seen: readonly Seen[] = []): Facts {
  const interfaces = Array.from({ length: cards }, (_, index): VppInterface => {
    const name = `if${index}`;
    const addresses = [`10.0.${index}.1/24`, `fd00:${index}::1/64`];
    const identity = { swIfIndex: index + 1, id: name, vppName: name, tag: "", mac: "02:00:00:00:00:01" };
    return { ...identity, up: true, mtu: 1500, ours: false, addresses, tables: { 4: 0, 6: 0 } };
  });
  return {
    features: new Set(allFeatures),
    lacks: new Map(),
    interfaces,
    interface: interfaceFinder(interfaces),
    tables: new Set(["4/1", "4/2"]),
    puntReasons: new Map(),
    namespaces: new Set([0, 1]),
    seen: new Map(seen.map((each) => [each.key, each])),
    unreadable: new Map(),
    unreadableNamespaces: new Map(),
  };
}

const choice = fc.record({
  type: fc.constantFrom(...puntTypes),
  interconnect: fc.constantFrom("TAP" as const, "MEMIF" as const),
  subject: fc.nat({ max: 2 }),
  unique: fc.nat({ max: 9 }),
  netns: fc.nat({ max: 1 }),
});

type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never;

function desiredOf(choices: readonly Choice[]): Wanted {
  const interconnects = new Interconnects(marks);
  const punts: PuntRequest[] = [];
  const ids = new Set<string>();
  for (const { netns, ...place } of choices) {
    const request = parseRequest(puntOf(place.type, { cnf: `cnf${place.unique}`, ...place }));
    if (ids.has(request.cnf + request.label)) continue;
    try {
      interconnects.assign(request, netns);
    } catch {
      continue; // A conflict: interconnect.test.ts tests those.
    }
    ids.add(request.cnf + request.label);
    punts.push(request);
  }
  return {
    punts,
    interconnects: interconnects.all(),
    namespaces: [
      { id: 0, path: "" },
      { id: 1, path: "/run/netns/one" },
    ],
    interconnectsOf: (id) => interconnects.of(id),
    namespacePath: (id) => (id === 1 ? "/run/netns/one" : ""),
    requestOf: (key) => punts.find((request) => idKey(request) === key),
  };
}

/** Returns the items of a plan as objects of VPP. */
function carriedOut(plan: Plan): Seen[] {
  return [...plan.items.values()].map(({ kind, key, value }) => ({ kind, key, value, ours: true }));
}

test("the same punts and facts give the same plan", (t) => {
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 20 }), fc.nat({ max: 6 }), (choices, cards) => {
      const desired = desiredOf(choices);
      const [one, other] = [makePlan(desired, marks, factsOf(cards)), makePlan(desired, marks, factsOf(cards))];
      t.deepEqual([...one.items], [...other.items]);
      t.deepEqual([...one.punts], [...other.punts]);
    }),
  );
});

test("objects in an unknown namespace stay, and none is made there; objects in a namespace that is gone are deleted", (t) => {
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 20 }), (choices) => {
      const desired = desiredOf(choices);
      const plan = makePlan(desired, marks, factsOf(6));
      const lost = { kind: "container", text: "container web: no answer", isUnknown: true } as const;
      const unknown = { namespaces: new Set([0]), absences: new Map([[1, lost]]) };
      const after = { ...factsOf(6, carriedOut(plan)), ...unknown };
      t.deepEqual(stepsFor(makePlan(desired, marks, after), after), []);
      const before = { ...factsOf(6), ...unknown };
      const states = [...makePlan(desired, marks, before).punts.values()].map(({ state }) => state);
      const made = stepsFor(makePlan(desired, marks, before), before);
      t.true(made.every(({ item }) => item?.users.some((user) => isIn(desired, user, 0))));
      const { absences: _absences, ...gone } = after;
      const waits = states.includes("waiting");
      t.is(
        stepsFor(makePlan(desired, marks, gone), gone).some(({ action }) => action === "delete"),
        waits,
      );
    }),
  );
});

function isIn({ interconnectsOf, requestOf }: Wanted, user: string, netns: number): boolean {
  return interconnectsOf(requestOf(user)!).some((interconnect) => (interconnect.netns ?? netns) === netns);
}

test("a plan that was carried out leaves no step, and without punts all of its objects are deleted", (t) => {
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 20 }), (choices) => {
      const plan = makePlan(desiredOf(choices), marks, factsOf(6));
      const after = factsOf(6, carriedOut(plan));
      t.deepEqual(stepsFor(plan, after), []);
      const leftovers = stepsFor(makePlan(desiredOf([]), marks, after), after);
      const removable = [...plan.items.values()].filter((item) => !kindOf(item).attribute);
      t.deepEqual(
        new Set(leftovers.map((step) => `${step.action} ${step.key}`)),
        new Set(removable.map((item) => `delete ${item.key}`)),
      );
    }),
  );
});

test("no step contains an object of another owner", (t) => {
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 12 }), fc.array(choice, { maxLength: 12 }), (theirs, choices) => {
      const foreign = carriedOut(makePlan(desiredOf(theirs), marks, factsOf(6))).map((each) => ({
        ...each,
        ours: false,
      }));
      const facts = factsOf(6, foreign);
      const keys = new Set(foreign.map((each) => each.key));
      for (const step of stepsFor(makePlan(desiredOf(choices), marks, facts), facts))
        t.false(keys.has(step.key), step.key);
    }),
  );
});

test("the dependencies of every item are items of the plan, or objects that the manager does not create", (t) => {
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 20 }), (choices) => {
      const plan = makePlan(desiredOf(choices), marks, factsOf(6));
      for (const item of plan.items.values()) {
        for (const key of kindOf(item).dependsOn(item.value)) {
          // Cards and default tables exist without a plan. Neighbors and lenders are optional.
          const optional = /^(interface\/if\d|table\/|unnumbered\/)/.test(key);
          t.true(plan.items.has(key) || optional, `${item.key} needs ${key}`);
        }
        t.true(satisfies(item.value, item.value));
      }
    }),
  );
});

test("Linux computes the checksums of packets into a veth pair, and VPP those of packets from a TAP", (t) => {
  const wanted = desiredOf([{ type: "SPAN", interconnect: "TAP", subject: 0, unique: 0, netns: 0 }]);
  const offloadWith = (feature: Feature) => {
    const features = new Set([...allFeatures.filter((name) => name !== "vhost-net"), feature]);
    const items = [...makePlan(wanted, marks, { ...factsOf(6), features }).items.values()];
    const link = items.find(({ kind }) => kind === "host-link")!;
    return (link.value as { checksumOffload?: boolean }).checksumOffload;
  };
  t.is(offloadWith("af_packet"), false);
  t.is(offloadWith("vhost-net"), undefined);
});

test("the reason of a step shows neither a memif's secret nor what stands for it", (t) => {
  const [seen, wanted] = [
    { mac: "a", secret: "azCrDkb" },
    { mac: "b", secret: "dhqExFa" },
  ];
  t.deepEqual(differences(seen, wanted), ['mac: "a" -> "b"', "secret: another one"]);
});
