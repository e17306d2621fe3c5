// ACLs, ABX and ABF in the embedded VPP.
import test from "ava";
import { frame, icmpPacket, isis, mac, udpPacket } from "../support/frames.js";
import { aclRule, fibPath } from "../support/vpp/api-values.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const toVpp = { from: MAC.host0, to: MAC.eth0 };
const REWRITE = "02:fe:00:00:00:07";

const acl = async (sim: SimTest, rules: object[], acl_index = 0xffffffff) => {
  const reply = await sim.api.call("acl_add_replace", { acl_index, tag: "t", r: rules });
  return { retval: reply.retval, index: reply.acl_index as number };
};

async function wires(t: Parameters<typeof SimTest.start>[0]): Promise<SimTest> {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24", "fd00::1/64");
  await sim.up("eth1");
  return sim;
}

const udp = (to: string, port = 179) => frame(toVpp, udpPacket({ from: "10.0.0.2", to }, [1000, port]));

test("ACLs: numbered, replaced, listed; refused with VPP's numbers", async (t) => {
  const sim = await wires(t);
  const bgp = aclRule({ proto: "IP_API_PROTO_TCP", dstport_or_icmpcode_first: 179, dstport_or_icmpcode_last: 179 });
  t.deepEqual(await acl(sim, [bgp]), { retval: 0, index: 0 });
  t.deepEqual(await acl(sim, []), { retval: 0, index: 1 });
  t.deepEqual(await acl(sim, [bgp, aclRule({ is_permit: "ACL_ACTION_API_DENY" })], 1), { retval: 0, index: 1 });
  t.is((await acl(sim, [], 7)).retval, -6);
  t.is((await acl(sim, [aclRule({ src_prefix: "::/0" })])).retval, -57);
  t.is((await acl(sim, [aclRule({ srcport_or_icmptype_first: 9, srcport_or_icmptype_last: 8 })])).retval, -8);
  const dump = await sim.api.dump("acl_dump", { acl_index: 0xffffffff });
  t.deepEqual(
    dump.map(({ acl_index, count }) => [acl_index, count]),
    [
      [0, 1],
      [1, 2],
    ],
  );
  t.like((dump[0]!.r as object[])[0], { proto: "IP_API_PROTO_TCP", is_permit: "ACL_ACTION_API_PERMIT" });
  t.is(await sim.retval("acl_del", { acl_index: 1 }), 0);
  t.is(await sim.retval("acl_del", { acl_index: 1 }), -6);
});

test("an ACL on an interface lets through what it permits", async (t) => {
  const sim = await wires(t);
  const echo = frame(toVpp, icmpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, 8, 0, Buffer.alloc(4)));
  await sim.ok("ip_neighbor_add_del", {
    is_add: true,
    neighbor: { sw_if_index: 1, flags: [], mac_address: MAC.host0, ip_address: "10.0.0.2" },
  });
  const { index } = await acl(sim, [aclRule({ proto: "IP_API_PROTO_ICMP" })]);
  await sim.ok("acl_interface_set_acl_list", { sw_if_index: 1, n_input: 1, acls: [index] });
  t.is(sim.through("eth0", echo).length, 1);
  t.is(sim.through("eth0", udp("10.0.0.1")).length, 0, "denied, and no error is sent");
  t.is(await sim.count("acl-plugin-in-ip-fa", "ACL deny packets"), 1);
  t.is(await sim.retval("acl_del", { acl_index: index }), -142);
  t.is(await sim.retval("acl_interface_set_acl_list", { sw_if_index: 1, n_input: 1, acls: [9] }), -6);
});

test("ABX: what the ACL matches leaves through the other interface, as it came but for the MAC address", async (t) => {
  const sim = await wires(t);
  const { index } = await acl(sim, [aclRule({ dst_prefix: "10.0.0.1/32" }), aclRule({ dst_prefix: "224.0.0.0/4" })]);
  const policy = { policy_id: 1, acl_index: index, tx_sw_if_index: sim.index("eth1"), dst_mac: REWRITE };
  const attach = (is_attach: number, policy_id: number, rx_sw_if_index = 1, priority = 1) =>
    sim.retval("abx_interface_attach_detach", { is_attach, attach: { policy_id, priority, rx_sw_if_index } });
  t.is(await attach(1, 1), -6, "no such policy yet");
  await sim.ok("abx_policy_add_del", { is_add: 1, policy });
  t.is(await attach(1, 1), 0);
  t.is(await attach(1, 1), -116);
  const unicast = udp("10.0.0.1");
  const [out] = sim.through("eth0", unicast, "eth1");
  t.deepEqual(out!.subarray(0, 6), mac(REWRITE));
  t.deepEqual(out!.subarray(6), unicast.subarray(6));
  const group = frame(
    { from: MAC.host0, to: "01:00:5e:00:00:05" },
    udpPacket({ from: "10.0.0.2", to: "224.0.0.5" }, [1, 2]),
  );
  t.deepEqual(sim.through("eth0", group, "eth1"), [group], "multicast keeps its MAC address");
  t.is(sim.through("eth0", udp("10.0.0.9"), "eth1").length, 0);
  t.deepEqual(await sim.api.dump("abx_policy_dump"), [{ policy }]);
  t.deepEqual(await sim.api.dump("abx_interface_attach_dump"), [
    { attach: { policy_id: 1, priority: 1, rx_sw_if_index: 1 } },
  ]);
  t.is(await sim.retval("acl_del", { acl_index: index }), -149);
  t.is(await attach(0, 1, 99), -2);
  t.is(await attach(0, 1), 0);
  t.is(await attach(0, 1), -6);
  t.is(sim.through("eth0", unicast, "eth1").length, 0);
  await sim.ok("abx_policy_add_del", { is_add: 0, policy });
  await sim.ok("abx_policy_add_del", { is_add: 0, policy });
  t.is(await sim.retval("acl_del", { acl_index: index }), 0);
});

