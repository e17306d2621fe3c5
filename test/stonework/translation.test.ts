// Requests, metadata, dependencies and models in StoneWork's form and in ours.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import test from "ava";
import { type PuntRequestInput, parseRequest } from "../../lib/punt/index.js";
import {
  dependenciesFromWire,
  dependencyOfKey,
  dependencyToWire,
  puntDependencies,
} from "../../lib/stonework/dependencies.js";
import { metadataFromWire, metadataToWire } from "../../lib/stonework/metadata.js";
import { fileDescriptor, itemKey, itemName, modelOf, packItem } from "../../lib/stonework/model.js";
import { pathsIn } from "../../lib/stonework/paths.js";
import { requestFromWire, requestToWire } from "../../lib/stonework/request.js";
import * as wire from "../../lib/stonework/wire.js";

const { PuntRequestSchema, PuntRequest_PuntType: PuntType, PuntRequest_InterconnectType: Interconnect } = wire;
type Wire = MessageInitShape<typeof PuntRequestSchema>;
const WHO = { cnf: "mycnf", key: "config/mock/v1/type/x" };

/** As it comes over the wire. */
function translated(request: Wire): PuntRequestInput | undefined {
  const sent = toBinary(PuntRequestSchema, create(PuntRequestSchema, request));
  return requestFromWire(fromBinary(PuntRequestSchema, sent), WHO);
}

const parsed = (request: Wire) => parseRequest(translated(request));

test("a field of value zero is not set", (t) => {
  const hairpin = parsed({
    puntType: PuntType.HAIRPIN,
    config: { case: "hairpin", value: { vppInterface: "eth0", hairpinInterface: { name: "hp0" } } },
  });
  t.like(hairpin, {
    ...WHO,
    label: "",
    interconnect: "TAP",
    hairpinInterface: { name: "hp0", ipAddresses: [], vrf: 0, withDhcpClient: false },
  });
  t.false("mtu" in (hairpin as { hairpinInterface: object }).hairpinInterface);
  t.false("physAddress" in (hairpin as { hairpinInterface: object }).hairpinInterface);
});

const ip = (rule: MessageInitShape<typeof wire.ACL_Rule_IpRuleSchema>) => {
  const abx = { vppInterface: "eth0", ingressAclRules: [rule] };
  const request = parsed({ puntType: PuntType.ABX, config: { case: "abx", value: abx } });
  return (request as { ingressAclRules: readonly object[] }).ingressAclRules[0];
};

test("a rule's tcp, udp or icmp part implies its protocol", (t) => {
  const any = { sourceNetwork: "", destinationNetwork: "" };
  t.deepEqual(ip({ tcp: {} }), { ...any, protocol: 6 });
  t.deepEqual(ip({ udp: { destinationPortRange: { lowerPort: 161, upperPort: 162 } } }), {
    ...any,
    protocol: 17,
    destinationPort: { first: 161, last: 162 },
  });
  t.deepEqual(ip({ icmp: {} }), { ...any, protocol: 1 });
  t.deepEqual(ip({ icmp: { icmpv6: true } }), { ...any, protocol: 58 });
  t.deepEqual(ip({ ip: { destinationNetwork: "local", protocol: 89 } }), {
    ...any,
    destinationNetwork: "local",
    protocol: 89,
  });
});

test("all ports and ports 0 to 0 do not restrict a rule; a given range of ICMP types does", (t) => {
  const all = { lowerPort: 0, upperPort: 65535 };
  t.deepEqual(ip({ tcp: { sourcePortRange: all, destinationPortRange: {}, tcpFlagsMask: 2, tcpFlagsValue: 2 } }), {
    sourceNetwork: "",
    destinationNetwork: "",
    protocol: 6,
    tcpFlags: { mask: 2, value: 2 },
  });
  t.deepEqual(ip({ icmp: { icmpTypeRange: {}, icmpCodeRange: { first: 0, last: 255 } } }), {
    sourceNetwork: "",
    destinationNetwork: "",
    protocol: 1,
    icmpType: { first: 0, last: 0 },
  });
});

test("GSO on MEMIF is ignored, and on TAP is not", (t) => {
  const span: Wire = {
    puntType: PuntType.SPAN,
    enableGso: true,
    config: { case: "span", value: { vppInterface: "e" } },
  };
  t.like(parsed(span), { interconnect: "TAP", enableGso: true });
  t.like(parsed({ ...span, interconnectType: Interconnect.MEMIF }), { interconnect: "MEMIF", enableGso: false });
});

