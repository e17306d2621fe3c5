// Punts of which VPP has every item and that still cannot do everything, and punts that would break VPP.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { parseIpProtocols, parseUdpPorts } from "../../lib/punt/items/local-handlers.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const abx = { cnf: "a", type: "ABX", interconnect: "TAP", vppInterface: "if0" } as const;
const ospf = [{ protocol: "OSPF" }] as const;
const socket = { cnf: "a", type: "PUNT_TO_SOCKET", socketPath: "/run/a.sock" } as const;

interface Case {
  readonly title: string;
  readonly punt: PuntRequestInput;
  readonly withoutPlugins?: string[];
  /** Lines that VPP runs before the test adds the punt. */
  readonly commands?: readonly string[];
  readonly codes: string[];
  /** Matches each remedy. */
  readonly remedy?: RegExp;
}

const routeOf = (group: string) => [
  `ip mroute add ${group} via if0 Accept`,
  `ip mroute add ${group} via local Forward`,
];

const cases: Case[] = [
  {
    title: "an interface that is down",
    punt: { cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" },
    commands: ["set interface state if0 down"],
    codes: ["INTERFACE_DOWN"],
    remedy: /^vppctl set interface state if0 up$/,
  },
  {
    title: "interfaces of which one is down",
    punt: { cnf: "a", type: "HAIRPIN_XCONNECT", interconnect: "TAP", vppInterface1: "if0", vppInterface2: "if1" },
    commands: ["set interface state if1 down"],
    codes: ["INTERFACE_DOWN"],
    remedy: /if1 up$/,
  },
  {
    title: "multicast by abf",
    punt: { ...abx, ingressAclRules: [...ospf] },
    withoutPlugins: ["abx"],
    codes: ["UNICAST_ONLY"],
  },
  {
    title: "any packet by abf",
    punt: { ...abx, ingressAclRules: [{}] },
    withoutPlugins: ["abx"],
    codes: ["UNICAST_ONLY"],
  },
  {
    title: "unicast by abf",
    punt: { ...abx, ingressAclRules: [{ protocol: "TCP" }, { protocol: "OSPF", destinationNetwork: "local" }] },
    withoutPlugins: ["abx"],
    codes: [],
  },
  {
    title: "multicast of egress rules by abf",
    punt: { ...abx, egressAclRules: [...ospf] },
    withoutPlugins: ["abx"],
    codes: ["EGRESS_ROUTED"],
  },
  {
    title: "unicast of egress rules by abf",
    punt: { ...abx, egressAclRules: [{ protocol: "TCP" }, {}] },
    withoutPlugins: ["abx"],
    codes: [],
  },
  ...[[{ protocol: "TCP" }], [{ protocol: "UDP", destinationNetwork: "10.0.0.0/8" }]].map((egressAclRules) => ({
    title: `unicast by egress rules: ${JSON.stringify(egressAclRules)}`,
    punt: { ...abx, ingressAclRules: [{}], egressAclRules },
    codes: ["EGRESS_UNICAST"],
  })),
  {
    title: "egress rules of multicast",
    punt: {
      ...abx,
      ingressAclRules: [{}],
      egressAclRules: [{ protocol: "UDP", destinationNetwork: "224.0.0.251/32" }],
    },
    codes: [],
  },
  { title: "multicast without egress rules", punt: { ...abx, ingressAclRules: [...ospf] }, codes: ["NO_EGRESS"] },
  { title: "unicast without egress rules", punt: { ...abx, ingressAclRules: [{ protocol: "TCP" }] }, codes: [] },
  { title: "egress rules alone", punt: { ...abx, egressAclRules: [...ospf] }, codes: [] },
  {
    title: "OSPF without a multicast route",
    punt: { ...socket, ipProto: { af: "IPV4", protocol: "OSPF" } },
    codes: ["MULTICAST_ROUTE"],
  },
  {
    title: "OSPF with the route of one group",
    punt: { ...socket, ipProto: { af: "IPV4", protocol: "OSPF" } },
    commands: routeOf("224.0.0.5"),
    codes: ["MULTICAST_ROUTE"],
    remedy: /^(?!.*224\.0\.0\.5).*add 224\.0\.0\.6 via/,
  },
  {
    title: "OSPF with the routes of its groups",
    punt: { ...socket, ipProto: { af: "IPV4", protocol: "OSPF" } },
    commands: [...routeOf("224.0.0.5"), ...routeOf("224.0.0.6")],
    codes: [],
  },
  {
    title: "mDNS of both families",
    punt: { ...socket, toHost: { af: "BOTH", protocol: "UDP", port: 5353 } },
    codes: ["MULTICAST_ROUTE"],
    remedy: /ip mroute add 224\.0\.0\.251 via .*ip6 mroute add ff02::fb via/,
  },
  {
    title: "a DHCP server without a route for broadcast",
    punt: { ...socket, toHost: { af: "IPV4", protocol: "UDP", port: 67 } },
    codes: ["BROADCAST_ROUTE"],
  },
  {
    title: "a DHCP server with a route for broadcast",
    punt: { ...socket, toHost: { af: "IPV4", protocol: "UDP", port: 67 } },
    commands: ["ip route add 255.255.255.255/32 via local"],
    codes: [],
  },
  { title: "IGMP", punt: { ...socket, ipProto: { af: "IPV4", protocol: "IGMP" } }, codes: ["MULTICAST_ROUTE"] },
  ...([319, 1900, 1985, 3222, 3702, 5355, 6696] as const).map((port) => ({
    title: `multicast to UDP port ${port}`,
    punt: { ...socket, toHost: { af: "IPV4", protocol: "UDP", port } } as const,
    codes: ["MULTICAST_ROUTE"],
  })),
  { title: "RSVP, which is unicast", punt: { ...socket, ipProto: { af: "IPV4", protocol: "RSVP" } }, codes: [] },
];
for (const { title, punt, withoutPlugins = [], commands = [], codes, remedy = /./ } of cases) {
  test(`${title}: ${codes.length > 0 ? `DEGRADED, ${codes.join(" and ")}` : "CREATED"}`, async (t) => {
    const it = await managedVpp({}, { withoutPlugins });
    t.teardown(() => it.close());
    for (const command of commands) t.is(await it.vpp.cli(command), "");
    const heard: string[] = [];
    it.manager.on("state", ({ to }) => heard.push(to));
    const status = await it.manager.add(punt, { waitFor: "CREATED" });
    const state = codes.length > 0 ? "DEGRADED" : "CREATED";
    t.is(status.state, state);
    t.deepEqual(
      status.reasons.map(({ code }) => code),
      codes,
    );
    t.true(status.reasons.every((reason) => remedy.test(reason.remedy)));
    t.true(status.reasons.every(({ text }) => status.metadata.caveats.includes(text)));
    t.is(heard.at(-1), state);
    t.deepEqual(
      (await it.manager.plan()).punts.map((planned) => planned.state),
      [state],
    );
  });
}

test("a TAP's MTU is that of the interface that it stands in for", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const sw_if_index = it.vpp.interface("if0").swIfIndex;
  await it.client.call("sw_interface_set_mtu", { sw_if_index, mtu: [4000, 0, 0, 0] });
  await it.manager.add({
    cnf: "a",
    type: "HAIRPIN_XCONNECT",
    interconnect: "TAP",
    vppInterface1: "if0",
    vppInterface2: "if1",
  });
  const other = (await it.client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" })).find(
    ({ interface_name }) => interface_name === "if1",
  )!;
  const mtus = async () => (await it.host.links("")).map(({ mtu }) => mtu).sort();
  t.deepEqual(await mtus(), [4000, other.mtu[0]!].sort());
  await it.client.call("sw_interface_set_mtu", { sw_if_index, mtu: [1400, 0, 0, 0] });
  await it.manager.resync();
  t.deepEqual(await mtus(), [1400, other.mtu[0]!].sort());
});

