// The dependencies of each type. A punt waits again after a dependency has gone.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import type { Message } from "../support/vpp/tapped.js";

type Call = readonly [name: string, fields: Message];

interface Case {
  readonly title: string;
  readonly punt: Record<string, unknown>;
  readonly waitsFor: readonly string[];
  /** Requests that create the dependency, and requests that delete it. */
  readonly come: (managed: ManagedVpp) => Call[];
  readonly go: (managed: ManagedVpp) => Call[];
}

const loop: Call = [
  "create_loopback_instance",
  { mac_address: "02:fb:00:00:00:07", is_specified: true, user_instance: 7 },
];
const loopUp = (managed: ManagedVpp): Call => [
  "sw_interface_set_flags",
  { sw_if_index: managed.vpp.interface("loop7").swIfIndex, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] },
];
const noLoop = (managed: ManagedVpp): Call[] => [
  ["delete_loopback", { sw_if_index: managed.vpp.interface("loop7").swIfIndex }],
];
const prefix = (managed: ManagedVpp, is_add: boolean): Call => [
  "sw_interface_add_del_address",
  { sw_if_index: managed.vpp.interface("if0").swIfIndex, is_add, del_all: false, prefix: "10.0.0.1/24" },
];
const vrf = (managed: ManagedVpp, vrf_id: number): Call => [
  "sw_interface_set_table",
  { sw_if_index: managed.vpp.interface("if0").swIfIndex, is_ipv6: false, vrf_id },
];
const tables = (is_add: boolean, ...families: (4 | 6)[]): Call[] =>
  families.map((family) => ["ip_table_add_del", { is_add, table: { table_id: 9, is_ip6: family === 6, name: "" } }]);

const rules = [{ protocol: "OSPF" }];
const hairpin = (...ipAddresses: string[]) => ({ name: "hairpin0", vrf: 9, ipAddresses });

const cases: Case[] = [
  ...[
    { type: "SPAN", vppInterface: "loop7", direction: "tx" },
    { type: "HAIRPIN", vppInterface: "loop7", hairpinInterface: { name: "hairpin0" } },
    { type: "HAIRPIN_XCONNECT", vppInterface1: "if1", vppInterface2: "loop7" },
  ].map((punt) => ({
    title: `${punt.type}: its interface`,
    punt,
    waitsFor: ["VPP interface loop7"],
    come: () => [loop],
    go: noLoop,
  })),
  ...[{ type: "ABX", ingressAclRules: rules, egressAclRules: rules }, { type: "ISISX" }].flatMap((punt): Case[] => [
    {
      title: `${punt.type}: an address on its interface`,
      punt: { ...punt, vppInterface: "if0" },
      waitsFor: ["an address on VPP interface if0"],
      come: (managed) => [prefix(managed, true)],
      go: (managed) => [prefix(managed, false)],
    },
    {
      title: `${punt.type}: its interface in the VRF`,
      punt: { ...punt, vppInterface: "if0", vrf: 2 },
      waitsFor: ["VPP interface if0 in VRF 2"],
      come: (managed) => [prefix(managed, false), vrf(managed, 2), prefix(managed, true)],
      go: (managed) => [prefix(managed, false), vrf(managed, 0), prefix(managed, true)],
    },
  ]),
  {
    title: "HAIRPIN: the VRF's tables of its addresses' families",
    punt: { type: "HAIRPIN", vppInterface: "if0", hairpinInterface: hairpin("10.8.0.1/24", "fd08::1/64") },
    waitsFor: ["IPv4 table of VRF 9", "IPv6 table of VRF 9"],
    come: () => tables(true, 4, 6),
    go: () => [],
  },
  {
    title: "DHCP_PROXY: the VRF's table of each of its families",
    punt: { type: "DHCP_PROXY", vrf: 9, families: ["IPV6"] },
    waitsFor: ["IPv6 table of VRF 9"],
    come: () => tables(true, 6),
    go: () => [],
  },
];

async function configure({ client }: ManagedVpp, calls: readonly Call[]): Promise<void> {
  for (const [name, fields] of calls) await client.call(name, fields);
}

