// Interconnects: which punts share one, and the keys that exclude each other.
import test from "ava";
import fc from "fast-check";
import { PuntError } from "../../lib/errors.js";
import { Interconnects } from "../../lib/punt/desired/interconnects.js";
import { SubnetPool } from "../../lib/punt/interconnect/allocate.js";
import type { Interconnect } from "../../lib/punt/interconnect/interconnect.js";
import { idOf, parseRequest } from "../../lib/punt/request/request.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { allPairs, expectedOutcome, type Outcome, type Pair } from "../support/punt/sharing.js";

const pools = { 4: new SubnetPool("192.168.111.0/24", 4), 6: new SubnetPool("fd00::/112", 6) };
const settings = { seed: "", memifDirectory: "/run/test", memifOwner: "", pools };

function addPair({ types, interconnects, sameSubject, sameNamespace }: Pair): {
  outcome: Outcome;
  all: Interconnect[];
} {
  const registry = new Interconnects(settings);
  const requests = types.map((type, index) =>
    parseRequest(
      puntOf(type, {
        cnf: `cnf${index}`,
        interconnect: interconnects[index],
        subject: sameSubject ? 0 : index,
        unique: index,
      }),
    ),
  );
  registry.assign(requests[0], 1);
  const before = JSON.stringify(registry.all());
  try {
    const added = registry.assign(requests[1], sameNamespace ? 1 : 2);
    const all = registry.all();
    return { outcome: added.some((each) => each.users.length === 2) ? "shared" : "independent", all };
  } catch (error) {
    if (!(error instanceof PuntError) || error.code !== "ERR_CONFLICT") throw error;
    for (const request of requests) if (!error.message.includes(request.cnf)) throw error;
    if (JSON.stringify(registry.all()) !== before) throw new Error("a conflict changed something");
    return { outcome: "conflict", all: registry.all() };
  }
}

for (const one of puntTypes) {
  test(`${one} beside every other type shares, conflicts or is independent as specified`, (t) => {
    for (const pair of allPairs(puntTypes).filter(({ types }) => types[0] === one)) {
      const { outcome, all } = addPair(pair);
      t.is(outcome, expectedOutcome(pair), JSON.stringify(pair));
      const names = all.map((each) => each.name).filter((each) => each !== "");
      t.is(new Set(names).size, names.length, "names are unique");
    }
  });
}

test("the cost of a punt does not grow with the punts of the same interface", (t) => {
  // With a look at each other punt, this takes many minutes.
  const registry = new Interconnects(settings);
  const requests = Array.from({ length: 50_000 }, (_, index) =>
    parseRequest({ cnf: `c${index}`, type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" }),
  );
  for (const [index, request] of requests.entries()) t.is(registry.assign(request, 0)[0]!.priority, index + 1);
  registry.release(idOf(requests[7]!));
  t.is(registry.assign(requests[7]!, 0)[0]!.priority, 8, "the lowest free priority");
  for (const request of requests) registry.release(request);
  t.deepEqual(registry.all(), []);
});

test("links that differ in any attribute are not shared", (t) => {
  const registry = new Interconnects(settings);
  const span = { type: "SPAN", interconnect: "TAP", vppInterface: "if0" } as const;
  registry.assign(parseRequest({ ...span, cnf: "one" }), 1);
  const error = t.throws(() => registry.assign(parseRequest({ ...span, cnf: "two", enableGso: true }), 1), {
    instanceOf: PuntError,
  });
  t.is(error.code, "ERR_CONFLICT");
  t.like(error.details, { punt: { cnf: "two" }, other: { cnf: "one" }, selector: "vpp/span/interface/if0" });
});

test("UDP over IPv6 and ICMPv6 of one number are one key of VPP", (t) => {
  const registry = new Interconnects(settings);
  const request = (protocol: "UDP" | "ICMPv6", af: "IPV4" | "IPV6") =>
    parseRequest({
      cnf: protocol + af,
      type: "PUNT_TO_SOCKET",
      toHost: { af, protocol, port: 200 },
      socketPath: "/run/a",
    });
  registry.assign(request("UDP", "IPV6"), 0);
  t.is(t.throws(() => registry.assign(request("ICMPv6", "IPV6"), 0), { instanceOf: PuntError }).code, "ERR_CONFLICT");
  t.notThrows(() => registry.assign(request("UDP", "IPV4"), 0));
});

test("ABX interconnects of one interface have priorities from 1, and a free priority is used again", (t) => {
  const registry = new Interconnects(settings);
  const requests = [1, 2, 3, 4].map((each) =>
    parseRequest(puntOf("ABX", { cnf: `c${each}`, interconnect: "MEMIF", subject: 0, unique: each })),
  );
  const priority = (index: number) => registry.assign(requests[index], 0)[0].priority;
  t.deepEqual([priority(0), priority(1), priority(2)], [1, 2, 3]);
  registry.release(idOf(requests[1]));
  t.is(priority(3), 2);
});

test("in random histories names, subnets and secrets are unique, nothing is left, and a restored registry is equal", (t) => {
  const operation = fc.record({
    type: fc.constantFrom(...puntTypes),
    interconnect: fc.constantFrom("TAP" as const, "MEMIF" as const),
    subject: fc.nat({ max: 2 }),
    unique: fc.nat({ max: 9 }),
    netns: fc.nat({ max: 1 }),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const registry = new Interconnects(settings);
      const present = new Map<string, ReturnType<typeof parseRequest>>();
      for (const { remove, netns, ...place } of operations) {
        const request = parseRequest(puntOf(place.type, { cnf: `cnf${place.unique}`, ...place }));
        const key = `${request.cnf}/${request.label}`;
        if (remove || present.has(key)) {
          registry.release(idOf(request));
          present.delete(key);
          continue;
        }
        try {
          registry.assign(request, netns);
          present.set(key, request);
        } catch (error) {
          t.is((error as PuntError).code, "ERR_CONFLICT");
        }
      }
      checkInvariants(registry.all());
      const restored = new Interconnects(settings);
      restored.restore(registry.all(), [...present.values()]);
      t.deepEqual(restored.all(), registry.all());
      for (const request of present.values()) {
        t.deepEqual(restored.of(idOf(request)), registry.of(idOf(request)));
      }
      for (const request of present.values()) registry.release(idOf(request));
      t.deepEqual(registry.all(), []);
    }),
  );

  function checkInvariants(all: Interconnect[]): void {
    const unique = (values: unknown[]) => t.is(new Set(values).size, values.length);
    unique(all.map((each) => each.name).filter((each) => each !== ""));
    unique(all.flatMap((each) => each.secret ?? []));
    unique(all.flatMap((each) => each.socket ?? []));
    unique(all.flatMap((each) => each.subnets[4] ?? []));
    for (const each of all) t.true((each.secret ?? "").length <= 23 && each.users.length > 0);
  }
});