test("NO_PUNT is skipped, and a request without the part of its type is refused by name", (t) => {
  t.is(translated({}), undefined);
  const wrong: Wire = { puntType: PuntType.ABX, label: "l", config: { case: "span", value: {} } };
  t.throws(() => translated(wrong), { code: "ERR_INVALID_REQUEST", message: /l of mycnf .* type ABX .* span/ });
  const lacking: Wire = { puntType: PuntType.PUNT_TO_SOCKET };
  t.throws(() => translated(lacking), { code: "ERR_INVALID_REQUEST", message: /no configuration/ });
});

test("an unknown interconnect is refused, and is not TAP", (t) => {
  const config = { case: "span", value: { vppInterface: "eth0" } } as const;
  for (const interconnectType of [Interconnect.AF_UNIX, 9 as wire.PuntRequest_InterconnectType])
    t.throws(() => parsed({ puntType: PuntType.SPAN, interconnectType, config }), {
      code: "ERR_INVALID_REQUEST",
      message: /interconnect: TAP and MEMIF/,
    });
});

test("L3 ALL is both families under one identity", (t) => {
  const toHost = { l3Protocol: wire.L3Protocol.ALL, l4Protocol: wire.L4Protocol.UDP, port: 53, socketPath: "/tmp/dns" };
  const request = parsed({
    puntType: PuntType.PUNT_TO_SOCKET,
    // TAP is the zero value: a request to a socket need not say AF_UNIX.
    config: { case: "puntToSocket", value: { config: { case: "toHost", value: toHost } } },
  });
  t.like(request, {
    interconnect: "AF_UNIX",
    toHost: { af: "BOTH", protocol: "UDP", port: 53 },
    socketPath: "/tmp/dns",
  });
});

const SAME = { cnf: "c", key: "k", label: "l" } as const;
const BOTH_WAYS: readonly PuntRequestInput[] = [
  { ...SAME, type: "HAIRPIN_XCONNECT", interconnect: "TAP", vppInterface1: "eth0", vppInterface2: "eth1" },
  {
    ...{ ...SAME, type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "eth0" },
    hairpinInterface: {
      name: "hp0",
      physAddress: "02:00:00:00:00:01",
      ipAddresses: ["10.0.0.1/24"],
      vrf: 2,
      mtu: 1400,
    },
  },
  { ...SAME, type: "SPAN", interconnect: "TAP", enableGso: true, vppInterface: "eth0" },
  {
    ...{ ...SAME, type: "ABX", interconnect: "TAP", vppInterface: "eth0", vrf: 1, withoutCnfVrf: true },
    ingressAclRules: [
      { destinationNetwork: "local", protocol: "OSPF" },
      { sourceNetwork: "10.0.0.0/8", protocol: "TCP", destinationPort: 22, tcpFlags: { mask: 2, value: 2 } },
      { sourceNetwork: "any", protocol: "ICMPV6", icmpType: 0 },
    ],
    egressAclRules: [{ destinationNetwork: "any", protocol: "UDP", sourcePort: { first: 161, last: 162 } }],
  },
  { ...SAME, type: "DHCP_PROXY", interconnect: "TAP", vrf: 3 },
  { ...SAME, type: "ISISX", interconnect: "TAP", vppInterface: "eth0" },
  { ...SAME, type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 }, socketPath: "/tmp/a" },
  { ...SAME, type: "PUNT_TO_SOCKET", toHost: { af: "BOTH", protocol: "UDP", port: 53 }, socketPath: "/tmp/a" },
  { ...SAME, type: "PUNT_TO_SOCKET", exception: { reason: "ipsec4-spi-0" }, socketPath: "/tmp/a" },
];

test("a request of each type survives the way to StoneWork's form and back", (t) => {
  for (const input of BOTH_WAYS) {
    const request = parseRequest(input);
    const sent = toBinary(PuntRequestSchema, requestToWire(request));
    t.deepEqual(parseRequest(requestFromWire(fromBinary(PuntRequestSchema, sent), SAME)), request, input.type);
  }
});

