// Interfaces of the embedded VPP.
import test from "ava";
import { ADMIN_UP, MAC, SimTest } from "../support/vpp/sim.js";

const NONE = 0xffffffff;

test("loopbacks come and go, and the index freed last is used first", async (t) => {
  const sim = await SimTest.start(t);
  const create = async () => (await sim.ok("create_loopback", { mac_address: "00:00:00:00:00:00" })).sw_if_index;
  t.is(await create(), 3);
  t.is(await create(), 4);
  await sim.ok("delete_loopback", { sw_if_index: 3 });
  t.is(await create(), 3);
  t.is(await sim.retval("delete_loopback", { sw_if_index: 1 }), -2, "a network card is not a loopback");
  t.is(await sim.retval("delete_loopback", { sw_if_index: 99 }), -2);
  const instance = { mac_address: "02:00:00:00:00:09", is_specified: true, user_instance: 7 };
  const { sw_if_index } = await sim.ok("create_loopback_instance", instance);
  t.is(await sim.retval("create_loopback_instance", instance), -31);
  const [details] = await sim.api.dump("sw_interface_dump", { sw_if_index, name_filter_valid: false, name_filter: "" });
  t.like(details, { interface_name: "loop7", l2_address: "02:00:00:00:00:09", interface_dev_type: "Loopback" });
});

test("the dump filters by index and by part of a name, and shows index 0 as all", async (t) => {
  const sim = await SimTest.start(t);
  const dump = async (sw_if_index: number, filter?: string) => {
    const args = { sw_if_index, name_filter_valid: filter !== undefined, name_filter: filter ?? "" };
    return (await sim.api.dump("sw_interface_dump", args)).map((details) => details.interface_name);
  };
  t.deepEqual(await dump(NONE), ["local0", "eth0", "eth1"]);
  t.deepEqual(await dump(0), ["local0", "eth0", "eth1"]);
  t.deepEqual(await dump(2), ["eth1"]);
  t.deepEqual(await dump(77), []);
  t.deepEqual(await dump(NONE, "ETH1"), ["eth1"]);
});

