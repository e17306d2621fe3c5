// The schema of requests.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { decodeText } from "../../lib/punt/request/file-text.js";
import { parseRequest, requestJsonSchema } from "../../lib/punt/request/request.js";
import { loadRequests, parseRequests } from "../../lib/punt/request/request-file.js";

function issuesOf(input: unknown): { field: string; message: string }[] {
  try {
    parseRequest(input);
  } catch (error) {
    if (error instanceof PuntError && error.code === "ERR_INVALID_REQUEST") return error.details.issues as never;
    throw error;
  }
  return [];
}

const span = { cnf: "cnf1", type: "SPAN", interconnect: "TAP", vppInterface: "eth0" };
const abx = { cnf: "cnf1", type: "ABX", interconnect: "TAP", vppInterface: "eth0", ingressAclRules: [{}] };
const socket = {
  cnf: "cnf1",
  type: "PUNT_TO_SOCKET",
  socketPath: "/run/a.sock",
  toHost: { af: "IPV4", protocol: "UDP", port: 53 },
};

const { toHost: _, ...socketOf } = socket;
const hairpin = { cnf: "cnf1", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "eth0" };

test("a rule's protocol follows from its parts", (t) => {
  const rules = [
    { tcpFlags: { mask: 2, value: 2 } },
    { icmpType: 8 },
    { icmpType: 128, destinationNetwork: "fd00::/8" },
    { protocol: "UDP", sourcePort: 53 },
    {},
  ];
  const request = parseRequest({ ...abx, ingressAclRules: [], egressAclRules: rules });
  t.deepEqual(
    (request as { egressAclRules: { protocol: number }[] }).egressAclRules.map(({ protocol }) => protocol),
    [6, 1, 58, 17, 0],
  );
});

test('0, "" and no families mean that a field is not set where they are no values, and the interconnect is a TAP then', (t) => {
  const { interconnect: _, ...bare } = span;
  const unset = parseRequest({ ...bare });
  t.like(unset, { interconnect: "TAP", direction: "both" });
  t.deepEqual(parseRequest({ ...bare, interconnect: 0, direction: 0 }), unset);
  t.deepEqual(parseRequest({ ...bare, interconnect: "", direction: "" }), unset);
  t.is(parseRequest({ ...socket, interconnect: 0 }).interconnect, "AF_UNIX");
  const proxy = { cnf: "a", type: "DHCP_PROXY", interconnect: "TAP" };
  t.deepEqual(parseRequest({ ...proxy, families: [] }), parseRequest(proxy));
  const zeros = parseRequest(namedHairpin({ name: "h", physAddress: "", mtu: 0, vrf: 0, withDhcpClient: false }));
  t.deepEqual(zeros, parseRequest(namedHairpin({ name: "h" })));
  t.deepEqual(
    issuesOf({ ...span, vppInterface: "" }).map(({ field }) => field),
    ["vppInterface"],
  );
});

test("fields with a default are optional", (t) => {
  t.deepEqual(parseRequest(span), { ...span, key: "", label: "", enableGso: false, direction: "both" } as never);
});

test("a container is named by up to 255 characters of its name or its id", (t) => {
  const issues = (container: string) => issuesOf({ ...span, netns: { container } }).length;
  t.deepEqual(["a", "web-1_b.c", "a".repeat(255)].map(issues), [0, 0, 0]);
  for (const container of ["", "a b", "a/b", "a".repeat(256)]) t.true(issues(container) > 0, container);
});

const combinations = [
  ...["HAIRPIN_XCONNECT", "HAIRPIN", "SPAN", "ABX", "DHCP_PROXY", "ISISX"].map((type) => [type, "AF_UNIX"]),
  ...["TAP", "MEMIF"].map((interconnect) => ["PUNT_TO_SOCKET", interconnect]),
];
for (const [type, interconnect] of combinations) {
  test(`${type} over ${interconnect} is refused, naming the field`, (t) => {
    const request = type === "PUNT_TO_SOCKET" ? { ...socket, interconnect } : { ...span, type, interconnect };
    t.true(issuesOf(request).some((issue) => issue.field === "interconnect"));
  });
}

