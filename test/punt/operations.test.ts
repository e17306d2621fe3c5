// Errors name the operation that failed: the call that the program made, whatever part below found the reason.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import type { PuntManager } from "../../lib/punt/index.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";

const span = (key: string, vppInterface: string) =>
  ({ cnf: "cnf1", key, type: "SPAN", interconnect: "MEMIF", vppInterface }) as const;
const wire = (key: string, one: string, two: string) =>
  ({
    cnf: "cnf1",
    key,
    type: "HAIRPIN_XCONNECT",
    interconnect: "MEMIF",
    vppInterface1: one,
    vppInterface2: two,
  }) as const;

async function refusal(body: Promise<unknown>): Promise<string> {
  const error = await body.then(
    () => undefined,
    (found: unknown) => found,
  );
  if (!(error instanceof PuntError)) return `no PuntError: ${error}`;
  return `${error.op} ${error.code}${error.message.startsWith(`${error.op}: `) ? "" : ` ${error.message}`}`;
}

/** Returns the first failure of a set, as `refusal` does. */
async function failureOf(apply: ReturnType<PuntManager["apply"]>): Promise<string> {
  const { failed } = await apply;
  return refusal(Promise.reject(failed[0]?.error));
}

/** VPP hears no deletion of a mirror. */
function deafen({ vpp }: ManagedVpp): void {
  const action = { kind: "lose-request" } as const;
  vpp.faults.add({ message: "sw_interface_span_enable_disable", action, times: Number.POSITIVE_INFINITY });
}

async function managed(t: { teardown(body: () => unknown): void }): Promise<ManagedVpp> {
  const it = await managedVpp();
  t.teardown(() => it.close());
  return it;
}

test("a wait for a punt that takes too long", async (t) => {
  const { manager } = await managed(t);
  const wait = { waitFor: "CREATED", timeout: 20 } as const;
  t.is(await refusal(manager.add(span("a", "none"), wait)), "punt.add ETIMEDOUT");
  t.is(await refusal(manager.update(span("a", "missing"), wait)), "punt.update ETIMEDOUT");
  const apply = manager.apply({ cnf: "cnf1", punts: [span("a", "missing")] }, wait);
  t.is(await failureOf(apply), "punt.apply ETIMEDOUT");
});

test("a wait for a punt that another call deletes", async (t) => {
  const { manager } = await managed(t);
  await manager.add(span("a", "none"));
  const wait = { waitFor: "CREATED" } as const;
  const added = refusal(manager.add(span("a", "none"), wait));
  const updated = refusal(manager.update(span("a", "missing"), wait));
  const applied = failureOf(manager.apply({ cnf: "cnf1", punts: [span("a", "missing")] }, wait));
  await manager.resync();
  await manager.delete({ cnf: "cnf1", key: "a" });
  t.is(await added, "punt.add ECANCELED");
  t.is(await updated, "punt.update ECANCELED");
  t.is(await applied, "punt.apply ECANCELED");
});

test("a conflict with another punt, and one interface twice", async (t) => {
  const { manager } = await managed(t);
  await manager.apply({ cnf: "cnf1", punts: [wire("a", "if0", "if1"), wire("b", "if2", "if3")] });
  const rival = wire("b", "if1", "if2");
  t.is(await refusal(manager.add({ ...rival, key: "c" })), "punt.add ERR_CONFLICT");
  t.is(await refusal(manager.update(rival)), "punt.update ERR_CONFLICT");
  t.is(
    await refusal(manager.apply({ cnf: "cnf1", punts: [wire("a", "if0", "if1"), rival] })),
    "punt.apply ERR_CONFLICT",
  );
  t.is(await refusal(manager.plan({ add: [{ ...rival, key: "c" }] })), "punt.plan ERR_CONFLICT");
});

test("a deletion that takes too long", async (t) => {
  const it = await managed(t);
  const { manager } = it;
  await manager.apply({ cnf: "cnf1", punts: [span("a", "if0"), span("b", "if1")] });
  deafen(it);
  const apply = manager.apply({ cnf: "cnf1", punts: [span("a", "if0")] }, { timeout: 20 });
  t.is(await failureOf(apply), "punt.apply ETIMEDOUT");
  t.is(manager.get({ cnf: "cnf1", key: "a" })?.state, "CREATED");
  t.is(await refusal(manager.delete({ cnf: "cnf1", key: "a" }, { timeout: 20 })), "punt.delete ETIMEDOUT");
  // Nothing waits for the lost answer any more.
  it.vpp.faults.clear();
  await it.restartVpp();
});