test("a request that StoneWork has no word for is refused", (t) => {
  const inexpressible: readonly PuntRequestInput[] = [
    { ...SAME, type: "SPAN", interconnect: "TAP", vppInterface: "eth0", direction: "rx" },
    { ...SAME, type: "DHCP_PROXY", interconnect: "TAP", families: ["IPV6"] },
    { ...SAME, type: "PUNT_TO_SOCKET", toHost: { af: "IPV6", protocol: "ICMPv6", port: 130 }, socketPath: "/tmp/a" },
    { ...SAME, type: "PUNT_TO_SOCKET", ipProto: { af: "IPV4", protocol: "OSPF" }, socketPath: "/tmp/a" },
  ];
  for (const input of inexpressible)
    t.throws(() => requestToWire(parseRequest(input)), { code: "ERR_INVALID_REQUEST", message: /SPAN in both/ });
});

const PATHS = pathsIn("/run/stonework");
const SIDE = { name: "tap-ddwpw", mac: "02:fe:00:00:00:01", addresses: ["10.0.0.2/30"], vrf: 1, vrfName: "vrf1" };

test("metadata of a TAP comes back the same, in the CNF's own namespace", (t) => {
  const tap = {
    ...{ type: "TAP" as const, vppSelector: "v", cnfSelector: "tap::1", shared: true },
    vppInterface: { ...SIDE, vrfName: "" },
    cnfInterface: SIDE,
    attachment: { kind: "tap" as const, name: "tap-ddwpw", namespace: "" },
  };
  const metadata = { id: SAME, type: "ABX" as const, interconnects: [tap], caveats: [] };
  t.deepEqual(metadataFromWire(metadataToWire(metadata), PATHS), { id: SAME, interconnects: [tap] });
});

test("the selector of a memif has its socket and secret; the selector of a socket has its path", (t) => {
  const attachment = (cnfSelector: string) =>
    metadataFromWire(create(wire.PuntMetadataSchema, { interconnects: [{ id: { cnfSelector } }] }), PATHS)
      .interconnects[0]!.attachment;
  t.deepEqual(attachment("memif::wCqiu"), {
    ...{ kind: "memif", id: 1, secret: "wCqiu" },
    socket: "/run/stonework/memif/memif-wCqiu.sock",
  });
  t.deepEqual(attachment("af-unix::/tmp/a::b"), {
    ...{ kind: "af-unix", path: "/tmp/a::b" },
    vppPath: "/run/stonework/vpp/punt-to-vpp.sock",
  });
});

test("keys of the agent are dependencies, and come back", (t) => {
  const keys: Readonly<Record<string, object>> = {
    "config/vpp/v2/interfaces/loop2": { kind: "interface", name: "loop2" },
    "config/vpp/v2/interfaces/GigabitEthernet0/8/0": { kind: "interface", name: "GigabitEthernet0/8/0" },
    "vpp/interface/GigabitEthernet0/8/0/link-state/UP": { kind: "link-up", name: "GigabitEthernet0/8/0" },
    "vpp/interface/loop1/address/static/10.0.0.1/24": { kind: "address", name: "loop1", address: "10.0.0.1/24" },
    "vpp/interface/Gi0/8/0/address/fd00::1/64": { kind: "address", name: "Gi0/8/0", address: "fd00::1/64" },
    "vpp/interface/Gi0/8/0/address/alloc_ref/alloc:net/if0": { kind: "address", name: "Gi0/8/0" },
    "vpp/interface/loop1/address/static/": { kind: "address", name: "loop1" },
    "vpp/interface/loop1/has-IP-address": { kind: "address", name: "loop1" },
    "vpp/interface/loop1/vrf/1/ip-version/both": { kind: "interface-in-vrf", name: "loop1", vrf: 1 },
    "vpp/interface/Gi0/8/0/vrf/1": { kind: "interface-in-vrf", name: "Gi0/8/0", vrf: 1 },
    "vpp/interface/loop1/vrf/0/ip-version/v4": { kind: "interface-in-vrf", name: "loop1", vrf: 0, af: "IPV4" },
    "vpp/interface/loop1/vrf/from-interface/eth0": {
      kind: "unknown",
      key: "vpp/interface/loop1/vrf/from-interface/eth0",
    },
    "vpp/interface/loop1/vrf/12/ip-version/v6": { kind: "interface-in-vrf", name: "loop1", vrf: 12, af: "IPV6" },
    "config/vpp/v2/vrf-table/id/1/protocol/IPV6": { kind: "vrf", vrf: 1, af: "IPV6" },
    "linux/microservice/mycnf": { kind: "cnf", label: "mycnf" },
    "config/vpp/v2/route/vrf/1/dst/10.0.0.0/8": { kind: "unknown", key: "config/vpp/v2/route/vrf/1/dst/10.0.0.0/8" },
  };
  for (const [key, dependency] of Object.entries(keys)) {
    t.deepEqual(dependencyOfKey(key) as object, dependency, key);
    t.deepEqual(dependenciesFromWire([dependencyToWire(dependencyOfKey(key))]) as object[], [dependency], key);
  }
});

