// ABX: the routing protocols of a neighbor reach FRR in the CNF, and FRR's packets reach the neighbor.
import { Frr, frrDaemon } from "../support/machine/frr.js";
import { type Netns, until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

const reasons = ["ospfd", "bgpd"].filter((name) => frrDaemon(name) === undefined);
const routers = ["root", "vpp", "hosts", "vtysh", ...reasons];
const real = need(...routers, "plugin:abx").test.serial;
const stock = need(...routers, "plugin:abf").test.serial;

const ospf = { protocol: "OSPF" } as const;
const localPing = { protocol: "ICMP", destinationNetwork: "local" } as const;
const localBgp = ["sourcePort", "destinationPort"].map((port) => ({
  protocol: "TCP",
  destinationNetwork: "local",
  [port]: 179,
}));

/** Configures a router whose OSPF sends all packets to the multicast address, and starts at once. */
function ospfd(device: string, routerId: string): string[] {
  const link = [
    " ip ospf area 0",
    " ip ospf network point-to-point",
    " ip ospf hello-interval 1",
    " ip ospf dead-interval 5",
  ];
  return [
    `interface ${device}`,
    ...link,
    "interface lo",
    " ip ospf area 0",
    "router ospf",
    ` ospf router-id ${routerId}`,
  ];
}

/** Configures internal BGP, whose packets have a TTL that survives a hop. */
function bgpd(routerId: string, neighbor: string, network: string): string[] {
  const peer = [
    ` neighbor ${neighbor} remote-as 65000`,
    ` neighbor ${neighbor} timers connect 1`,
    " no bgp network import-check",
  ];
  return [
    "router bgp 65000",
    ` bgp router-id ${routerId}`,
    ...peer,
    " address-family ipv4 unicast",
    `  network ${network}`,
  ];
}

interface Router {
  readonly host: Netns;
  readonly frr: Frr;
}

async function router(host: Netns, device: string, id: string, neighbor: string, loopback: string): Promise<Router> {
  await host.ip("addr", "add", `${loopback}/32`, "dev", "lo");
  const frr = await Frr.start(host, { ospfd: ospfd(device, id), bgpd: bgpd(id, neighbor, `${loopback}/32`) });
  return { host, frr };
}

async function has({ frr }: Router, what: string, pattern: RegExp): Promise<string> {
  const text = await until(
    `${pattern} in ${what}`,
    async () => {
      const answer = await frr.show(what);
      return pattern.test(answer) ? answer : undefined;
    },
    async () => `${await frr.show(what)}\n${frr.log()}`,
    60,
  );
  return text;
}

real("OSPF, BGP and ping between a neighbor and FRR in the CNF (TAP)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network } = scenario;
  const { host: neighbor, vppInterface } = await network.neighbor("10.2.0");
  const cnf = await network.host();

  const punt = await scenario.add({
    type: "ABX",
    cnf: "router",
    interconnect: "TAP",
    netns: { name: cnf.name },
    vppInterface,
    ingressAclRules: [ospf, localPing, ...localBgp],
    egressAclRules: [ospf],
  });
  const { cnfInterface } = punt.metadata.interconnects[0]!;
  t.deepEqual(cnfInterface!.addresses, ["10.2.0.1/24"]);
  t.is(await neighbor.ping("10.2.0.1"), 3, "answered by Linux in the CNF");
  t.is(await cnf.ping("10.2.0.2"), 3, "by way of proxy ARP and VPP's routing");

  const outside = await router(neighbor, "eth0", "2.2.2.2", "10.2.0.1", "10.22.0.2");
  const inside = await router(cnf, cnfInterface!.name, "1.1.1.1", "10.2.0.2", "10.22.0.1");
  t.teardown(() => {
    for (const { frr } of [outside, inside]) frr.stop();
  });
  await has(inside, "ip ospf neighbor", /2\.2\.2\.2 .*Full/);
  await has(outside, "ip ospf neighbor", /1\.1\.1\.1 .*Full/);
  await has(inside, "ip route ospf", /10\.22\.0\.2\/32/);
  await has(outside, "ip route ospf", /10\.22\.0\.1\/32/);
  await has(inside, "bgp summary", /10\.2\.0\.2 .* \d+:\d+:\d+ +1 /);
  await has(outside, "bgp ipv4 unicast", /10\.22\.0\.1\/32/);
});

stock("without the abx plugin, abf passes BGP and ping; the metadata says what it cannot (TAP)", async (t) => {
  const scenario = await Scenario.start(t, { vpp: { without: ["abx_plugin.so"] } });
  const { network } = scenario;
  const { host: neighbor, vppInterface } = await network.neighbor("10.2.1");
  const cnf = await network.host();

  const punt = await scenario.add({
    type: "ABX",
    cnf: "router",
    interconnect: "TAP",
    netns: { name: cnf.name },
    vppInterface,
    ingressAclRules: [localPing, ...localBgp],
  });
  t.true(
    punt.metadata.caveats.some((caveat) => /abf.*multicast/.test(caveat)),
    punt.metadata.caveats.join("; "),
  );
  t.is(await neighbor.ping("10.2.1.1"), 3);
  t.is(await cnf.ping("10.2.1.2"), 3);

  const outside = await router(neighbor, "eth0", "2.2.2.2", "10.2.1.1", "10.22.1.2");
  const inside = await router(
    cnf,
    punt.metadata.interconnects[0]!.cnfInterface!.name,
    "1.1.1.1",
    "10.2.1.2",
    "10.22.1.1",
  );
  t.teardown(() => {
    for (const { frr } of [outside, inside]) frr.stop();
  });
  await has(inside, "bgp summary", /10\.2\.1\.2 .* \d+:\d+:\d+ +1 /);
});