test("attributes are kept: flags, tag, MTU, MAC address", async (t) => {
  const sim = await SimTest.start(t);
  const sw_if_index = sim.index("eth0");
  await sim.ok("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
  await sim.ok("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "mine" });
  await sim.ok("sw_interface_set_mtu", { sw_if_index, mtu: [1400, 0, 0, 0] });
  await sim.ok("sw_interface_set_mac_address", { sw_if_index, mac_address: "02:01:02:03:04:05" });
  const [details] = await sim.api.dump("sw_interface_dump", { sw_if_index, name_filter_valid: false, name_filter: "" });
  t.like(details, { tag: "mine", mtu: [1400, 0, 0, 0], l2_address: "02:01:02:03:04:05" });
  t.deepEqual(details!.flags, [...ADMIN_UP, "IF_STATUS_API_FLAG_LINK_UP"]);
  t.is(sim.vpp.interface("mine").swIfIndex, sw_if_index, "found by its tag");
  t.is(await sim.retval("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "" }), -7);
  for (const [name, args] of [
    ["sw_interface_set_flags", { flags: [] }],
    ["sw_interface_set_mtu", { mtu: [1, 2, 3, 4] }],
    ["hw_interface_set_mtu", { mtu: 1500 }],
    ["sw_interface_get_mac_address", {}],
  ] as const) {
    t.is(await sim.retval(name, { sw_if_index: 99, ...args }), -2, name);
  }
});

test("clients that asked get events of state and deletion until they leave", async (t) => {
  const sim = await SimTest.start(t);
  t.is(await sim.retval("want_interface_events", { enable_disable: 0, pid: 1 }), -31);
  await sim.ok("want_interface_events", { enable_disable: 1, pid: 42 });
  t.is(await sim.retval("want_interface_events", { enable_disable: 1, pid: 42 }), -31);
  await sim.up("eth0");
  const { sw_if_index } = await sim.ok("create_loopback", { mac_address: MAC.host0 });
  await sim.ok("delete_loopback", { sw_if_index });
  await sim.ok("control_ping");
  const events = sim.api.events.map(({ value }) => value);
  t.like(events[0], { sw_if_index: sim.index("eth0"), pid: 42, deleted: false });
  t.deepEqual(events[0]!.flags, [...ADMIN_UP, "IF_STATUS_API_FLAG_LINK_UP"]);
  t.true(events.some((event) => event.sw_if_index === sw_if_index && event.deleted === true));
});

test("addresses: what overlaps, is missing or misshapen is refused with VPP's numbers", async (t) => {
  const sim = await SimTest.start(t);
  const change = (name: string, prefix: string, is_add = true) =>
    sim.retval("sw_interface_add_del_address", { sw_if_index: sim.index(name), is_add, del_all: false, prefix });
  t.is(await change("eth0", "10.0.0.1/24"), 0);
  t.is(await change("eth0", "10.0.0.2/24"), 0, "a second address of the same subnet");
  t.is(await change("eth0", "10.0.0.1/24"), -105, "the same again");
  t.is(await change("eth1", "10.0.0.9/24"), -105);
  t.is(await change("eth1", "10.0.0.0/8"), -105, "a subnet around it");
  t.is(await change("eth1", "10.0.0.129/25"), -105, "a subnet inside it");
  t.is(await change("eth1", "10.0.0.1/24", false), -60);
  t.is(await change("eth1", "fd00::1/64"), 0);
  t.is(await change("eth0", "fd00::2/64"), -127, "IPv6 has its own number for it");
  const dump = async (name: string, is_ipv6: boolean) =>
    (await sim.api.dump("ip_address_dump", { sw_if_index: sim.index(name), is_ipv6 })).map(({ prefix }) => prefix);
  t.deepEqual(await dump("eth0", false), ["10.0.0.1/24", "10.0.0.2/24"]);
  t.deepEqual(await dump("eth1", true), ["fd00::1/64"]);
  const all = { sw_if_index: sim.index("eth0"), is_add: false, del_all: true, prefix: "0.0.0.0/0" };
  await sim.ok("sw_interface_add_del_address", all);
  t.deepEqual(await dump("eth0", false), []);
  t.is(await change("eth1", "10.0.0.9/24"), 0);
});

test("tables: made once, deleted once, kept while in use; an interface with addresses does not move", async (t) => {
  const sim = await SimTest.start(t);
  const table = (table_id: number, is_add = true) =>
    sim.ok("ip_table_add_del", { is_add, table: { table_id, is_ip6: false, name: "" } });
  const ids = async () =>
    (await sim.api.dump("ip_table_dump"))
      .map(({ table }) => table as { table_id: number; is_ip6: boolean })
      .filter(({ is_ip6 }) => !is_ip6)
      .map(({ table_id }) => table_id);
  const bind = (vrf_id: number) =>
    sim.retval("sw_interface_set_table", { sw_if_index: sim.index("eth0"), is_ipv6: false, vrf_id });
  t.is(await bind(7), -3);
  await table(7);
  await table(7);
  t.is(await bind(7), 0);
  await table(7, false);
  t.deepEqual(await ids(), [0, 7], "the interface still holds it");
  t.is(await bind(0), 0);
  t.deepEqual(await ids(), [0]);
  await sim.up("eth0", "10.0.0.1/24");
  await table(8);
  t.is(await bind(8), -114);
  const { vrf_id } = await sim.ok("sw_interface_get_table", { sw_if_index: sim.index("eth0"), is_ipv6: false });
  t.is(vrf_id, 0);
});

test("unnumbered interfaces are listed until they are numbered again", async (t) => {
  const sim = await SimTest.start(t);
  const { sw_if_index } = await sim.ok("create_loopback", { mac_address: "00:00:00:00:00:00" });
  const set = (source: number, borrower: number, is_add = true) =>
    sim.retval("sw_interface_set_unnumbered", { sw_if_index: source, unnumbered_sw_if_index: borrower, is_add });
  t.is(await set(1, 99), -2);
  t.is(await set(99, 1), -10);
  t.is(await set(sw_if_index as number, 1), 0);
  const dump = () => sim.api.dump("ip_unnumbered_dump", { sw_if_index: NONE });
  t.deepEqual(await dump(), [{ sw_if_index: 1, ip_sw_if_index: sw_if_index }]);
  await sim.ok("delete_loopback", { sw_if_index });
  t.deepEqual(await dump(), [{ sw_if_index: 1, ip_sw_if_index: sw_if_index }], "VPP goes on listing it");
  t.is(await set(0, 1, false), 0);
  t.deepEqual(await dump(), []);
  await sim.ok("ip_table_add_del", { is_add: true, table: { table_id: 5, is_ip6: false, name: "" } });
  await sim.ok("sw_interface_set_table", { sw_if_index: 2, is_ipv6: false, vrf_id: 5 });
  t.is(await set(1, 2), -74, "in different tables");
});