test("the interface of a HAIRPIN has the MTU of vppInterface, on both sides, unless the request says otherwise", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const sw_if_index = it.vpp.interface("if0").swIfIndex;
  await it.client.call("sw_interface_set_mtu", { sw_if_index, mtu: [4000, 0, 0, 0] });
  const request = { cnf: "a", type: "HAIRPIN", interconnect: "TAP", vppInterface: "if0" } as const;
  const mtus = async () => {
    const all = await it.client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
    const links = await it.host.links("");
    return [all.find(({ tag }) => tag === "h")?.mtu[0], links.find(({ name }) => name === "h")?.mtu];
  };
  await it.manager.add({ ...request, hairpinInterface: { name: "h" } });
  t.deepEqual(await mtus(), [4000, 4000]);
  await it.manager.update({ ...request, hairpinInterface: { name: "h", mtu: 1280 } });
  t.deepEqual(await mtus(), [1280, 1280]);
});

test("the first user of DHCP's ports, a proxy or a punt, keeps them, and several proxies share them", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const proxy = { cnf: "p", type: "DHCP_PROXY", interconnect: "MEMIF" } as const;
  await it.manager.add(proxy);
  await it.manager.add({ ...proxy, key: "other", vrf: 1 });
  for (const port of [67, 68]) {
    const punt = { ...socket, toHost: { af: "IPV4", protocol: "UDP", port } } as const;
    await t.throwsAsync(it.manager.add(punt), { code: "ERR_CONFLICT", message: /udp-port\/IPV4/ });
  }
  await it.manager.add({ ...socket, toHost: { af: "IPV6", protocol: "UDP", port: 547 } });
  await t.throwsAsync(it.manager.add({ ...proxy, key: "six", vrf: 2, families: ["IPV6" as const] }), {
    code: "ERR_CONFLICT",
  });
});