for (const { title, punt, waitsFor, come, go } of cases) {
  test(title, async (t) => {
    const it = await managedVpp();
    t.teardown(() => it.close());
    const request = { cnf: "a", interconnect: "MEMIF", ...punt } as PuntRequestInput;
    if (waitsFor[0]?.startsWith("an address")) await configure(it, go(it));
    const { state, missing, id } = await it.manager.add(request);
    t.is(state, "PENDING");
    t.deepEqual(
      missing.map(({ text }) => text),
      waitsFor,
    );
    await configure(it, come(it));
    if (waitsFor[0] === "VPP interface loop7") await configure(it, [loopUp(it)]);
    await it.manager.resync();
    t.is(it.manager.get(id)?.state, "CREATED");
    const away = go(it);
    // Objects in a table keep the table: VPP does not delete it.
    if (away.length === 0) return;
    await configure(it, away);
    await it.manager.resync();
    t.is(it.manager.get(id)?.state, "PENDING");
    t.deepEqual(
      it.manager.get(id)?.missing.map(({ text }) => text),
      waitsFor,
    );
  });
}

test("a punt waits for the namespace of its CNF", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const identify = it.host.identify.bind(it.host);
  let there = false;
  it.host.identify = async (path) => (path === "" || there ? identify(path) : undefined);
  const { id, state, missing } = await it.manager.add({
    ...{ cnf: "a", type: "SPAN", interconnect: "TAP", vppInterface: "if0", netns: { name: "late" } },
  } as PuntRequestInput);
  t.is(state, "PENDING");
  t.deepEqual(
    missing.map(({ text }) => text),
    ["network namespace /run/netns/late"],
  );
  there = true;
  await it.manager.resync();
  t.is(it.manager.get(id)?.state, "CREATED");
  there = false;
  await it.manager.resync();
  t.is(it.manager.get(id)?.state, "PENDING");
});

const PLAIN = { cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" } as const;

test("a punt waits for the dependencies that its caller names", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const dependsOn = [
    { kind: "interface", name: "loop0" },
    { kind: "link-up", name: "if1" },
    { kind: "address", name: "if1" },
    { kind: "vrf", vrf: 7 },
  ] as const;
  const status = await it.manager.add({ ...PLAIN, dependsOn: [...dependsOn] });
  t.deepEqual(
    status.missing.map(({ text }) => text),
    ["VPP interface loop0", "IPv4 table of VRF 7"],
  );
  await it.client.call("create_loopback", { mac_address: "02:00:00:00:00:07" });
  await it.client.call("ip_table_add_del", { is_add: true, table: { table_id: 7, is_ip6: false, name: "" } });
  await it.manager.resync();
  t.is(it.manager.get({ cnf: "a" })?.state, "CREATED");
});

test("a punt waits for an address of its caller's choice, and for an interface in a VRF", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const dependsOn: NonNullable<PuntRequestInput["dependsOn"]> = [
    { kind: "address", name: "if0", address: "10.0.0.7/24" },
    { kind: "address", name: "if1", address: "10.0.1.1/24" },
    { kind: "interface-in-vrf", name: "if0", vrf: 2 },
    { kind: "interface-in-vrf", name: "if5", vrf: 1, af: "IPV4" },
    { kind: "interface-in-vrf", name: "if5", vrf: 1, af: "IPV6" },
    { kind: "interface-in-vrf", name: "if1", vrf: 0 },
    { kind: "interface-in-vrf", name: "if9", vrf: 0 },
  ];
  const missing = async () => {
    await it.manager.resync();
    return it.manager.get({ cnf: "a" })!.missing.map(({ text }) => text);
  };
  await it.manager.add({ ...PLAIN, dependsOn });
  t.deepEqual(await missing(), [
    "the address 10.0.0.7/24 on VPP interface if0",
    "VPP interface if0 in VRF 2",
    "VPP interface if5 in VRF 1 of IPV6",
    "VPP interface if9",
  ]);
  await it.manager.update({ ...PLAIN, dependsOn: dependsOn.slice(0, 4) });
  await configure(it, [prefix(it, false), vrf(it, 2), prefix(it, true)]);
  t.deepEqual(await missing(), ["the address 10.0.0.7/24 on VPP interface if0"]);
  await configure(it, [["sw_interface_add_del_address", { ...prefix(it, true)[1], prefix: "10.0.0.7/24" }]]);
  t.deepEqual(await missing(), []);
  t.is(it.manager.get({ cnf: "a" })?.state, "CREATED");
});

test("a punt waits for a container that its caller names, and says why none is found", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { missing } = await it.manager.add({ ...PLAIN, dependsOn: [{ kind: "container", name: "microservice:dns" }] });
  t.like(missing, [
    {
      kind: "container",
      name: "microservice:dns",
      text: "a container with MICROSERVICE_LABEL=dns: no container engine is named (option containers)",
    },
  ]);
  await t.throwsAsync(it.manager.add({ ...PLAIN, key: "k", dependsOn: [{ kind: "container", name: "dns" }] }), {
    code: "ERR_INVALID_REQUEST",
    message: /dependsOn\[0\]/,
  });
});