function namedHairpin(hairpinInterface: object): object {
  return { cnf: "a", type: "HAIRPIN", interconnect: "TAP", vppInterface: "eth0", hairpinInterface };
}

const wrong: [string, object, string][] = [
  ["an unknown field", { ...span, vppInterfac: "eth0" }, "vppInterfac"],
  ["a CNF without a label", { ...span, cnf: "" }, "cnf"],
  ["an unknown type", { ...span, type: "SPAM" }, "type"],
  ["a port above 65535", { ...socket, toHost: { af: "IPV4", protocol: "UDP", port: 65536 } }, "toHost.port"],
  ["ICMPv6 over IPv4", { ...socket, toHost: { af: "IPV4", protocol: "ICMPv6", port: 135 } }, "toHost.af"],
  ["a neighbor solicitation", { ...socket, toHost: { af: "IPV6", protocol: "ICMPv6", port: 135 } }, "toHost.port"],
  [
    "the port that VPP takes for none",
    { ...socket, toHost: { af: "IPV4", protocol: "UDP", port: 65535 } },
    "toHost.port",
  ],
  ["two targets", { ...socket, exception: { reason: "ipsec4-spi-0" } }, "toHost"],
  ["no target", { ...socket, toHost: undefined }, "toHost"],
  ["a relative socket path", { ...socket, socketPath: "a.sock" }, "socketPath"],
  ["a socket path longer than VPP's field", { ...socket, socketPath: `/${"a".repeat(107)}` }, "socketPath"],
  ["a socket path that names a folder", { ...socket, socketPath: "/run/app/" }, "socketPath"],
  ["a zero MAC address", namedHairpin({ name: "h", physAddress: "00:00:00:00:00:00" }), "hairpinInterface.physAddress"],
  ["a device's name with a place for a number", namedHairpin({ name: "a%d" }), "hairpinInterface.name"],
  ["a device's name that each namespace has", namedHairpin({ name: "lo" }), "hairpinInterface.name"],
  ["a device's name that Linux keeps for settings", namedHairpin({ name: "default" }), "hairpinInterface.name"],
  [
    "TCP flags that no packet matches",
    { ...abx, ingressAclRules: [{ tcpFlags: { mask: 1, value: 2 } }] },
    "ingressAclRules[0].tcpFlags",
  ],
  [
    "a link-local address",
    { ...hairpin, hairpinInterface: { name: "h", ipAddresses: ["fe80::1/64"] } },
    "hairpinInterface.ipAddresses[0]",
  ],
  [
    "a multicast address",
    { ...hairpin, hairpinInterface: { name: "h", ipAddresses: ["224.0.0.1/24"] } },
    "hairpinInterface.ipAddresses[0]",
  ],
  ["a key with an escape sequence", { ...span, key: "a\u001b[31m" }, "key"],
  ["a key with an invisible character", { ...span, key: "a\u200bb" }, "key"],
  ["a label with half a surrogate", { ...span, label: "\ud800" }, "label"],
  ["an interface's name with a control character", { ...span, vppInterface: "eth0\u0007" }, "vppInterface"],
  ["a namespace's name with a control character", { ...span, netns: { name: "a\u001b" } }, "netns.name"],
  ["a namespace's name longer than a file's", { ...span, netns: { name: "\u00fc".repeat(128) } }, "netns.name"],
  ["a process id above Linux's", { ...span, netns: { pid: 4_194_305 } }, "netns.pid"],
  ["a socket path that names the folder above", { ...socket, socketPath: "/run/.." }, "socketPath"],
  ["a socket path that has no bytes", { ...socket, socketPath: "/run/\ud800" }, "socketPath"],
  ["a reason with a control character", { ...socketOf, exception: { reason: "a\u001b" } }, "exception.reason"],
  ["an MTU below Linux's", namedHairpin({ name: "h", mtu: 64 }), "hairpinInterface.mtu"],
  ["an MTU above that of a TAP", namedHairpin({ name: "h", mtu: 65_535 }), "hairpinInterface.mtu"],
  ["a VRF that is a BigInt", { ...abx, vrf: 1n }, "vrf"],
  ["a VRF with a fraction", { ...abx, vrf: 0.5 }, "vrf"],
  [
    "a field named as JavaScript's prototype",
    JSON.parse(`{"__proto__": {}, ${JSON.stringify(span).slice(1)}`),
    "__proto__",
  ],
  [
    "an address in the subnet of another one",
    { ...hairpin, hairpinInterface: { name: "h", ipAddresses: ["10.0.0.1/16", "10.0.0.2/24"] } },
    "hairpinInterface.ipAddresses",
  ],
  [
    "an address twice",
    { ...hairpin, hairpinInterface: { name: "h", ipAddresses: ["10.0.0.1/24", "10.0.0.1/16"] } },
    "hairpinInterface.ipAddresses",
  ],
  ["a protocol that VPP does not know", { ...socketOf, ipProto: { af: "IPV4", protocol: 99 } }, "ipProto.protocol"],
  [
    "a protocol that VPP handles itself",
    { ...socketOf, ipProto: { af: "IPV4", protocol: "ICMP" } },
    "ipProto.protocol",
  ],
  [
    "a protocol of the other family",
    { ...socketOf, ipProto: { af: "IPV4", protocol: "ICMPV6", force: true } },
    "ipProto.protocol",
  ],
  ["an interface's name of too many bytes", { ...span, vppInterface: "\u00fc".repeat(32) }, "vppInterface"],
  ["a dependency of no kind", { ...span, dependsOn: [{ kind: "link", name: "eth0" }] }, "dependsOn[0]"],
  ["ABX without ingress rules", { ...abx, ingressAclRules: [] }, "ingressAclRules"],
  [
    "ports of ICMP",
    { ...abx, ingressAclRules: [{ protocol: "ICMP", sourcePort: 1 }] },
    "ingressAclRules[0].sourcePort",
  ],
  [
    "a range the wrong way round",
    { ...abx, ingressAclRules: [{ protocol: "UDP", sourcePort: { first: 2, last: 1 } }] },
    "ingressAclRules[0].sourcePort",
  ],
  [
    "networks of two families",
    { ...abx, ingressAclRules: [{ sourceNetwork: "10.0.0.0/8", destinationNetwork: "fd00::/8" }] },
    "ingressAclRules[0].destinationNetwork",
  ],
  [
    "an IPv4 source of ICMPv6",
    { ...abx, ingressAclRules: [{ protocol: "ICMPV6", sourceNetwork: "10.0.0.0/8" }] },
    "ingressAclRules[0].sourceNetwork",
  ],
  [
    "an IPv6 destination of ICMPv4",
    { ...abx, ingressAclRules: [{}], egressAclRules: [{ protocol: 1, destinationNetwork: "fd00::/8" }] },
    "egressAclRules[0].destinationNetwork",
  ],
  [
    "a network that is none",
    { ...abx, egressAclRules: [{ sourceNetwork: "10.0.0.0/40" }] },
    "egressAclRules[0].sourceNetwork",
  ],
  [
    "one interface twice",
    { cnf: "a", type: "HAIRPIN_XCONNECT", interconnect: "TAP", vppInterface1: "eth0", vppInterface2: "eth0" },
    "vppInterface2",
  ],
  [
    "a TAP name longer than Linux takes",
    {
      cnf: "a",
      type: "HAIRPIN",
      interconnect: "TAP",
      vppInterface: "eth0",
      hairpinInterface: { name: "a-very-long-name" },
    },
    "hairpinInterface.name",
  ],
  [
    "a multicast MAC address",
    {
      cnf: "a",
      type: "HAIRPIN",
      interconnect: "TAP",
      vppInterface: "eth0",
      hairpinInterface: { name: "h", physAddress: "01:00:00:00:00:00" },
    },
    "hairpinInterface.physAddress",
  ],
];
for (const [title, request, field] of wrong) {
  test(`${title} is refused, naming ${field}`, (t) => {
    t.deepEqual(
      issuesOf(request)
        .map((issue) => issue.field)
        .filter((each) => each === field),
      [field],
    );
  });
}