test("a key of 4 MiB is translated in the time that its length takes", (t) => {
  const name = `x${"/address/".repeat(400_000)}`;
  t.deepEqual(dependencyOfKey(`vpp/interface/${name}/address/\n`), { kind: "address", name });
});

const anyOf = (...keyPrefixes: string[]) =>
  dependenciesFromWire([
    create(wire.ConfigItemDependencySchema, { dep: { case: "anyof", value: { keyPrefixes } } }),
    create(wire.ConfigItemDependencySchema, {}),
  ]);

test("of several prefixes, a known one stands for all; an interface in a VRF is of any family if they name several", (t) => {
  t.deepEqual(anyOf("no/such/key/", "vpp/interface/loop1/address/"), [{ kind: "address", name: "loop1" }]);
  t.deepEqual(anyOf(), []);
  const inVrf = { kind: "interface-in-vrf" as const, name: "e", vrf: 1 };
  const versions = (...all: string[]) => anyOf(...all.map((version) => `vpp/interface/e/vrf/1/ip-version/${version}`));
  t.deepEqual(versions("both", "v6"), [{ ...inVrf, af: "IPV6" }]);
  t.deepEqual(versions("v4", "both"), [{ ...inVrf, af: "IPV4" }]);
  t.deepEqual(versions("v4", "v6", "both"), [inVrf]);
});

test("a punt waits for all dependencies that are VPP's; StoneWork knows a container by its label", (t) => {
  const all = ["linux/microservice/x", "a/b", "vpp/interface/e/vrf/1"].map(dependencyOfKey);
  t.deepEqual(puntDependencies(all), [{ kind: "interface-in-vrf", name: "e", vrf: 1 }]);
  const { dep } = dependencyToWire({ kind: "container", name: "microservice:dns" });
  t.is(dep.value, "linux/microservice/dns");
  t.throws(() => dependencyToWire({ kind: "container", name: "pod:a/b" }), {
    code: "ERR_INVALID_REQUEST",
    message: /pod:a\/b/,
  });
});

test("names and keys of items follow Go's reading of the template, or there are none", (t) => {
  const { LinuxInterfaceSchema: message } = wire;
  const spec = create(wire.ModelSpecSchema, { module: "a.b", type: "c.d" });
  const value = create(message, { name: "x", type: 4, enabled: true, mtu: 9000 });
  const model = (nameTemplate: string) => ({ message, spec, nameTemplate });
  const plain = model("{{.Type}}/{{ .Name }}/{{.Enabled}}/{{.Mtu}}");
  t.is(itemKey(plain, itemName(plain, value)), "config/a/b/v0/c/d/EXISTING/x/true/9000");
  t.is(itemName(plain, create(message, { type: 99 as 4 })), "99//false/0");
  t.is(itemKey(model(""), itemName(model(""), value)), "config/a/b/v0/c/d");
  for (const template of ["{{if .Name}}{{.Name}}{{end}}", "{{.Name.Part}}"])
    t.throws(() => itemName(model(template), value), { code: "ERR_OPTION", message: /has more than fields.*\{\{/ });
});

test("a model has keys, items, and a file with all of its imports", (t) => {
  const model = modelOf(wire.LinuxInterfaceSchema);
  const value = create(wire.LinuxInterfaceSchema, { name: "tap0" });
  t.is(itemKey(model, itemName(model, value)), "config/linux/interfaces/v2/interface/tap0");
  const item = packItem(model, value);
  t.deepEqual(
    { ...item.id },
    { $typeName: "ligato.generic.Item.ID", model: "linux.interfaces.interface", name: "tap0" },
  );
  t.is(item.data?.union.value?.typeUrl, "models.ligato.io/ligato.linux.interfaces.Interface");
  const file = fileDescriptor([model], "ligato/linux/interfaces/interface.proto");
  t.deepEqual(
    file?.fileImportDescriptors?.file.map(({ name }) => name),
    ["google/protobuf/descriptor.proto", "ligato/generic/model.proto", "ligato/generic/options.proto"],
  );
  t.is(fileDescriptor([model], "no.proto"), undefined);
  t.throws(() => modelOf(wire.PuntRequestSchema), { code: "ERR_OPTION", message: /50222/ });
});