const toDhcpClient = { ...socket, toHost: { af: "IPV4", protocol: "UDP", port: 68 } } as const;

/** Lets VPP be a DHCP client on an interface, with handlers for the ports 67 and 68. */
async function beDhcpClient({ client }: Awaited<ReturnType<typeof managedVpp>>): Promise<void> {
  const [eth0] = await client.dumpAll("sw_interface_dump", { name_filter_valid: true, name_filter: "if0" });
  const config = {
    ...{ sw_if_index: eth0!.sw_if_index, hostname: "vpp", id: new Uint8Array(64), pid: 0 },
    ...{ want_dhcp_event: false, set_broadcast_flag: true, dscp: "IP_API_DSCP_CS0" as const },
  };
  await client.call("dhcp_client_config", { is_add: true, client: config });
}

async function nodeOf({ client }: Awaited<ReturnType<typeof managedVpp>>, port: number): Promise<string | undefined> {
  const { reply } = await client.call("cli_inband", { cmd: "show udp ports" });
  return parseUdpPorts(reply)?.get(`4/${port}`);
}

test("a UDP port that VPP handles itself is refused; force takes it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await beDhcpClient(it);
  await t.throwsAsync(it.manager.add(toDhcpClient), { code: "ERR_CONFLICT", message: /dhcp-proxy-to-client.*force/ });
  t.is(await nodeOf(it, 68), "dhcp-proxy-to-client");
  await it.manager.delete({ cnf: "a" });
  t.is(await nodeOf(it, 68), "dhcp-proxy-to-client");
  const forced = { ...toDhcpClient, toHost: { ...toDhcpClient.toHost, force: true } } as const;
  t.is((await it.manager.add(forced, { waitFor: "CREATED" })).state, "CREATED");
  t.is(await nodeOf(it, 68), "ip4-udp-punt-socket");
});

