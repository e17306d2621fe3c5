// Cases for the conformance test: packets through VPP.
import {
  arp,
  BROADCAST,
  dhcp,
  echoRequest,
  frame,
  icmpPacket,
  isis,
  neighborSolicitation,
  udpPacket,
} from "../frames.js";
import { fibPath } from "../vpp/api-values.js";
import type { Step } from "./run.js";
import {
  abx,
  abxAttach,
  acl,
  address,
  arpRange,
  dhcpProxy,
  isisx,
  NONE,
  neighbor,
  route,
  rule,
  span,
  unnumbered,
  xconnect,
} from "./steps.js";
import { VPP_MACS } from "./wires.js";

/** Frames for a wire, after some requests. The frames that leave VPP then must be the same on both VPPs. */
export interface PacketCase {
  title: string;
  steps: readonly Step[];
  packets: readonly (readonly [wire: number, ...frames: Buffer[]])[];
}

const HOST = ["02:aa:00:00:00:01", "02:aa:00:00:00:02"] as const;
const NOBODY = "00:00:00:00:00:00";
const toVpp = { from: HOST[0], to: VPP_MACS[0] };
const addressed: Step[] = [
  address(1, "10.0.0.1/24"),
  address(1, "fd00::1/64"),
  address(2, "10.1.0.1/24"),
  address(2, "fd01::1/64"),
];
const known: Step[] = [
  neighbor(true, 1, "10.0.0.2"),
  neighbor(true, 1, "fd00::2"),
  neighbor(true, 2, "10.1.0.2"),
  neighbor(true, 2, "fd01::2"),
];
const udp = (from: string, to: string, fields: { ttl?: number; port?: number; size?: number } = {}) =>
  frame(
    toVpp,
    udpPacket({ from, to, ttl: fields.ttl ?? 64 }, [1000, fields.port ?? 2000], Buffer.alloc(fields.size ?? 20)),
  );
const ask = (wire: number, sender: string, target: string) => arp(1, [HOST[wire]!, sender], [NOBODY, target]);

