// VPP's tables of the UDP ports and IP protocols that its own nodes handle.
import test from "ava";
import { targetUse } from "../../lib/punt/items/index.js";
import {
  ipProtocolUse,
  observeLocalHandlers,
  parseIpProtocols,
  parseUdpPorts,
  udpPortUse,
} from "../../lib/punt/items/local-handlers.js";

const PORTS = `\x1b[1m  port proto                node  desc\x1b[0m
   53  ip4    ip4-udp-punt-socket  dns
   53  ip6    ip6-udp-punt-socket  dns
\x1b[31m   67  ip4        dhcp-proxy-to-server  dhcp\x1b[0m
   68  ip5                    x
something else
`;
const IP4 =
  "Protocols handled by ip4_local:\n\tICMP: ip4-icmp-input\n\tOSPF: ip4-proto-punt-socket\n\tNOTHING: x\n\tIPSEC_ESP: esp4\n";
const IP6 = "Protocols handled by ip6_local:\n\t58: ip6-icmp-input\n\t89: ip6-proto-punt-socket\n";

test("each port is read with its family and its node, colors or not", (t) => {
  t.deepEqual(Object.fromEntries(parseUdpPorts(PORTS)!), {
    "4/53": "ip4-udp-punt-socket",
    "6/53": "ip6-udp-punt-socket",
    "4/67": "dhcp-proxy-to-server",
  });
  for (const other of ["", "unknown command\n  port proto node", "port proto nodes"])
    t.is(parseUdpPorts(other), undefined);
});

test("each protocol is read with its family and its node, by name or by number", (t) => {
  t.deepEqual(Object.fromEntries(parseIpProtocols(IP4, IP6)!), {
    "4/1": "ip4-icmp-input",
    "4/89": "ip4-proto-punt-socket",
    "4/50": "esp4",
    "6/58": "ip6-icmp-input",
    "6/89": "ip6-proto-punt-socket",
  });
  t.is(parseIpProtocols("unknown", IP6), undefined);
  t.is(parseIpProtocols(IP4, "unknown"), undefined);
  const names = {
    IP_IN_IP: 4,
    IPV6: 41,
    IPSEC_AH: 51,
    IPIP: 94,
    IPCOMP: 108,
    L2TP: 115,
    UDP_LITE: 136,
    MPLS_IN_IP: 137,
  };
  for (const [name, number] of Object.entries(names)) {
    const list = `Protocols handled by ip4_local:\n\t${name}: x\n`;
    t.deepEqual([...parseIpProtocols(list, IP6)!.keys()][0], `4/${number}`);
  }
});

test("a port punts, is free, or is a node's", (t) => {
  const udpPorts = parseUdpPorts(PORTS)!;
  t.is(udpPortUse({ udpPorts }, "IPV4", 53), "punts");
  t.is(udpPortUse({ udpPorts }, "IPV6", 53), "punts");
  t.deepEqual(udpPortUse({ udpPorts }, "IPV4", 67), { node: "dhcp-proxy-to-server" });
  t.is(udpPortUse({ udpPorts }, "IPV6", 67), "free");
  t.is(udpPortUse({}, "IPV4", 67), "punts");
  t.deepEqual(udpPortUse({ udpPorts: new Map([["4/1", "ip6-udp-punt-socket"]]) }, "IPV4", 1), {
    node: "ip6-udp-punt-socket",
  });
});

test("a protocol punts, is free, or is a node's; one without a name is not told of IPv4", (t) => {
  const ipProtocols = parseIpProtocols(IP4, IP6)!;
  t.is(ipProtocolUse({ ipProtocols }, "IPV4", 89), "punts");
  t.is(ipProtocolUse({ ipProtocols }, "IPV6", 89), "punts");
  t.deepEqual(ipProtocolUse({ ipProtocols }, "IPV4", 1), { node: "ip4-icmp-input" });
  t.deepEqual(ipProtocolUse({ ipProtocols }, "IPV6", 58), { node: "ip6-icmp-input" });
  t.is(ipProtocolUse({ ipProtocols }, "IPV4", 6), "free");
  t.is(ipProtocolUse({ ipProtocols }, "IPV6", 250), "free");
  t.is(ipProtocolUse({ ipProtocols }, "IPV4", 250), "punts");
  t.is(ipProtocolUse({}, "IPV6", 58), "punts");
});

test("what a punt takes is looked up by its kind: neither ICMPv6 types nor punt reasons have ports", (t) => {
  const handlers = { udpPorts: parseUdpPorts(PORTS)!, ipProtocols: parseIpProtocols(IP4, IP6)! };
  const taken = { node: "dhcp-proxy-to-server" };
  t.deepEqual(targetUse(handlers, { type: "l4", af: "IPV4", protocol: "IP_API_PROTO_UDP", port: 67 }), taken);
  t.is(targetUse(handlers, { type: "l4", af: "IPV6", protocol: "IP_API_PROTO_UDP", port: 67 }), "free");
  t.is(targetUse(handlers, { type: "l4", af: "IPV4", protocol: "IP_API_PROTO_ICMP6", port: 67 }), "punts");
  t.deepEqual(targetUse(handlers, { type: "ip-proto", af: "IPV6", protocol: 58 }), { node: "ip6-icmp-input" });
  t.is(targetUse(handlers, { type: "exception", reason: "ipsec4-spi-0" }), "punts");
});

test("only the tables that are wanted are asked for", async (t) => {
  const asked: string[] = [];
  const replies: Readonly<Record<string, string>> = {
    "show udp ports": PORTS,
    "show ip local": IP4,
    "show ip6 local": IP6,
  };
  const vpp = {
    call: async (_: string, { cmd }: { cmd: string }) => {
      asked.push(cmd);
      return { reply: replies[cmd]! };
    },
  } as never;
  t.deepEqual(await observeLocalHandlers(vpp, new Set()), {});
  t.deepEqual(asked.splice(0), []);
  t.deepEqual(Object.keys(await observeLocalHandlers(vpp, new Set(["udpPorts"]))), ["udpPorts"]);
  t.deepEqual(asked.splice(0), ["show udp ports"]);
  t.deepEqual(Object.keys(await observeLocalHandlers(vpp, new Set(["ipProtocols"]))), ["ipProtocols"]);
  t.deepEqual(asked, ["show ip local", "show ip6 local"]);
});