test("addresses and MAC addresses become canonical", (t) => {
  const request = parseRequest({
    cnf: "a",
    type: "HAIRPIN",
    interconnect: "MEMIF",
    vppInterface: "eth0",
    hairpinInterface: { name: "h", physAddress: "02:00:00:00:AB:CD", ipAddresses: ["FD00:0::1/64"] },
  });
  t.like(request, { hairpinInterface: { physAddress: "02:00:00:00:ab:cd", ipAddresses: ["fd00::1/64"] } });
});

test("the JSON Schema describes every type", (t) => {
  const text = JSON.stringify(requestJsonSchema());
  for (const type of ["HAIRPIN_XCONNECT", "HAIRPIN", "SPAN", "ABX", "PUNT_TO_SOCKET", "DHCP_PROXY", "ISISX"])
    t.true(text.includes(`"${type}"`), type);
});

test("a file may be YAML or JSON", (t) => {
  const yaml = "punts:\n  - cnf: cnf1\n    type: SPAN\n    interconnect: TAP\n    vppInterface: eth0\n";
  t.deepEqual(parseRequests(yaml, "a.yaml"), parseRequests(JSON.stringify({ punts: [span] }), "a.json"));
});

test("errors of a file name the file, and the line or the field", (t) => {
  const failure = (text: string) =>
    t.throws(() => parseRequests(text, "punts.yaml"), { instanceOf: PuntError }).message;
  t.regex(failure("punts:\n  - {cnf: a\n"), /punts\.yaml:3:1/);
  t.regex(
    failure("punts:\n  - cnf: a\n    type: SPAN\n    interconnect: TAP\n    vppInterface: ''\n"),
    /punts\.yaml:5:19: punts\[0\]: vppInterface/,
  );
  t.regex(failure("punts: [{cnf: a, type: SPAN, interconnect: TAP}]"), /punts\[0\]: vppInterface: is missing$/);
  t.regex(failure("punt: []"), /punts\.yaml:1:1: punts/);
  t.regex(failure("punts: []\nother: 1"), /punts\.yaml:2:8: other/);
});

