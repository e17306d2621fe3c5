// Proxy ARP, proxy ND and unnumbered interfaces in the embedded VPP.
import test from "ava";
import { arp, frame, ip, neighborSolicitation, parseIp } from "../support/frames.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const NOBODY = "00:00:00:00:00:00";

const range = (sim: SimTest, low: string, hi: string, is_add = true, table_id = 0) =>
  sim.retval("proxy_arp_add_del", { is_add, proxy: { table_id, low, hi } });

test("proxy ARP answers for its ranges on its interfaces, also a host that asks from VPP's own address", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24");
  await sim.up("eth1");
  await sim.ok("sw_interface_set_unnumbered", { sw_if_index: 1, unnumbered_sw_if_index: 2, is_add: true });
  const ask = (sender: string, target: string) => sim.through("eth1", arp(1, [MAC.host1, sender], [NOBODY, target]));
  t.is(await range(sim, "10.0.0.0", "10.0.0.255"), 0);
  t.is(await range(sim, "10.0.0.0", "10.0.0.255"), 0, "the same again");
  t.is(ask("10.0.0.1", "10.0.0.7").length, 0, "not switched on");
  await sim.ok("proxy_arp_intfc_enable_disable", { sw_if_index: 2, enable: true });
  t.deepEqual(ask("10.0.0.1", "10.0.0.7"), [arp(2, [MAC.eth1, "10.0.0.7"], [MAC.host1, "10.0.0.1"])]);
  t.is(ask("10.0.0.1", "10.0.1.7").length, 0);
  t.deepEqual(await sim.api.dump("proxy_arp_dump"), [{ proxy: { table_id: 0, low: "10.0.0.0", hi: "10.0.0.255" } }]);
  t.deepEqual(await sim.api.dump("proxy_arp_intfc_dump"), [{ sw_if_index: 2 }]);
  t.is(await range(sim, "10.0.0.0", "10.0.0.255", true, 9), -3);
  t.is(await range(sim, "10.0.0.0", "10.0.0.255", false), 0);
  t.is(await range(sim, "10.0.0.0", "10.0.0.255", false), -6);
  t.is(ask("10.0.0.1", "10.0.0.7").length, 0);
  t.is(await sim.retval("proxy_arp_intfc_enable_disable", { sw_if_index: 99, enable: true }), -2);
});

test("an unnumbered interface answers ARP for the addresses it borrows", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24");
  await sim.up("eth1");
  await sim.ok("sw_interface_set_unnumbered", { sw_if_index: 1, unnumbered_sw_if_index: 2, is_add: true });
  const answers = sim.through("eth1", arp(1, [MAC.host1, "10.0.0.2"], [NOBODY, "10.0.0.1"]));
  t.deepEqual(answers, [arp(2, [MAC.eth1, "10.0.0.1"], [MAC.host1, "10.0.0.2"])]);
});

test("ND proxy: an address behind one interface is answered for on another", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "fd00::1/64");
  await sim.up("eth1", "fd01::1/64");
  const ask = () => {
    const question = neighborSolicitation({ from: "fd00::2", to: "ff02::1:ff00:99" }, "fd00::99", MAC.host0);
    return sim.through("eth0", frame({ from: MAC.host0, to: "33:33:ff:00:00:99" }, question));
  };
  t.is(ask().length, 0);
  await sim.ok("ip6nd_proxy_add_del", { sw_if_index: 2, is_add: true, ip: "fd00::99" });
  t.deepEqual(parseIp(ask()[0]!).source, ip("fd00::99"));
  // VPP 26.06 sends these details under the id of another message; so does the embedded one.
  await sim.api.dump("ip6nd_proxy_dump");
  t.is(sim.api.events[0]!.name, "get_first_msg_id");
  await sim.ok("ip6nd_proxy_add_del", { sw_if_index: 2, is_add: false, ip: "fd00::99" });
  t.is(ask().length, 0);
  t.is(await sim.retval("ip6nd_proxy_add_del", { sw_if_index: 99, is_add: true, ip: "fd00::99" }), -2);
});

test("ND proxy on an interface answers every solicitation from a global address", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "fd00::1/64");
  const ask = () => {
    const question = neighborSolicitation({ from: "fd00::2", to: "ff02::1:ff00:77" }, "fd00::77", MAC.host0);
    return sim.through("eth0", frame({ from: MAC.host0, to: "33:33:ff:00:00:77" }, question));
  };
  await sim.ok("ip6nd_proxy_enable_disable", { sw_if_index: 1, is_enable: true });
  t.deepEqual(parseIp(ask()[0]!).source, ip("fd00::77"));
  await sim.ok("ip6nd_proxy_enable_disable", { sw_if_index: 1, is_enable: false });
  t.is(ask().length, 0);
});
