// IP in the embedded VPP: neighbors, ping, forwarding.
import test from "ava";
import {
  arp,
  echoRequest,
  ethernet,
  frame,
  icmpPacket,
  ip,
  ipPacket,
  mac,
  neighborSolicitation,
  parseIp,
  transportChecksum,
  udpPacket,
} from "../support/frames.js";
import { fibPath } from "../support/vpp/api-values.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const hex = (text: string) => mac(text).toString("hex");
const toVpp = { from: MAC.host0, to: MAC.eth0 };

/** eth0 10.0.0.1/24, eth1 10.1.0.1/24, and a neighbor .2 on each. */
async function router(t: Parameters<typeof SimTest.start>[0]): Promise<SimTest> {
  const sim = await SimTest.start(t, { withoutPlugins: ["linux_cp"] });
  await sim.up("eth0", "10.0.0.1/24", "fd00::1/64");
  await sim.up("eth1", "10.1.0.1/24", "fd01::1/64");
  const neighbor = (name: string, ip_address: string, mac_address: string) =>
    sim.ok("ip_neighbor_add_del", {
      is_add: true,
      neighbor: { sw_if_index: sim.index(name), flags: [], mac_address, ip_address },
    });
  await neighbor("eth0", "10.0.0.2", MAC.host0);
  await neighbor("eth1", "10.1.0.2", MAC.host1);
  await neighbor("eth1", "fd01::2", MAC.host1);
  await neighbor("eth0", "fd00::2", MAC.host0);
  return sim;
}

test("ARP: answers for its own address to those on the link, and learns who asked", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24");
  const ask = (sender: string, target: string) =>
    sim.through("eth0", arp(1, [MAC.host0, sender], ["00:00:00:00:00:00", target]));
  const [answer, ...more] = ask("10.0.0.2", "10.0.0.1");
  t.is(more.length, 0);
  t.deepEqual(answer, arp(2, [MAC.eth0, "10.0.0.1"], [MAC.host0, "10.0.0.2"]));
  const [neighbor] = await sim.api.dump("ip_neighbor_dump", { sw_if_index: 0xffffffff, af: "ADDRESS_IP4" });
  t.like(neighbor!.neighbor as object, { ip_address: "10.0.0.2", mac_address: MAC.host0 });
  t.is(ask("10.0.0.2", "10.0.0.77").length, 0, "not its address");
  t.is(ask("192.168.0.2", "10.0.0.1").length, 0, "a sender from another subnet");
  t.is(ask("10.0.0.1", "10.0.0.1").length, 0, "its own address");
  sim.through("eth0", arp(1, [MAC.host0, "10.0.0.2"], ["00:00:00:00:00:00", "10.0.0.1"]).subarray(0, 30));
  t.is(await sim.count("arp-input", "ARP packet too short"), 1);
});

test("ping: IPv4 and IPv6 echo requests are answered from the address asked", async (t) => {
  const sim = await router(t);
  for (const [from, to] of [
    ["10.0.0.2", "10.0.0.1"],
    ["10.0.0.2", "10.1.0.1"],
    ["fd00::2", "fd00::1"],
  ] as const) {
    const [reply] = sim.through("eth0", frame(toVpp, echoRequest({ from, to })));
    const seen = parseIp(reply!);
    t.deepEqual(seen.source, ip(to));
    t.deepEqual(seen.destination, ip(from));
    t.is(seen.payload[0], from.includes(":") ? 129 : 0);
    t.is(seen.headerChecksum, 0);
    t.is(transportChecksum(reply!), 0);
    t.is(seen.to, hex(MAC.host0));
  }
});

test("forwarding: one hop less, the next link's addresses, right checksums", async (t) => {
  const sim = await router(t);
  for (const [from, to] of [
    ["10.0.0.2", "10.1.0.2"],
    ["fd00::2", "fd01::2"],
  ] as const) {
    const sent = udpPacket({ from, to, ttl: 9 }, [1000, 2000]);
    const [out] = sim.through("eth0", frame(toVpp, sent), "eth1");
    const seen = parseIp(out!);
    t.is(seen.ttl, 8);
    t.is(seen.from, hex(MAC.eth1));
    t.is(seen.to, hex(MAC.host1));
    t.is(seen.headerChecksum, 0);
    t.is(transportChecksum(out!), 0);
  }
});

