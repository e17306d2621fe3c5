// Punts of which VPP has every item and that still cannot do everything, and punts that would break VPP.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const abx = { cnf: "a", type: "ABX", interconnect: "TAP", vppInterface: "if0" } as const;
const ospf = [{ protocol: "OSPF" }] as const;
const socket = { cnf: "a", type: "PUNT_TO_SOCKET", socketPath: "/run/a.sock" } as const;

interface Case {
  readonly title: string;
  readonly punt: PuntRequestInput;
  readonly withoutPlugins?: string[];
  readonly codes: string[];
}

const cases: Case[] = [
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
  { title: "multicast without egress rules", punt: { ...abx, ingressAclRules: [...ospf] }, codes: ["NO_EGRESS"] },
  { title: "unicast without egress rules", punt: { ...abx, ingressAclRules: [{ protocol: "TCP" }] }, codes: [] },
  { title: "egress rules alone", punt: { ...abx, egressAclRules: [...ospf] }, codes: [] },
  {
    title: "OSPF without a multicast route",
    punt: { ...socket, ipProto: { af: "IPV4", protocol: "OSPF" } },
    codes: ["MULTICAST_ROUTE"],
  },
  { title: "RSVP, which is unicast", punt: { ...socket, ipProto: { af: "IPV4", protocol: "RSVP" } }, codes: [] },
];
for (const { title, punt, withoutPlugins = [], codes } of cases) {
  test(`${title}: ${codes.length > 0 ? `DEGRADED, ${codes.join(" and ")}` : "CREATED"}`, async (t) => {
    const it = await managedVpp({}, { withoutPlugins });
    t.teardown(() => it.close());
    const heard: string[] = [];
    it.manager.on("state", ({ to }) => heard.push(to));
    const status = await it.manager.add(punt, { waitFor: "CREATED" });
    const state = codes.length > 0 ? "DEGRADED" : "CREATED";
    t.is(status.state, state);
    t.deepEqual(
      status.reasons.map(({ code }) => code),
      codes,
    );
    t.true(status.reasons.every(({ text, remedy }) => remedy !== "" && status.metadata.caveats.includes(text)));
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

test("a punt waits for the dependencies that its caller names", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const dependsOn = [
    { kind: "interface", name: "loop0" },
    { kind: "link-up", name: "if1" },
    { kind: "address", name: "if1" },
    { kind: "vrf", vrf: 7 },
  ] as const;
  const status = await it.manager.add({
    cnf: "a",
    type: "SPAN",
    interconnect: "MEMIF",
    vppInterface: "if0",
    dependsOn: [...dependsOn],
  });
  t.deepEqual(
    status.missing.map(({ text }) => text),
    ["VPP interface loop0", "IPv4 table of VRF 7"],
  );
  await it.client.call("create_loopback", { mac_address: "02:00:00:00:00:07" });
  await it.client.call("ip_table_add_del", { is_add: true, table: { table_id: 7, is_ip6: false, name: "" } });
  await it.manager.resync();
  t.is(it.manager.get({ cnf: "a" })?.state, "CREATED");
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
