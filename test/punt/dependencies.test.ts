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
    { type: "SPAN", vppInterface: "loop7" },
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
