// Steps that wait for a step that fails: they are tried with it, and do not wake the manager before.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { Retries } from "../../lib/punt/reconcile/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { until } from "../support/until.js";

const refused = new PuntError("punt.reconcile", "VPP_UNSPECIFIED", "refused");

test("a step that waits for another one is due with that one, and no earlier", (t) => {
  const retries = new Retries({ firstDelay: 10, longestDelay: 1000 }, () => 0);
  for (let attempt = 0; attempt < 5; attempt++) retries.failed("interface", refused, false);
  retries.failed("span", refused, false);
  t.is(retries.untilNext(), 10);
  retries.waitFor("span", "interface");
  t.is(retries.untilNext(), 160);
  t.is(retries.get("span")!.nextTry, retries.get("interface")!.nextTry);
  retries.waitFor("interface", "another");
  retries.waitFor("another", "interface");
  t.deepEqual(retries.keys(), ["interface", "span"]);
  retries.failed("short", refused, false);
  retries.waitFor("interface", "short");
  t.is(retries.get("interface")!.due, 160, "never sooner");
});

test("a new punt whose interconnect fails for long does not make the manager look without a pause", async (t) => {
  const it = await managedVpp({ resyncInterval: 60_000, retry: { firstDelay: 20, longestDelay: 1_000 } });
  t.teardown(() => it.close());
  const { manager, vpp } = it;
  const refusal = { kind: "refuse", error: "UNSPECIFIED" } as const;
  vpp.faults.add({ message: "tap_create_v3", action: refusal, times: Number.POSITIVE_INFINITY });
  const abx = (cnf: string, more: object = {}) =>
    ({
      ...{ cnf, type: "ABX", interconnect: "TAP", vppInterface: "if0", ingressAclRules: [{ protocol: "TCP" }] },
      ...more,
    }) as PuntRequestInput;
  const attempts = () => manager.get({ cnf: "a" })!.failure?.attempts ?? 0;
  await t.throwsAsync(manager.add(abx("a"), { waitFor: "CREATED" }));
  await until(() => attempts() >= 7);
  // It shares the TAP, and has items of its own.
  await t.throwsAsync(manager.add(abx("b", { egressAclRules: [{}] }), { waitFor: "CREATED" }));
  const before = attempts();
  let passes = 0;
  manager.on("pass", () => passes++);
  await until(() => attempts() >= before + 2);
  t.true(passes < 12, `${passes} passes for two attempts`);
});