test("a punt whose UDP port VPP gave to another node later is DEGRADED, and its end leaves the port there", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add(toDhcpClient, { waitFor: "CREATED" });
  await beDhcpClient(it);
  await it.manager.resync();
  const [status] = it.manager.list();
  t.is(status?.state, "DEGRADED");
  t.deepEqual(
    status?.reasons.map(({ code }) => code),
    ["PORT_TAKEN"],
  );
  t.deepEqual((await it.manager.plan()).steps, []);
  await it.manager.delete({ cnf: "a" });
  t.is(await nodeOf(it, 68), "dhcp-proxy-to-client");
  t.deepEqual((await it.manager.plan()).steps, []);
});

test("the port of ESP in UDP is VPP's", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const punt = { ...socket, toHost: { af: "IPV4", protocol: "UDP", port: 4500 } } as const;
  await t.throwsAsync(it.manager.add(punt), { code: "ERR_CONFLICT", message: /ipsec4-tun-input/ });
});

async function protocolNodes({ client }: Awaited<ReturnType<typeof managedVpp>>): Promise<ReadonlyMap<string, string>> {
  const show = async (cmd: string) => (await client.call("cli_inband", { cmd })).reply;
  return parseIpProtocols(await show("show ip local"), await show("show ip6 local"))!;
}

for (const af of ["IPV4", "IPV6"] as const) {
  test(`IPsec's protocol stays VPP's, unless it is taken by force (${af})`, async (t) => {
    const it = await managedVpp();
    t.teardown(() => it.close());
    const nodes = await protocolNodes(it);
    const ofIpsec = af === "IPV4" ? "ipsec4-tun-input" : "ipsec6-tun-input";
    const key = `${af.slice(3)}/50`;
    t.is(nodes.get(key), ofIpsec);
    const esp = { ...socket, ipProto: { af, protocol: "ESP" } } as const;
    const conflict = { code: "ERR_CONFLICT", message: new RegExp(`${af} protocol 50 .*${ofIpsec}.*force`) };
    await t.throwsAsync(it.manager.add(esp), conflict);
    await it.manager.delete({ cnf: "a" });
    t.deepEqual(await protocolNodes(it), nodes);
    const forced = { ...esp, ipProto: { ...esp.ipProto, force: true } } as const;
    t.is((await it.manager.add(forced, { waitFor: "CREATED" })).state, "CREATED");
    t.is((await protocolNodes(it)).get(key), `ip${af.slice(3)}-proto-punt-socket`);
    t.is((await it.manager.plan()).toString(), "nothing to do");
  });
}

test("a punt of a protocol is CREATED, whatever VPP calls it, and comes back if it lost the protocol", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  for (const af of ["IPV4", "IPV6"] as const)
    for (const protocol of [2, 8, 46, 47, 103, 136, 254]) {
      const { id, state } = await it.manager.add({ ...socket, ipProto: { af, protocol } }, { waitFor: "CREATED" });
      t.regex(state, /CREATED|DEGRADED/);
      t.is((await it.manager.plan()).toString(), "nothing to do", `${af} ${protocol}`);
      await it.manager.delete(id);
    }
  await it.manager.add({ ...socket, ipProto: { af: "IPV6", protocol: "GRE" } }, { waitFor: "CREATED" });
  const nodes = await protocolNodes(it);
  const punt = { type: "PUNT_API_TYPE_IP_PROTO", punt: { ip_proto: { af: "ADDRESS_IP6", protocol: 47 } } } as const;
  await it.client.call("punt_socket_deregister", { punt });
  t.notDeepEqual(await protocolNodes(it), nodes);
  await it.manager.resync();
  t.deepEqual(await protocolNodes(it), nodes);
});

