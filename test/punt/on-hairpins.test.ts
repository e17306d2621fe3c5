// The interface of a HAIRPIN is one of VPP's: what operators set on it, and lead to it, stays.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { indexOf } from "../support/punt/layer3.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

test("neighbors, mirrors, cross-connects and borrowed addresses of an operator stay on a HAIRPIN's interface", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { client, manager } = it;
  await manager.add(
    { cnf: "a", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "if0", hairpinInterface: { name: "inner" } },
    { waitFor: "CREATED" },
  );
  const [inner, if1, if2, if3] = await Promise.all(["inner", "if1", "if2", "if3"].map((name) => indexOf(client, name)));
  const neighbor = {
    sw_if_index: inner!,
    flags: ["IP_API_NEIGHBOR_FLAG_STATIC" as const],
    mac_address: "02:00:00:00:00:77",
    ip_address: "10.0.3.7",
  };
  await client.call("sw_interface_set_unnumbered", {
    sw_if_index: if3!,
    unnumbered_sw_if_index: inner!,
    is_add: true,
  });
  await client.call("ip_neighbor_add_del", { is_add: true, neighbor });
  await client.call("proxy_arp_intfc_enable_disable", { sw_if_index: inner!, enable: true });
  const mirror = { sw_if_index_from: if1!, sw_if_index_to: inner!, is_l2: false };
  await client.call("sw_interface_span_enable_disable", { ...mirror, state: "SPAN_STATE_API_RX" });
  await client.call("sw_interface_set_l2_xconnect", { rx_sw_if_index: if2!, tx_sw_if_index: inner!, enable: true });
  await manager.resync();
  t.is(manager.get({ cnf: "a" })!.state, "CREATED");

  const neighbors = await client.dumpAll("ip_neighbor_dump", { sw_if_index: inner!, af: "ADDRESS_IP4" });
  t.deepEqual(
    neighbors.map((found) => found.neighbor.ip_address),
    ["10.0.3.7"],
  );
  const borrowers = await client.dumpAll("ip_unnumbered_dump", {});
  t.deepEqual(borrowers, [{ sw_if_index: inner!, ip_sw_if_index: if3! }]);
  t.deepEqual(await client.dumpAll("proxy_arp_intfc_dump", {}), [{ sw_if_index: inner! }]);
  const mirrors = await client.dumpAll("sw_interface_span_dump", { is_l2: false });
  t.deepEqual(
    mirrors.map(({ sw_if_index_from }) => sw_if_index_from),
    [if1!],
  );
  const connected = await client.dumpAll("l2_xconnect_dump", {});
  t.true(connected.some(({ rx_sw_if_index, tx_sw_if_index }) => rx_sw_if_index === if2 && tx_sw_if_index === inner));
});

test("a HAIRPIN goes on working when an operator gives another interface the name of its own", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const hairpin = { cnf: "a", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "if0" } as const;
  await it.manager.add({ ...hairpin, hairpinInterface: { name: "inner" } }, { waitFor: "CREATED" });
  const before = await it.client.dumpAll("memif_dump", {});
  const sw_if_index = await indexOf(it.client, "if3");
  await it.client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "inner" });
  await it.manager.resync();
  t.is(it.manager.get({ cnf: "a" })!.state, "CREATED");
  t.deepEqual(await it.client.dumpAll("memif_dump", {}), before);
});

test("a DHCP client of an operator stays on a HAIRPIN's interface; that of a request goes with the wish", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { client, manager } = it;
  const hairpin = (withDhcpClient: boolean): PuntRequestInput => ({
    ...{ cnf: "a", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "if0" },
    hairpinInterface: { name: "inner", withDhcpClient },
  });
  const clients = async () => (await client.dumpAll("dhcp_client_dump", {})).length;
  await manager.add(hairpin(false), { waitFor: "CREATED" });
  const names = { hostname: "", id: new Uint8Array(64), want_dhcp_event: false, set_broadcast_flag: true };
  const sw_if_index = await indexOf(client, "inner");
  const config = { sw_if_index, ...names, dscp: "IP_API_DSCP_CS0" as const, pid: 1 };
  await client.call("dhcp_client_config", { is_add: true, client: config });
  await manager.resync();
  t.is(await clients(), 1);
  t.is((await manager.plan()).toString(), "nothing to do");
  await client.call("dhcp_client_config", { is_add: false, client: config });
  await manager.update(hairpin(true), { waitFor: "CREATED" });
  t.is(await clients(), 1);
  await it.restartManager();
  await it.manager.update(hairpin(false), { waitFor: "CREATED" });
  t.is(await clients(), 0);
});