test("ABX looks at the lower priority value first", async (t) => {
  const sim = await wires(t);
  const { index } = await acl(sim, [aclRule()]);
  const add = async (policy_id: number, priority: number, dst_mac: string) => {
    const policy = { policy_id, acl_index: index, tx_sw_if_index: sim.index("eth1"), dst_mac };
    await sim.ok("abx_policy_add_del", { is_add: 1, policy });
    await sim.ok("abx_interface_attach_detach", { is_attach: 1, attach: { policy_id, priority, rx_sw_if_index: 1 } });
  };
  await add(1, 20, "02:00:00:00:00:20");
  await add(2, 10, "02:00:00:00:00:10");
  const [out] = sim.through("eth0", udp("10.0.0.1"), "eth1");
  t.deepEqual(out!.subarray(0, 6), mac("02:00:00:00:00:10"));
});

test("ABF: unicast that the ACL permits goes along the policy's path", async (t) => {
  const sim = await wires(t);
  const { index } = await acl(sim, [
    aclRule({ is_permit: "ACL_ACTION_API_DENY", proto: "IP_API_PROTO_ICMP" }),
    aclRule(),
  ]);
  const paths = [fibPath(sim.index("eth1"), "10.0.0.1")];
  const policy = { policy_id: 3, acl_index: index, n_paths: 1, paths };
  await sim.ok("ip_neighbor_add_del", {
    is_add: true,
    neighbor: { sw_if_index: sim.index("eth1"), flags: [], mac_address: REWRITE, ip_address: "10.0.0.1" },
  });
  t.is(await sim.retval("abf_policy_add_del", { is_add: true, policy: { ...policy, n_paths: 0, paths: [] } }), -7);
  await sim.ok("abf_policy_add_del", { is_add: true, policy });
  const attach = { policy_id: 3, sw_if_index: 1, priority: 1, is_ipv6: false };
  await sim.ok("abf_itf_attach_add_del", { is_add: true, attach });
  t.is(await sim.retval("abf_itf_attach_add_del", { is_add: true, attach }), -116);
  const [out] = sim.through("eth0", udp("10.0.0.1"), "eth1");
  t.deepEqual(out!.subarray(0, 6), mac(REWRITE));
  const echo = frame(toVpp, icmpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, 8, 0, Buffer.alloc(4)));
  t.is(sim.through("eth0", echo, "eth1").length, 0, "denied by the ACL: by the routing table, to VPP itself");
  t.like((await sim.api.dump("abf_policy_dump"))[0]!.policy as object, { policy_id: 3, acl_index: index });
  t.deepEqual(await sim.api.dump("abf_itf_attach_dump"), [{ attach }]);
  t.is(await sim.retval("abf_policy_add_del", { is_add: true, policy: { ...policy, acl_index: 9 } }), -7);
  await sim.ok("abf_itf_attach_add_del", { is_add: false, attach });
  t.is(await sim.retval("abf_itf_attach_add_del", { is_add: false, attach }), -6);
  await sim.ok("abf_policy_add_del", { is_add: false, policy });
  t.deepEqual(await sim.api.dump("abf_policy_dump"), []);
});

test("ISISX: IS-IS frames cross between two interfaces, untouched; nothing else does", async (t) => {
  const sim = await wires(t);
  const hello = isis(MAC.host0);
  const connect = (is_add: number, rx_sw_if_index: number, tx_sw_if_index: number) =>
    sim.ok("isisx_connection_add_del", { is_add, connection: { rx_sw_if_index, tx_sw_if_index } });
  t.is(sim.through("eth0", hello, "eth1").length, 0);
  await connect(1, 1, 2);
  t.deepEqual(sim.through("eth0", hello, "eth1"), [hello]);
  t.deepEqual(sim.through("eth1", hello, "eth0"), [], "one way");
  const other = Buffer.from(hello);
  other[17] = 0x81;
  t.is(sim.through("eth0", other, "eth1").length, 0);
  t.is(await sim.count("osi-input", "unknown osi protocol"), 1);
  t.deepEqual(await sim.api.dump("isisx_connection_dump"), [{ connection: { rx_sw_if_index: 1, tx_sw_if_index: 2 } }]);
  await connect(0, 1, 0);
  await connect(0, 1, 0);
  t.deepEqual(await sim.api.dump("isisx_connection_dump"), []);
});
