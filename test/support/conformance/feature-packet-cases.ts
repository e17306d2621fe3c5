// Cases for the conformance test: packets through features that share an interface, and packets that rules read with difficulty.
import { checksumOf, sumWords } from "../../../lib/net/index.js";
import { arp, echoRequest, frame, icmpPacket, ipPacket, isis, neighborSolicitation, udpPacket } from "../frames.js";
import { fibPath } from "../vpp/api-values.js";
import type { PacketCase } from "./packet-cases.js";
import type { Step } from "./run.js";
import {
  abf,
  abfAttach,
  abx,
  abxAttach,
  acl,
  address,
  isisx,
  NONE,
  neighbor,
  rule,
  span,
  unnumbered,
  xconnect,
} from "./steps.js";
import { VPP_MACS } from "./wires.js";

const HOST = ["02:aa:00:00:00:01", "02:aa:00:00:00:02"] as const;
const ALL_NODES = "33:33:00:00:00:01";
const NOBODY = "00:00:00:00:00:00";

const addressed: Step[] = [
  ...[address(1, "10.0.0.1/24"), address(1, "fd00::1/64"), address(2, "10.1.0.1/24"), address(2, "fd01::1/64")],
  ...[neighbor(true, 1, "10.0.0.2"), neighbor(true, 1, "fd00::2")],
  ...[neighbor(true, 2, "10.1.0.2"), neighbor(true, 2, "fd01::2")],
];
const at = (wire: 0 | 1, packet: Buffer) => frame({ from: HOST[wire], to: VPP_MACS[wire] }, packet);
const udp = (from: string, to: string, port = 2000, ttl = 64) =>
  at(0, udpPacket({ from, to, ttl }, [1000, port], Buffer.alloc(24, 7)));
const lists = (sw_if_index: number, input: number[], output: number[] = []): Step => [
  "acl_interface_set_acl_list",
  { sw_if_index, n_input: input.length, acls: [...input, ...output] },
];
const any6 = { src_prefix: "::/0", dst_prefix: "::/0" };
const any4 = { dst_prefix: "0.0.0.0/0" };

/** A solicitation of the host at wire 1. */
function solicit(from: string, target: string, unicast?: string): Buffer {
  const tail = target.split(":").at(-1)!.padStart(4, "0");
  const to = unicast ?? `ff02::1:ff00:${tail}`;
  const mac = unicast ? VPP_MACS[1] : `33:33:ff:00:${tail.slice(0, 2)}:${tail.slice(2)}`;
  return frame({ from: HOST[1], to: mac }, neighborSolicitation({ from, to }, target, HOST[1]));
}

/** An IPv4 packet with these flags and this offset of a fragment. */
function fragment(packet: Buffer, flags: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(flags, 6);
  copy.writeUInt16BE(0, 10);
  copy.writeUInt16BE(checksumOf(sumWords(copy, 0, 20)), 10);
  return copy;
}

/** An IPv6 packet with an extension header before its payload. */
function extended(packet: Buffer, header: number, rest: Buffer): Buffer {
  const between = Buffer.concat([Buffer.from([packet[6]!]), rest]);
  const copy = Buffer.concat([packet.subarray(0, 40), between, packet.subarray(40)]);
  copy[6] = header;
  copy.writeUInt16BE(copy.length - 40, 4);
  return copy;
}

const plain6 = udpPacket({ from: "fd00::2", to: "fd01::2" }, [1000, 2000], Buffer.alloc(24, 7));
const hopByHop = Buffer.from([0, 1, 4, 0, 0, 0, 0]);

