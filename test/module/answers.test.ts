// The addresses that a CNF's end answers for, and the router by which it answers.
import test from "ava";
import { answeredAddresses, answerOptions, routerOf } from "../../lib/module/answers.js";
import { OptionCheck } from "../../lib/options.js";
import type { InterconnectMetadata } from "../../lib/punt/index.js";

const CNF = "02:00:00:00:00:01";
const VPP = "02:00:00:00:00:02";

function between(cnf: readonly string[] | undefined, vpp?: readonly string[]): InterconnectMetadata {
  return {
    ...(cnf && { cnfInterface: { mac: CNF, addresses: cnf } }),
    ...(vpp && { vppInterface: { mac: VPP, addresses: vpp } }),
  } as unknown as InterconnectMetadata;
}

test("a router is between the CNF and its hosts only where the CNF has the addresses of a VPP interface", (t) => {
  t.is(routerOf(between(["10.0.0.1/24"], [])), VPP);
  t.is(routerOf(between(["10.0.0.1/24"], ["10.0.0.9/24"])), undefined);
  t.is(routerOf(between([], [])), undefined);
  t.is(routerOf(between(["10.0.0.1/24"])), undefined);
  // A punt socket has neither interface, and VPP's side of a TAP may have none.
  t.is(routerOf(between(undefined)), undefined);
  t.is(routerOf(between(undefined, [])), undefined);
});

test("an end answers for the addresses of the metadata and of the program, and announces all but VPP's own", (t) => {
  t.deepEqual(answeredAddresses(between(["10.0.0.1/24", "10.0.1.1/24"], ["10.0.0.9/24"]), { kinds: ["arp"] }), {
    ...{ mac: CNF, ipAddresses: ["10.0.0.1/24", "10.0.1.1/24"], announce: true },
  });
  const own = { kinds: ["arp"] as const, ipAddresses: ["10.0.0.5"] };
  t.deepEqual(answeredAddresses(between([], ["10.0.0.9/24"]), own), {
    ...{ mac: CNF, ipAddresses: ["10.0.0.5"], announce: true },
  });
  t.deepEqual(answeredAddresses(between(["10.0.0.1/24"], []), own), {
    ...{ mac: CNF, ipAddresses: ["10.0.0.1/24", "10.0.0.5"], announce: false, router: VPP },
  });
});

test("a list of kinds is short for the options that have it", (t) => {
  const check = () => new OptionCheck("cnf.open");
  t.deepEqual(answerOptions(check(), ["arp", "ping"]), { kinds: ["arp", "ping"] });
  const more = { kinds: ["nd"], passAnswered: true, answersPerBurst: 9, ipAddresses: ["10.0.0.5"] } as const;
  t.is(answerOptions(check(), more), more);
  const message = /^cnf\.open: option answer\.color /;
  t.throws(() => answerOptions(check(), { kinds: ["nd"], color: 1 } as never), { code: "ERR_OPTION", message });
  t.throws(() => answerOptions(check(), { kinds: ["none"] } as never), { code: "ERR_OPTION" });
});