test("VPP asks for an unknown neighbor, and loses the packet", async (t) => {
  const sim = await router(t);
  const [request, ...more] = sim.through(
    "eth0",
    frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.1.0.9" }, [1, 2])),
    "eth1",
  );
  t.is(more.length, 0);
  t.deepEqual(request, arp(1, [MAC.eth1, "10.1.0.1"], ["00:00:00:00:00:00", "10.1.0.9"]));
  sim.through("eth1", arp(2, [MAC.host1, "10.1.0.9"], [MAC.eth1, "10.1.0.1"]));
  t.is(sim.through("eth0", frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.1.0.9" }, [1, 2])), "eth1").length, 1);
  const [solicitation] = sim.through(
    "eth0",
    frame(toVpp, udpPacket({ from: "fd00::2", to: "fd01::9" }, [1, 2])),
    "eth1",
  );
  t.is(parseIp(solicitation!).payload[0], 135);
  t.is(transportChecksum(solicitation!), 0);
});

test("ICMP errors go back: hop limit, no listener, packet too big", async (t) => {
  const sim = await router(t);
  const back = (packet: Buffer) => {
    const [error] = sim.through("eth0", frame(toVpp, packet));
    const { payload, source } = parseIp(error!);
    t.is(transportChecksum(error!), 0);
    return { type: payload[0], code: payload[1], source };
  };
  t.deepEqual(back(udpPacket({ from: "10.0.0.2", to: "10.1.0.2", ttl: 1 }, [1, 2])), {
    type: 11,
    code: 0,
    source: ip("10.0.0.1"),
  });
  t.deepEqual(back(udpPacket({ from: "fd00::2", to: "fd01::2", ttl: 1 }, [1, 2])), {
    type: 3,
    code: 0,
    source: ip("fd00::1"),
  });
  t.deepEqual(back(udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [1, 2])), {
    type: 3,
    code: 3,
    source: ip("10.0.0.1"),
  });
  const unheard = udpPacket({ from: "fd00::2", to: "fd00::1" }, [1, 2]);
  t.deepEqual(back(unheard), { type: 1, code: 4, source: ip("fd00::1") });
  // VPP takes a UDP datagram over IPv6 without a checksum.
  unheard.writeUInt16BE(0, 46);
  t.deepEqual(back(unheard), { type: 1, code: 4, source: ip("fd00::1") });
  // It does not find UDP behind other headers.
  const options = Buffer.concat([Buffer.from("1100000000000000", "hex"), unheard.subarray(40)]);
  const hidden = ipPacket({ from: "fd00::2", to: "fd00::1" }, 60, options);
  t.is(sim.through("eth0", frame(toVpp, hidden)).length, 0);
  await sim.ok("sw_interface_set_mtu", { sw_if_index: sim.index("eth1"), mtu: [1280, 0, 0, 0] });
  t.deepEqual(back(udpPacket({ from: "fd00::2", to: "fd01::2" }, [1, 2], Buffer.alloc(1400))), {
    type: 2,
    code: 0,
    source: ip("fd00::1"),
  });
});

test("neighbor discovery: answers for its global and link-local addresses", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "fd00::1/64");
  const { ip: linkLocal } = await sim.ok("sw_interface_ip6_get_link_local_address", { sw_if_index: sim.index("eth0") });
  for (const target of ["fd00::1", linkLocal as string]) {
    const group = `ff02::1:ff${target === "fd00::1" ? "00:1" : "00:0001"}`;
    const question = neighborSolicitation({ from: "fd00::2", to: group }, target, MAC.host0);
    const [answer] = sim.through("eth0", frame({ from: MAC.host0, to: "33:33:ff:00:00:01" }, question));
    const { payload, source, ttl } = parseIp(answer!);
    t.is(payload[0], 136);
    t.is(ttl, 255);
    t.deepEqual(source, ip(target));
    t.deepEqual(payload.subarray(26, 32), mac(MAC.eth0));
    t.is(transportChecksum(answer!), 0);
  }
  const unknown = neighborSolicitation({ from: "fd00::2", to: "ff02::1:ff00:9" }, "fd00::9", MAC.host0);
  t.is(sim.through("eth0", frame({ from: MAC.host0, to: "33:33:ff:00:00:09" }, unknown)).length, 0);
});

