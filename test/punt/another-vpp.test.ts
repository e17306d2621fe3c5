// The steps of a look are for the VPP that was read: the next VPP has other objects under its numbers.
import test from "ava";
import type { Vpp } from "../../lib/binapi/index.js";
import type { StoredState } from "../../lib/punt/index.js";
import { Gate } from "../support/gate.js";
import { indexOf } from "../support/punt/layer3.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

/** Two interfaces of an operator, known by their tags. */
async function makeTwo(client: Vpp, ...tags: string[]): Promise<void> {
  for (const tag of tags) {
    const { sw_if_index } = await client.call("create_loopback", { mac_address: "00:00:00:00:00:00" });
    await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag });
  }
}

test("a restart of VPP while the store is written ends the steps that the last look led to", async (t) => {
  const it = await managedVpp({ resyncInterval: 60_000 });
  t.teardown(() => it.close());
  const { client, manager, store } = it;
  await makeTwo(client, "one", "two");
  const save = store.save.bind(store);
  const gate = new Gate();
  store.save = async (state: StoredState) => {
    // The write of the claims on what the steps will make.
    if (Object.keys(state.claims).length > 0) await gate.pass();
    await save(state);
  };
  const request = {
    type: "HAIRPIN_XCONNECT",
    interconnect: "MEMIF",
    vppInterface1: "one",
    vppInterface2: "if2",
  } as const;
  const added = manager.add({ cnf: "a", ...request }, { waitFor: "CREATED" });
  await gate.arrived;
  await it.restartVpp();
  await makeTwo(client, "two", "one");
  const other = await indexOf(client, "two");
  const connected: number[] = [];
  const call = client.call.bind(client) as (...all: unknown[]) => Promise<never>;
  client.call = (...all: unknown[]) => {
    if (all[0] === "sw_interface_set_l2_xconnect")
      connected.push((all[1] as { rx_sw_if_index: number }).rx_sw_if_index);
    return call(...all);
  };
  gate.open();
  await added;
  t.true(connected.includes(await indexOf(client, "one")));
  t.false(connected.includes(other));
});