export const packetCases: PacketCase[] = [
  {
    title: "ARP: who is answered, and who is not",
    steps: addressed,
    packets: [
      [0, ask(0, "10.0.0.2", "10.0.0.1")],
      [0, ask(0, "10.0.0.2", "10.0.0.9")],
      [0, ask(0, "10.9.0.2", "10.0.0.1")],
      [0, ask(0, "10.0.0.1", "10.0.0.1")],
      [0, ask(0, "10.0.0.2", "10.1.0.1")],
      [0, ask(0, "10.0.0.2", "10.0.0.2")],
      [0, arp(2, [HOST[0], "10.0.0.3"], [VPP_MACS[0], "10.0.0.1"])],
    ],
  },
  {
    title: "ping and forwarding, to neighbors known and unknown",
    steps: [...addressed, ...known],
    packets: [
      [0, frame(toVpp, echoRequest({ from: "10.0.0.2", to: "10.0.0.1" }))],
      [0, frame(toVpp, echoRequest({ from: "10.0.0.2", to: "10.1.0.1" }))],
      [0, udp("10.0.0.2", "10.1.0.2")],
      [0, udp("fd00::2", "fd01::2")],
      [0, udp("10.0.0.2", "10.1.0.77")],
      [0, udp("10.0.0.2", "9.9.9.9")],
      [0, udp("10.0.0.2", "10.1.0.0")],
      [0, udp("10.0.0.2", "10.1.0.255")],
      [0, udp("10.0.0.2", "224.0.0.5")],
    ],
  },
  {
    title: "errors to the sender: hop limit, no listener",
    steps: [...addressed, ...known],
    packets: [
      [0, udp("10.0.0.2", "10.1.0.2", { ttl: 1 })],
      [0, udp("10.0.0.2", "10.0.0.1", { port: 7 })],
      [0, udp("fd00::2", "fd01::2", { ttl: 1 })],
      [0, udp("fd00::2", "fd00::1", { port: 7 })],
      [0, frame(toVpp, icmpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, 13, 0, Buffer.alloc(16)))],
    ],
  },
  {
    title: "frames for others, and damaged ones",
    steps: [...addressed, ...known],
    packets: [
      [0, frame({ from: HOST[0], to: "02:00:00:00:00:99" }, udpPacket({ from: "10.0.0.2", to: "10.1.0.2" }, [1, 2]))],
      [0, damaged(udp("10.0.0.2", "10.1.0.2"), 24)],
      [0, damaged(udp("10.0.0.2", "10.0.0.1", { port: 7 }), 45)],
      [0, udp("10.0.0.2", "10.1.0.2").subarray(0, 40)],
      [0, isis(HOST[0])],
    ],
  },
  {
    title: "IPv6 neighbor discovery",
    steps: addressed,
    packets: [
      [0, solicit("fd00::2", "fd00::1")],
      [0, solicit("fd00::2", "fd00::9")],
      [0, solicit("fd99::2", "fd00::1")],
      [0, solicit("fe80::2", "fe80::fd:ff:fe00:1")],
    ],
  },
  {
    title: "routes through a gateway, and to nowhere",
    steps: [
      ...addressed,
      ...known,
      route(true, "172.16.0.0/16", [fibPath(2, "10.1.0.2")]),
      route(true, "172.16.9.0/24", [fibPath(NONE, "0.0.0.0", { type: "FIB_API_PATH_TYPE_DROP" })]),
      route(true, "172.17.0.0/16", [fibPath(NONE, "172.16.0.1")]),
      route(true, "172.18.0.0/16", [fibPath(2, "0.0.0.0")]),
    ],
    packets: [
      [0, udp("10.0.0.2", "172.16.0.9")],
      [0, udp("10.0.0.2", "172.16.9.9")],
      [0, udp("10.0.0.2", "172.17.0.9")],
      [0, udp("10.0.0.2", "172.18.0.9")],
    ],
  },
  {
    title: "a cross-connect, with SPAN to one side",
    steps: [xconnect(1, 2), xconnect(2, 1)],
    packets: [
      [0, udp("1.1.1.1", "2.2.2.2"), isis(HOST[0])],
      [1, ask(1, "10.0.0.2", "10.0.0.1")],
    ],
  },
  {
    title: "a cross-connect one way only",
    steps: [xconnect(1, 2)],
    packets: [[0, udp("1.1.1.1", "2.2.2.2")]],
  },
  {
    title: "SPAN of a routed interface",
    steps: [...addressed, ...known, span(1, 2, "RX_TX")],
    packets: [
      [0, frame(toVpp, echoRequest({ from: "10.0.0.2", to: "10.0.0.1" }))],
      [0, udp("10.0.0.2", "9.9.9.9")],
    ],
  },
  {
    title: "ABX, permitted and denied, unicast and multicast",
    steps: [
      ...addressed,
      ...known,
      acl(NONE, rule({ dst_prefix: "10.0.0.1/32" }), rule({ dst_prefix: "224.0.0.0/4" })),
      acl(NONE, rule({ is_permit: "ACL_ACTION_API_DENY", dst_prefix: "10.1.0.0/24" })),
      abx(1, 1, 0, 2),
      abx(1, 2, 1, 2),
      abxAttach(1, 1, 1, 1),
      abxAttach(1, 2, 1, 2),
    ],
    packets: [
      [0, udp("10.0.0.2", "10.0.0.1")],
      [0, udp("10.0.0.2", "10.1.0.77")],
      [0, udp("10.0.0.2", "9.9.9.9")],
      [0, frame({ from: HOST[0], to: "01:00:5e:00:00:05" }, udpPacket({ from: "10.0.0.2", to: "224.0.0.5" }, [1, 2]))],
      [0, udp("fd00::2", "fd01::2")],
    ],
  },
  {
    title: "ISISX",
    steps: [isisx(1, 1, 2)],
    packets: [
      [0, isis(HOST[0])],
      [1, isis(HOST[1])],
    ],
  },
  {
    title: "proxy ARP on an unnumbered interface, asked from VPP's own address too",
    steps: [
      address(1, "10.0.0.1/24"),
      unnumbered(1, 2),
      arpRange(true, "10.0.0.0", "10.0.0.255"),
      ["proxy_arp_intfc_enable_disable", { sw_if_index: 2, enable: true }],
    ],
    packets: [
      [1, ask(1, "10.0.0.1", "10.0.0.7")],
      [1, ask(1, "10.0.0.2", "10.0.0.7")],
      [1, ask(1, "10.0.0.2", "10.0.0.1")],
      [1, ask(1, "10.5.0.2", "10.0.0.7")],
      [0, ask(0, "10.0.0.2", "10.0.0.7")],
    ],
  },
  {
    title: "DHCP proxy, both ways",
    steps: [...addressed, ...known, dhcpProxy(true, 0, "10.1.0.2", "10.1.0.1")],
    packets: [
      [0, fromClient(1)],
      [0, fromClient(3)],
      [1, fromServer("10.1.0.2")],
      [1, fromServer("10.1.0.3")],
    ],
  },
  {
    title: "DHCPv6 proxy",
    steps: [...addressed, ...known, dhcpProxy(true, 0, "fd01::2", "fd01::1")],
    packets: [
      [
        0,
        frame(
          { from: HOST[0], to: "33:33:00:01:00:02" },
          udpPacket(
            { from: "fe80::aa:ff:fe00:1", to: "ff02::1:2", ttl: 1 },
            [546, 547],
            Buffer.from("01abcdef00010004aabbccdd", "hex"),
          ),
        ),
      ],
    ],
  },
];

function damaged(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 0x55;
  return copy;
}

function solicit(from: string, target: string): Buffer {
  const tail = target.split(":").at(-1)!.padStart(4, "0");
  const group = `ff02::1:ff00:${tail}`;
  const mac = `33:33:ff:00:${tail.slice(0, 2)}:${tail.slice(2)}`;
  return frame({ from: HOST[0], to: mac }, neighborSolicitation({ from, to: group }, target, HOST[0]));
}

function fromClient(type: number): Buffer {
  const packet = udpPacket({ from: "0.0.0.0", to: "255.255.255.255" }, [68, 67], dhcp({ type, clientMac: HOST[0] }));
  return frame({ from: HOST[0], to: BROADCAST }, packet);
}

function fromServer(from: string): Buffer {
  const options: [number, Buffer][] = [[82, Buffer.from("010400000001" + "05040a000001", "hex")]];
  const message = dhcp({ type: 2, clientMac: HOST[0], yiaddr: "10.0.0.50", isReply: true, options });
  return frame({ from: HOST[1], to: VPP_MACS[1] }, udpPacket({ from, to: "10.1.0.1" }, [67, 67], message));
}