export const featurePacketCases: PacketCase[] = [
  {
    title: "ND proxy on an interface that borrows an IPv6 address",
    steps: [
      ...[address(1, "10.0.0.1/24"), address(1, "fd00::1/64"), neighbor(true, 1, "fd00::2"), unnumbered(1, 2)],
      ["ip6nd_proxy_enable_disable", { sw_if_index: 2, is_enable: true }],
    ],
    packets: [
      [1, solicit("fd00::1", "fd00::2")],
      [1, solicit("fd00::5", "fd00::7")],
      [1, solicit("fe80::aa:ff:fe00:2", "fd00::2")],
      [1, solicit("fe80::aa:ff:fe00:2", "fe80::fd:ff:fe00:2")],
      [1, solicit("::", "fd00::1")],
      [1, solicit("fd00::5", "fd00::2", "fd00::2")],
      [1, at(1, echoRequest({ from: "fd00::5", to: "fd00::2" }))],
      [1, at(1, echoRequest({ from: "fd00::5", to: "fd00::1" }))],
      [1, at(1, echoRequest({ from: "fe80::aa:ff:fe00:2", to: "fe80::fd:ff:fe00:2" }))],
      [1, frame({ from: HOST[1], to: ALL_NODES }, echoRequest({ from: "fd00::5", to: "ff02::1" }))],
    ],
  },
  {
    title: "an interface that borrows addresses, without proxies",
    steps: [address(1, "10.0.0.1/24"), address(1, "fd00::1/64"), neighbor(true, 1, "10.0.0.2"), unnumbered(1, 2)],
    packets: [
      [1, arp(1, [HOST[1], "10.0.0.9"], [NOBODY, "10.0.0.1"])],
      [1, arp(1, [HOST[1], "10.0.0.9"], [NOBODY, "10.0.0.2"])],
      [1, at(1, echoRequest({ from: "10.0.0.9", to: "10.0.0.1" }))],
      [1, at(1, echoRequest({ from: "10.0.0.9", to: "10.0.0.2" }))],
      [1, solicit("fd00::9", "fd00::1")],
    ],
  },
  {
    title: "ABF: matched and not, for VPP, for groups, at the last hop",
    steps: [
      ...addressed,
      ...[
        acl(NONE, rule({ is_permit: "ACL_ACTION_API_DENY", dst_prefix: "9.9.8.0/24" }), rule(any4)),
        acl(NONE, rule(any6)),
      ],
      ...[abf(true, 1, 0, [fibPath(2, "10.1.0.2")]), abfAttach(true, 1, 1)],
    ],
    packets: [
      [0, udp("10.0.0.2", "9.9.9.9")],
      [0, udp("10.0.0.2", "9.9.8.9")],
      [0, udp("10.0.0.2", "10.0.0.1")],
      [0, udp("10.0.0.2", "10.0.0.7", 2000, 1)],
      [0, frame({ from: HOST[0], to: "01:00:5e:00:00:05" }, udpPacket({ from: "10.0.0.2", to: "224.0.0.5" }, [1, 2]))],
      [0, udp("fd00::2", "fd01::2")],
    ],
  },
  {
    title: "filters of an interface before ABX and ABF",
    steps: [
      ...addressed,
      acl(NONE, rule({ ...any4, is_permit: "ACL_ACTION_API_DENY", proto: "IP_API_PROTO_UDP" }), rule(any4)),
      ...[acl(NONE, rule(any4)), lists(1, [0]), abx(1, 1, 1, 2), abxAttach(1, 1, 1)],
    ],
    packets: [
      [0, udp("10.0.0.2", "10.1.0.2")],
      [0, at(0, echoRequest({ from: "10.0.0.2", to: "10.1.0.2" }))],
    ],
  },
  {
    title: "a filter of the interface to which ABX sends",
    steps: [
      ...addressed,
      acl(NONE, rule({ ...any4, is_permit: "ACL_ACTION_API_DENY", proto: "IP_API_PROTO_UDP" }), rule(any4)),
      ...[acl(NONE, rule(any4)), lists(2, [], [0]), abx(1, 1, 1, 2), abxAttach(1, 1, 1)],
    ],
    packets: [
      [0, udp("10.0.0.2", "10.0.0.1")],
      [0, at(0, echoRequest({ from: "10.0.0.2", to: "10.0.0.1" }))],
    ],
  },
  {
    title: "ABX and ABF on one interface",
    steps: [
      ...addressed,
      ...[acl(NONE, rule(any4)), abf(true, 1, 0, [fibPath(2, "10.1.0.2")]), abfAttach(true, 1, 1)],
      ...[abx(1, 1, 0, 2), abxAttach(1, 1, 1)],
    ],
    packets: [[0, udp("10.0.0.2", "9.9.9.9")]],
  },
  {
    title: "an interface in layer 2 has no ABX and no ISISX",
    steps: [...addressed, acl(NONE, rule(any4)), abx(1, 1, 0, 1), abxAttach(1, 1, 1), isisx(1, 1, 1), xconnect(1, 2)],
    packets: [
      [0, udp("10.0.0.2", "9.9.9.9")],
      [0, isis(HOST[0])],
      [1, isis(HOST[1])],
    ],
  },
  {
    title: "filters of cross-connected interfaces",
    steps: [
      acl(NONE, rule({ ...any4, is_permit: "ACL_ACTION_API_DENY", proto: "IP_API_PROTO_UDP" }), rule(any4)),
      ...[xconnect(1, 2), xconnect(2, 1), lists(1, [0], [0])],
    ],
    packets: [
      [0, udp("10.0.0.2", "9.9.9.9")],
      [0, at(0, echoRequest({ from: "10.0.0.2", to: "9.9.9.9" }))],
      [0, isis(HOST[0])],
      [1, at(1, udpPacket({ from: "9.9.9.9", to: "10.0.0.2" }, [1, 2]))],
      [1, at(1, echoRequest({ from: "9.9.9.9", to: "10.0.0.2" }))],
    ],
  },
  {
    title: "a filter of the interface through which VPP routes",
    steps: [
      ...addressed,
      acl(NONE, rule({ ...any4, is_permit: "ACL_ACTION_API_DENY", proto: "IP_API_PROTO_UDP" }), rule(any4)),
      ...[lists(2, [], [0]), span(1, 2, "RX")],
    ],
    packets: [
      [0, udp("10.0.0.2", "10.1.0.2")],
      [0, at(0, echoRequest({ from: "10.0.0.2", to: "10.1.0.2" }))],
      [0, udp("10.0.0.2", "10.0.0.1")],
    ],
  },
  {
    title: "ISISX and SPAN",
    steps: [isisx(1, 1, 2), span(1, 2, "RX"), span(2, 1, "TX")],
    packets: [
      [0, isis(HOST[0])],
      [0, isis(HOST[0], "09:00:2b:00:00:05")],
      [0, isis(HOST[0], VPP_MACS[0])],
      [0, isis(HOST[0], "02:00:00:00:00:77")],
    ],
  },
  {
    title: "rules of ports and types: fragments, extension headers, short packets",
    steps: [
      ...addressed,
      acl(
        NONE,
        rule({ ...any4, proto: "IP_API_PROTO_UDP", dstport_or_icmpcode_first: 2000, dstport_or_icmpcode_last: 2000 }),
        rule({ ...any4, proto: "IP_API_PROTO_ICMP", srcport_or_icmptype_first: 8, srcport_or_icmptype_last: 8 }),
        rule({ ...any6, proto: "IP_API_PROTO_UDP", dstport_or_icmpcode_first: 2000, dstport_or_icmpcode_last: 2000 }),
        rule({ ...any4, proto: "IP_API_PROTO_SCTP", dstport_or_icmpcode_first: 2000, dstport_or_icmpcode_last: 2000 }),
        rule({ ...any6, proto: "IP_API_PROTO_ICMP6", srcport_or_icmptype_first: 128, srcport_or_icmptype_last: 128 }),
      ),
      ...[abx(1, 1, 0, 2), abxAttach(1, 1, 1)],
    ],
    packets: [
      [0, udp("10.0.0.2", "9.9.9.9")],
      [0, udp("10.0.0.2", "9.9.9.9", 2001)],
      [0, at(0, fragment(udpPacket({ from: "10.0.0.2", to: "9.9.9.9" }, [1000, 2000], Buffer.alloc(24)), 0x2000))],
      [0, at(0, fragment(udpPacket({ from: "10.0.0.2", to: "9.9.9.9" }, [1000, 2000], Buffer.alloc(24)), 0x0010))],
      [0, at(0, ipPacket({ from: "10.0.0.2", to: "9.9.9.9" }, 17, Buffer.from([3, 0xe8])))],
      [0, at(0, echoRequest({ from: "10.0.0.2", to: "9.9.9.9" }))],
      [0, at(0, icmpPacket({ from: "10.0.0.2", to: "9.9.9.9" }, 0, 0, Buffer.alloc(24)))],
      [
        0,
        at(
          0,
          ipPacket({ from: "10.0.0.2", to: "9.9.9.9" }, 132, Buffer.from("03e807d0000000000000000001020004", "hex")),
        ),
      ],
      [0, at(0, plain6)],
      [0, at(0, extended(plain6, 0, hopByHop))],
      [0, at(0, extended(plain6, 60, hopByHop))],
      [0, at(0, extended(plain6, 44, Buffer.from([0, 0, 1, 0, 0, 0, 9])))],
      [0, at(0, extended(plain6, 44, Buffer.from([0, 0, 0x11, 0, 0, 0, 9])))],
      [0, at(0, echoRequest({ from: "fd00::2", to: "fd09::2" }))],
    ],
  },
];
