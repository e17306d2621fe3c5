// The reach of requests: the names that a policy judges and that a CNF's ends get.
import test from "ava";
import { PUNT_TYPES, parseRequest, type Reach, reachOf } from "../../lib/punt/index.js";

const memif = { cnf: "a", interconnect: "MEMIF" };
const hairpinInterface = { name: "new0", vrf: 7 };
const rule = { protocol: "UDP", destinationPort: 53 };

const cases: readonly (readonly [object, Reach])[] = [
  [
    { type: "HAIRPIN_XCONNECT", ...memif, vppInterface1: "eth0", vppInterface2: "eth1" },
    { interfaces: ["eth0", "eth1"] },
  ],
  [
    { type: "HAIRPIN", ...memif, vppInterface: "eth0", hairpinInterface },
    { interfaces: ["eth0"], newInterfaces: ["new0"], vrfs: [7] },
  ],
  [{ type: "SPAN", ...memif, vppInterface: "eth0" }, { interfaces: ["eth0"] }],
  [
    { type: "ISISX", ...memif, vppInterface: "eth0" },
    { interfaces: ["eth0"], vrfs: [] },
  ],
  [
    { type: "ISISX", ...memif, vppInterface: "eth0", vrf: 3 },
    { interfaces: ["eth0"], vrfs: [3] },
  ],
  [
    { type: "DHCP_PROXY", ...memif },
    { interfaces: [], vrfs: [0] },
  ],
  [
    { type: "ABX", ...memif, vppInterface: "eth0", ingressAclRules: [rule, { protocol: "OSPF" }] },
    {
      interfaces: ["eth0"],
      vrfs: [],
      ports: [
        { text: "destinationPort of ingressAclRules[0]", range: { first: 53, last: 53 } },
        { text: "every port, which ingressAclRules[1] asks for," },
      ],
    },
  ],
  [
    { type: "PUNT_TO_SOCKET", cnf: "a", toHost: { af: "IPV4", protocol: "UDP", port: 53 }, socketPath: "/run/a" },
    { interfaces: [], ports: [{ text: "port 53", range: { first: 53, last: 53 } }], socketPath: "/run/a" },
  ],
  [
    { type: "PUNT_TO_SOCKET", cnf: "a", ipProto: { af: "IPV4", protocol: "OSPF" }, socketPath: "/run/a" },
    { interfaces: [], ports: [{ text: "every port" }], socketPath: "/run/a" },
  ],
];

for (const [input, reach] of cases) {
  test(`reach of ${JSON.stringify(input)}`, (t) => t.deepEqual(reachOf(parseRequest(input)), reach));
}

test("the cases are of all types", (t) => {
  const types = cases.map(([input]) => (input as { type: string }).type);
  t.deepEqual([...new Set(types)].sort(), [...PUNT_TYPES].sort());
});
