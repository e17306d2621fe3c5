// A punt that gets another request while VPP is read keeps its objects: packets pass on.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { Gate } from "../support/gate.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

function abx(...ports: number[]): PuntRequestInput {
  const ingressAclRules = ports.map((destinationPort) => ({ protocol: "UDP", destinationPort }) as const);
  return { cnf: "a", type: "ABX", interconnect: "TAP", vppInterface: "if0", ingressAclRules };
}

test("an update during a look changes what differs, and deletes nothing", async (t) => {
  const it = await managedVpp({ resyncInterval: 60_000 });
  t.teardown(() => it.close());
  await it.manager.add(abx(53), { waitFor: "CREATED" });
  const { client } = it;
  const dumpAll = client.dumpAll.bind(client) as (...all: unknown[]) => Promise<never>;
  const call = client.call.bind(client) as (...all: unknown[]) => Promise<never>;
  const gate = new Gate();
  client.dumpAll = async (...all: unknown[]) => {
    const details = await dumpAll(...all);
    if (all[0] === "l2_xconnect_dump") await gate.pass();
    return details;
  };
  const changes: unknown[] = [];
  client.call = (...all: unknown[]) => {
    if (/acl|tap|proxy_arp_add|unnumbered/.test(all[0] as string)) changes.push(all[0]);
    return call(...all);
  };
  const look = it.manager.resync();
  await gate.arrived;
  const update = it.manager.update(abx(53, 54), { waitFor: "CREATED" });
  // The store has the update before the look goes on.
  while ((await it.store.load())!.punts.every((punt) => JSON.stringify(punt).includes("54") === false))
    await new Promise(setImmediate);
  gate.open();
  await Promise.all([look, update]);
  t.deepEqual(changes, ["acl_add_replace"]);
  t.is(it.manager.get({ cnf: "a" })!.state, "CREATED");
});