test("routes: through a neighbor, to a second table, dropped, replaced, deleted", async (t) => {
  const sim = await router(t);
  const send = (to: string) =>
    sim.through("eth0", frame(toVpp, udpPacket({ from: "10.0.0.2", to }, [1, 2])), "eth1").length;
  const change = (is_add: boolean, prefix: string, paths: object[]) =>
    sim.api.call("ip_route_add_del_v2", {
      is_add,
      is_multipath: false,
      route: { table_id: 0, stats_index: 0, prefix, src: 0, paths },
    });
  t.is(send("172.16.0.1"), 0);
  const path = fibPath(sim.index("eth1"), "10.1.0.2");
  t.is((await change(true, "172.16.0.0/16", [path])).retval, 0);
  t.is(send("172.16.0.1"), 1);
  const routes = await sim.api.dump("ip_route_v2_dump", { src: 8, table: { table_id: 0, is_ip6: false, name: "" } });
  t.deepEqual(
    routes.map(({ route }) => (route as { prefix: string }).prefix),
    ["172.16.0.0/16"],
  );
  t.is((await change(true, "172.16.0.1/32", [{ ...path, type: "FIB_API_PATH_TYPE_DROP" }])).retval, 0);
  t.is(send("172.16.0.1"), 0);
  t.is(send("172.16.0.2"), 1);
  t.is((await change(false, "172.16.0.1/32", [])).retval, 0);
  t.is((await change(true, "172.20.0.0/16", [fibPath(0xffffffff, "172.16.0.3")])).retval, 0);
  t.is(send("172.20.0.1"), 1, "the next hop is found by another route");
  t.is((await change(true, "1.0.0.0/8", [fibPath(99, "10.1.0.2")])).retval, -54);
  t.is((await change(true, "1.0.0.0/8", [])).retval, -52);
  t.is((await change(true, "1.0.0.0/8", [{ ...fibPath(0xffffffff, "0.0.0.0"), table_id: 9 }])).retval, -3);
});

test("frames for others and malformed frames are dropped and counted", async (t) => {
  const sim = await router(t);
  const good = udpPacket({ from: "10.0.0.2", to: "10.1.0.2" }, [1, 2]);
  const bad = Buffer.from(good);
  bad[10]! ^= 1;
  sim.through("eth0", frame({ from: MAC.host0, to: "02:00:00:00:00:99" }, good));
  sim.through("eth0", frame(toVpp, bad));
  sim.through("eth0", frame(toVpp, good.subarray(0, 19)));
  sim.through("eth0", ethernet(toVpp, 0x88cc, Buffer.alloc(46)));
  sim.through("eth0", ethernet(toVpp, 0x8100, Buffer.alloc(46, 1)));
  sim.through("eth0", frame(toVpp, udpPacket({ from: "10.0.0.2", to: "8.8.8.8" }, [1, 2])));
  const corrupt = icmpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, 8, 0, Buffer.from("00000000"));
  corrupt[corrupt.length - 1]! ^= 1;
  sim.through("eth0", frame(toVpp, corrupt));
  for (const [node, reason] of [
    ["ethernet-input", "l3 mac mismatch"],
    ["ip4-input", "bad ip4 header checksum"],
    ["ip4-input", "ip4 length > l2 length"],
    ["ethernet-input", "unknown ethernet type"],
    ["ethernet-input", "unknown vlan"],
    ["ip4-lookup", "no route"],
    ["ip4-icmp-input", "bad checksum"],
  ] as const) {
    t.is(await sim.count(node, reason), 1, reason);
  }
});

test("an interface that is down neither receives nor sends, and its routes are gone", async (t) => {
  const sim = await router(t);
  await sim.ok("sw_interface_set_flags", { sw_if_index: sim.index("eth1"), flags: [] });
  const packet = frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.1.0.2" }, [1, 2]));
  t.is(sim.through("eth0", packet, "eth1").length, 0);
  t.is(
    sim.through("eth1", frame({ from: MAC.host1, to: MAC.eth1 }, echoRequest({ from: "10.1.0.2", to: "10.1.0.1" })))
      .length,
    0,
  );
  await sim.up("eth1");
  sim.through("eth1", arp(1, [MAC.host1, "10.1.0.2"], ["00:00:00:00:00:00", "10.1.0.1"]));
  t.is(sim.through("eth0", packet, "eth1").length, 1);
});

test("with linux-cp, UDP to an unknown port goes to the punt arc, and no error goes back", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24");
  t.is(sim.through("eth0", frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [1, 2]))).length, 0);
  t.is(await sim.count("ip4-punt", "punted, and no feature took it"), 1);
});