test("every problem of a file is reported at once, with its line and what is allowed", (t) => {
  const text = `punts:
  - { type: SPAN, cnf: monitor, interconnect: MEMIF }
  - type: ABX
    cnf: dns
    interconnect: MEMIF
    vppInterface: eth0
    netns: { nam: x }
    ingressAclRules:
      - protocol: UDPP
      - { protocol: UDP, destinationPort: 70000 }
      - sourceNetwork: 10.0.0.0/33
  - { type: SPAM, cnf: x }
other: 1
`;
  const { details } = t.throws(() => parseRequests(text, "punts.yaml"), { instanceOf: PuntError });
  const expected = [
    [2, "punts[0].vppInterface", /is missing/],
    [7, "punts[1].netns", /name.*path.*pid/],
    [9, "punts[1].ingressAclRules[0].protocol", /0 to 255.*UDP.*OSPF/],
    [10, "punts[1].ingressAclRules[1].destinationPort", /from 0 to 65535/],
    [11, "punts[1].ingressAclRules[2].sourceNetwork", /any.*local.*10\.0\.0\.0\/8/],
    [12, "punts[2].type", /SPAN.*ISISX/],
    [13, "other", /there is punts/],
  ] as const;
  const problems = details.problems as { line: number; field: string; message: string }[];
  t.deepEqual(
    problems.map(({ line, field }) => [line, field]),
    expected.map(([line, field]) => [line, field]),
  );
  for (const [index, [, , message]] of expected.entries()) t.regex(problems[index]!.message, message);
});

test("a punt that a file has twice, and a second document, are errors of the file, with the operation that loads it", (t) => {
  const failure = (text: string) => t.throws(() => parseRequests(text, "punts.yaml"), { instanceOf: PuntError });
  const punt = JSON.stringify({ ...span, key: "k" });
  const twice = failure(`punts: [${punt}, ${JSON.stringify(span)}, ${punt}]`);
  t.is(twice.code, "ERR_INVALID_FILE");
  t.regex(twice.message, /^punt\.load: punts\.yaml:1:\d+: punts\[2\] is punt cnf1\/k, as punts\[0\] is$/);
  const documents = failure(`punts: [${punt}]\n---\npunts: []\n`);
  t.is(documents.message, "punt.load: punts.yaml:2:1: a file of punts is one YAML document; here another begins");
  const invalid = failure("punts: [{ cnf: a }]");
  t.like(invalid, { op: "punt.load", code: "ERR_INVALID_REQUEST" });
});

