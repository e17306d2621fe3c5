// Interfaces in bridge domains: VPP would take them out for a cross-connect.
import test, { type ExecutionContext } from "ava";
import type { Vpp } from "../../lib/binapi/index.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";

/** The embedded VPP has no bridges: its answer to `show mode` is VPP's. */
function bridge(client: Vpp, members: readonly string[]): void {
  const call = client.call.bind(client) as (...all: unknown[]) => Promise<never>;
  const reply = members.map((name) => `l2 bridge ${name} bd_id 7 shg 0\n`).join("");
  client.call = (...all: unknown[]) => {
    const isMode = all[0] === "cli_inband" && (all[1] as { cmd: string }).cmd === "show mode";
    return isMode ? (Promise.resolve({ retval: 0, reply: `l3 local0  \n${reply}` }) as never) : call(...all);
  };
}

async function managed(t: ExecutionContext): Promise<ManagedVpp> {
  const it = await managedVpp();
  t.teardown(() => it.close());
  return it;
}

const wire = (vppInterface1: string, vppInterface2: string): PuntRequestInput => ({
  ...{ cnf: "a", type: "HAIRPIN_XCONNECT", interconnect: "MEMIF", vppInterface1, vppInterface2 },
});
const hairpin: PuntRequestInput = {
  ...{ cnf: "a", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "if1", hairpinInterface: { name: "inner" } },
};

test("an interface in a bridge domain is not cross-connected", async (t) => {
  const it = await managed(t);
  bridge(it.client, ["if1"]);
  for (const request of [wire("if0", "if1"), wire("if1", "if0"), hairpin]) {
    const error = await t.throwsAsync(it.manager.add(request));
    t.like(error, { code: "ERR_FOREIGN" });
    t.regex(error.message, /if1 is in bridge domain 7/);
    t.deepEqual(await it.client.dumpAll("l2_xconnect_dump", {}), []);
    await it.manager.delete({ cnf: "a" });
  }
  t.is((await it.manager.add(wire("if0", "if2"))).state, "CREATED");
});

test("a bridge that gets the interface of a punt keeps it, and the punt is FAILED until it leaves", async (t) => {
  const it = await managed(t);
  await it.manager.add(wire("if0", "if1"), { waitFor: "CREATED" });
  t.is((await it.client.dumpAll("l2_xconnect_dump", {})).length, 4);
  bridge(it.client, ["if1"]);
  await it.manager.resync();
  t.is(it.manager.get({ cnf: "a" })!.failure!.code, "ERR_FOREIGN");
  bridge(it.client, []);
  await it.manager.resync();
  t.is(it.manager.get({ cnf: "a" })!.state, "CREATED");
});