test("VPP's lists of protocols have names for IPv4 and numbers for IPv6; other answers are none", (t) => {
  const ip4 = "Protocols handled by ip4_local\nUDP: ip4-udp-lookup\nGRE: gre4-input\nunknown 61: x\nNEW: y\n";
  const ip6 = "Protocols handled by ip6_local\n44: ip6-local-full-reassembly\n";
  t.deepEqual(
    [...parseIpProtocols(ip4, ip6)!],
    [
      ["4/17", "ip4-udp-lookup"],
      ["4/47", "gre4-input"],
      ["6/44", "ip6-local-full-reassembly"],
    ],
  );
  t.is(parseIpProtocols("unknown input `show ip local'", ip6), undefined);
});

test("a UDP port that lost its handler comes back to its punt", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add(toDhcpClient, { waitFor: "CREATED" });
  const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 68 } as const;
  // Takes the port from any node, and VPP does not tell whose it was.
  await it.client.call("set_punt", { is_add: false, punt: { type: "PUNT_API_TYPE_L4", punt: { l4 } } });
  t.is(await nodeOf(it, 68), undefined);
  await it.manager.resync();
  t.is(await nodeOf(it, 68), "ip4-udp-punt-socket");
  t.is(it.manager.list()[0]?.state, "CREATED");
});

test("a registration of another owner that lost its port is left alone", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 68 } as const;
  const target = { type: "PUNT_API_TYPE_L4", punt: { l4 } } as const;
  await it.client.call("punt_socket_register", { header_version: 1, punt: target, pathname: "/run/theirs.sock" });
  await it.client.call("set_punt", { is_add: false, punt: target });
  await t.throwsAsync(it.manager.add(toDhcpClient), { code: "ERR_FOREIGN" });
});

test("VPP's table of UDP ports is read with and without colors; the answer to an unknown command is not a table", (t) => {
  const colored =
    "\x1b[33mport\x1b[0m \x1b[33mproto\x1b[0m \x1b[33m      node      \x1b[0m \x1b[33mdesc \x1b[0m\n4500\x1b[0m   ip6\x1b[0m ipsec6-tun-input\x1b[0m (nil)\x1b[0m\n";
  t.deepEqual([...parseUdpPorts(colored)!], [["6/4500", "ipsec6-tun-input"]]);
  t.deepEqual([...parseUdpPorts("port proto node desc\n")!], []);
  t.is(parseUdpPorts("unknown input `show udp ports'"), undefined);
});

test("a foreign DHCP proxy keeps its port", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const foreign = { rx_vrf_id: 0, server_vrf_id: 0, dhcp_server: "10.0.0.9", dhcp_src_address: "10.0.0.1" };
  await it.client.call("dhcp_proxy_config", { ...foreign, is_add: true });
  const punt = { ...socket, toHost: { af: "IPV4", protocol: "UDP", port: 67 } } as const;
  await t.throwsAsync(it.manager.add(punt), { code: "ERR_CONFLICT", message: /DHCP proxy/ });
});

test("a punt to a socket for both families has two registrations under one identity", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { id } = await it.manager.add({ ...socket, toHost: { af: "BOTH", protocol: "UDP", port: 53 } });
  const registered = async () => (await it.client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" })).length;
  t.is(await registered(), 2);
  const rival = { ...socket, cnf: "b", toHost: { af: "IPV6", protocol: "UDP", port: 53 } } as const;
  await t.throwsAsync(it.manager.add(rival), { code: "ERR_CONFLICT" });
  await it.manager.delete(id);
  t.is(await registered(), 0);
});

test("the CNF's end of a DHCP proxy is VPP's neighbor before the first packet", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { metadata } = await it.manager.add({ cnf: "p", type: "DHCP_PROXY", interconnect: "MEMIF" });
  const { mac, addresses } = metadata.interconnects[0]!.cnfInterface!;
  const neighbors = await it.client.dumpAll("ip_neighbor_dump", { sw_if_index: 0xffff_ffff, af: "ADDRESS_IP4" });
  t.deepEqual(
    neighbors.map(({ neighbor }) => [neighbor.ip_address, neighbor.mac_address]),
    [[addresses[0]!.split("/")[0], mac]],
  );
});