test("a value that is none of those of its field is answered with them", (t) => {
  const toHost = { ...socket.toHost, af: "IPv4" };
  t.deepEqual(issuesOf({ ...socket, toHost }), [{ field: "toHost.af", message: "must be one of IPV4, IPV6, BOTH" }]);
  t.deepEqual(issuesOf({ ...span, direction: "in" }), [{ field: "direction", message: "must be one of rx, tx, both" }]);
});

test("a number outside of its range is one problem, which says the range; an unknown type lists all", (t) => {
  t.deepEqual(issuesOf({ ...abx, vrf: 1e20 }), [{ field: "vrf", message: "a number from 0 to 4294967294" }]);
  t.deepEqual(issuesOf({ ...span, type: "toString" }), [
    {
      field: "type",
      message: "must be one of HAIRPIN_XCONNECT, HAIRPIN, SPAN, ABX, PUNT_TO_SOCKET, DHCP_PROXY, ISISX",
    },
  ]);
});

const spanOf = (cnf: string) => `{ type: SPAN, cnf: ${cnf}, interconnect: MEMIF, vppInterface: eth0 }`;

test("a file may use YAML's anchors and merge keys", (t) => {
  const text = `punts:\n  - &first ${spanOf("a")}\n  - { <<: *first, cnf: b }\n`;
  t.deepEqual(
    parseRequests(text, "f.yaml").map(({ cnf, type }) => [cnf, type]),
    [
      ["a", "SPAN"],
      ["b", "SPAN"],
    ],
  );
});

test("a file of another kind of YAML is refused with its line", (t) => {
  const problemsOf = (text: string) => {
    const error = t.throws(() => parseRequests(text, "f.yaml"), { instanceOf: PuntError });
    return (error.details.problems as { line: number; message: string }[]).map((at) => `${at.line}: ${at.message}`);
  };
  t.regex(problemsOf(`punts:\n  - !!js/function ${spanOf("a")}\n`)[0]!, /^2: Unresolved tag/);
  t.deepEqual(problemsOf("hello"), ["1: punts: this field is expected, with a list of punt requests"]);
  t.deepEqual(problemsOf("- a\n- b\n"), ["1: punts: this field is expected, with a list of punt requests"]);
});

test("bytes that are not UTF-8 are refused, and not replaced", (t) => {
  const error = t.throws(() => decodeText(Buffer.from("punts:\n- \xe9\n", "latin1"), "f.yaml"), {
    instanceOf: PuntError,
  });
  t.is(error.code, "ERR_INVALID_FILE");
  t.regex(error.message, /f\.yaml:2:1: the line is not text in UTF-8/);
});

test("a NUL character is refused with its line", (t) => {
  const error = t.throws(() => decodeText(Buffer.from("punts:\n- a\0\n"), "f.yaml"), { instanceOf: PuntError });
  t.is(error.code, "ERR_INVALID_FILE");
  t.regex(error.message, /f\.yaml:2:1: the line has a NUL character$/);
});

test("a file of punts may be a pipe", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-pipe-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reading = loadRequests(path);
  await writeFile(path, `punts:\n  - ${spanOf("a")}\n`);
  t.deepEqual(
    (await reading).map(({ cnf }) => cnf),
    ["a"],
  );
});

test("a rule's network has no host bits, which VPP's ACLs refuse", (t) => {
  const rules = [{ sourceNetwork: "10.1.2.3/8", destinationNetwork: "192.168.1.7/32" }, { sourceNetwork: "fd00::1/7" }];
  const request = parseRequest({ ...abx, ingressAclRules: rules });
  const [first, second] = request.type === "ABX" ? request.ingressAclRules : [];
  t.like(first, { sourceNetwork: "10.0.0.0/8", destinationNetwork: "192.168.1.7/32" });
  t.like(second, { sourceNetwork: "fc00::/7" });
});