/** Turns the echo request in a frame into its reply, from the CNF's MAC address to VPP's. For IPv4 without options. */
function echoReply(request: Uint8Array, [cnf, vpp]: readonly [string, string]): Buffer {
  const reply = Buffer.from(request);
  for (const [at, mac] of [[0, vpp] as const, [6, cnf] as const])
    Buffer.from(mac.replaceAll(":", ""), "hex").copy(reply, at);
  Buffer.from(request).copy(reply, 26, 30, 34);
  Buffer.from(request).copy(reply, 30, 26, 30);
  // From type 8 to type 0: the checksum grows by the same, with end-around carry.
  const checksum = reply.readUInt16BE(36) + 0x0800;
  reply.writeUInt16BE((checksum & 0xffff) + (checksum >>> 16), 36);
  reply[34] = 0;
  return reply;
}

real("a neighbor's pings are answered by Node.js; the rules follow the interface's addresses (MEMIF)", async (t) => {
  const scenario = await Scenario.start(t, { manager: { resyncInterval: 200 } });
  const { network, vpp } = scenario;
  const neighbor = await network.host();
  const vppInterface = await network.link(neighbor, {
    addresses: ["10.2.3.2/24", "10.2.4.2/24"],
    vppAddresses: ["10.2.3.1/24"],
  });
  const punt = await scenario.add({
    type: "ABX",
    cnf: "echo",
    interconnect: "MEMIF",
    vppInterface,
    ingressAclRules: [localPing],
  });
  const sides = punt.metadata.interconnects[0]!;
  const macs = [sides.cnfInterface!.mac, sides.vppInterface!.mac] as const;
  const port = await scenario.memif(punt);
  let answered = 0;
  port.receive((batch) => {
    for (const frame of batch) if (frame[23] === 1 && frame[34] === 8) answered += port.send(echoReply(frame, macs));
  });
  t.is(await neighbor.ping("10.2.3.1"), 3);
  t.is(answered, 3);

  await vpp.configure(`set interface ip address ${vppInterface} 10.2.4.1/24`);
  await until("an ACL with the new address", async () =>
    (await vpp.cli("show acl-plugin acl")).includes("10.2.4.1/32"),
  );
  t.is(await neighbor.ping("10.2.4.1"), 3);
  t.is(answered, 6);
  await vpp.configure(`set interface ip address del ${vppInterface} 10.2.4.1/24`);
  await until("an ACL without it", async () => !(await vpp.cli("show acl-plugin acl")).includes("10.2.4.1/32"));

  const waits = () => scenario.manager.get(punt.id)!.state;
  await vpp.configure(`set interface ip address del ${vppInterface} 10.2.3.1/24`);
  await until("PENDING without an address", () => waits() === "PENDING");
  await vpp.configure(`set interface ip address ${vppInterface} 10.2.3.1/24`);
  await until("CREATED with it", () => waits() === "CREATED");
  await until("memif", () => port.peer !== undefined);
  // VPP forgot its neighbors together with the address, and loses the first answer.
  await neighbor.ping("10.2.3.1", 1);
  t.is(await neighbor.ping("10.2.3.1"), 3);
});

real("IPv6: a neighbor's pings reach Linux in the CNF, and its own reach the neighbor (TAP)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network } = scenario;
  const [neighbor, cnf] = [await network.host(), await network.host()];
  const vppInterface = await network.link(neighbor, { addresses: ["fd02::2/64"], vppAddresses: ["fd02::1/64"] });
  const punt = await scenario.add({
    type: "ABX",
    cnf: "router",
    interconnect: "TAP",
    netns: { name: cnf.name },
    vppInterface,
    ingressAclRules: [
      { protocol: "ICMPV6", destinationNetwork: "local", icmpType: 128 },
      { protocol: "ICMPV6", destinationNetwork: "local", icmpType: 129 },
    ],
  });
  t.deepEqual(punt.metadata.interconnects[0]!.cnfInterface!.addresses, ["fd02::1/64"]);
  await neighbor.ping("fd02::1", 1);
  t.is(await neighbor.ping("fd02::1"), 3, "answered in the CNF");
  await cnf.ping("fd02::2", 1);
  t.is(await cnf.ping("fd02::2"), 3, "by way of neighbor discovery that VPP answers");
  const counters = await cnf.run("cat", "/proc/net/snmp6");
  const [, answered] = /Icmp6InEchos\s+(\d+)/.exec(counters)!;
  t.true(Number(answered) >= 3);
});
