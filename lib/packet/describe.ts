// A frame as one line for a person: who to whom, and what. For logs and the CLI; a decoder for programs it is not.
import { PuntError } from "../errors.js";
import {
  ETHERTYPE,
  formatIp4,
  formatIp6,
  formatMac,
  IP_PROTOCOL,
  IP6_EXTENSION,
  isVlanTag,
  LARGEST_802_3_LENGTH,
  u16,
} from "../net/index.js";

/** Describes what a layer's bytes say. A layer cut short is said to be, and never read beyond. */
type Describe = (bytes: Uint8Array) => string;

function name(names: Readonly<Record<number, string>>, value: number, kind: string): string {
  return names[value] ?? `${kind} ${value}`;
}

/** `describe` for layers of at least `size` bytes. */
function atLeast(size: number, layer: string, describe: Describe): Describe {
  return (bytes) => (bytes.length < size ? `${layer} cut short after ${bytes.length} bytes` : describe(bytes));
}

const arp = atLeast(28, "ARP", (bytes) => {
  const [sender, target] = [formatIp4(bytes, 14), formatIp4(bytes, 24)];
  return u16(bytes, 6) === 1 ? `ARP who has ${target}, tell ${sender}` : `ARP ${sender} is at ${formatMac(bytes, 8)}`;
});

const DNS_TYPES = {
  1: "A",
  2: "NS",
  5: "CNAME",
  6: "SOA",
  12: "PTR",
  15: "MX",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
  65: "HTTPS",
};

/** A label as text. What a terminal might obey instead of print becomes "?". */
function labelText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?")).join("");
}

/** The first question's name and type; undefined where the bytes end too early. */
function dnsQuestion(bytes: Uint8Array): string | undefined {
  const labels: string[] = [];
  let at = 12;
  while (at < bytes.length && bytes[at] !== 0) {
    const end = at + 1 + bytes[at]!;
    labels.push(labelText(bytes.subarray(at + 1, end)));
    at = end;
  }
  return at + 4 < bytes.length ? `${name(DNS_TYPES, u16(bytes, at + 1), "type")} ${labels.join(".")}` : undefined;
}

const dns = atLeast(12, "DNS", (bytes) => {
  const kind = bytes[2]! & 0x80 ? `answer (${u16(bytes, 6)} records)` : "query";
  return `DNS ${kind} ${dnsQuestion(bytes) ?? "without a whole question"}`;
});

const DHCP_TYPES = {
  1: "discover",
  2: "offer",
  3: "request",
  4: "decline",
  5: "ack",
  6: "nak",
  7: "release",
  8: "inform",
};
const DHCP_MESSAGE_TYPE = 53;
/** An option of one byte, without a length. */
const DHCP_PAD = 0;
const DHCP_END = 255;

function dhcpMessageType(options: Uint8Array): number {
  let at = 0;
  while (at + 2 < options.length && options[at] !== DHCP_END) {
    if (options[at] === DHCP_MESSAGE_TYPE) return options[at + 2]!;
    at += options[at] === DHCP_PAD ? 1 : 2 + options[at + 1]!;
  }
  return 0;
}

const dhcp = atLeast(240, "DHCP", (bytes) => {
  const type = name(DHCP_TYPES, dhcpMessageType(bytes.subarray(240)), "message");
  return `DHCP ${type} from ${formatMac(bytes, 28)}`;
});

const UDP_SERVICES: Readonly<Record<number, Describe>> = { 53: dns, 67: dhcp, 68: dhcp };

const udp = atLeast(8, "UDP", (bytes) => {
  const [from, to] = [u16(bytes, 0), u16(bytes, 2)];
  const service = UDP_SERVICES[to] ?? UDP_SERVICES[from];
  const payload = bytes.subarray(8);
  return `UDP ${from} > ${to} ${service ? service(payload) : `${payload.length} bytes`}`;
});

const TCP_FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

const tcp = atLeast(20, "TCP", (bytes) => {
  const flags = TCP_FLAGS.filter((_, bit) => bytes[13]! & (1 << bit));
  const header = (bytes[12]! >> 4) * 4;
  return `TCP ${u16(bytes, 0)} > ${u16(bytes, 2)} ${flags.join(" ")} ${Math.max(0, bytes.length - header)} bytes`;
});

const ICMP_TYPES = {
  0: "echo reply",
  3: "destination unreachable",
  5: "redirect",
  8: "echo request",
  11: "time exceeded",
};
const icmp = atLeast(4, "ICMP", (bytes) => `ICMP ${name(ICMP_TYPES, bytes[0]!, "type")}`);

const ICMP6_TYPES = {
  1: "destination unreachable",
  2: "packet too big",
  3: "time exceeded",
  128: "echo request",
  129: "echo reply",
  133: "router solicitation",
  134: "router advertisement",
  135: "neighbor solicitation",
  136: "neighbor advertisement",
  143: "multicast listener report",
};

const icmp6 = atLeast(4, "ICMPv6", (bytes) => {
  const type = bytes[0]!;
  const hasTarget = (type === 135 || type === 136) && bytes.length >= 24;
  return `ICMPv6 ${name(ICMP6_TYPES, type, "type")}${hasTarget ? ` for ${formatIp6(bytes, 8)}` : ""}`;
});

const OSPF_TYPES = {
  1: "hello",
  2: "database description",
  3: "link state request",
  4: "link state update",
  5: "link state ack",
};

const ospf = atLeast(12, "OSPF", (bytes) => {
  const [router, area] = [formatIp4(bytes, 4), formatIp4(bytes, 8)];
  return `OSPF ${name(OSPF_TYPES, bytes[1]!, "type")} of router ${router} in area ${area}`;
});

const igmp = atLeast(4, "IGMP", (bytes) => `IGMP type 0x${bytes[0]!.toString(16)}`);

const PROTOCOLS: Readonly<Record<number, Describe>> = {
  [IP_PROTOCOL.ICMP]: icmp,
  [IP_PROTOCOL.IGMP]: igmp,
  [IP_PROTOCOL.TCP]: tcp,
  [IP_PROTOCOL.UDP]: udp,
  [IP_PROTOCOL.ICMPV6]: icmp6,
  [IP_PROTOCOL.OSPF]: ospf,
};

function upper(protocol: number, bytes: Uint8Array): string {
  const describe = PROTOCOLS[protocol];
  return describe ? describe(bytes) : `protocol ${protocol}, ${bytes.length} bytes`;
}

const ip4 = atLeast(20, "IPv4", (bytes) => {
  const ends = `${formatIp4(bytes, 12)} > ${formatIp4(bytes, 16)}`;
  const fragment = u16(bytes, 6) & 0x1fff;
  if (fragment > 0) return `${ends} protocol ${bytes[9]}, fragment at ${8 * fragment}`;
  // Up to the header's own length: Ethernet pads short frames.
  return `${ends} ${upper(bytes[9]!, bytes.subarray((bytes[0]! & 15) * 4, u16(bytes, 2)))}`;
});

/** IPv6 extension headers that say their length in units of 8 bytes after the first 8. */
const IP6_EXTENSIONS: readonly number[] = [IP6_EXTENSION.HOP_BY_HOP, IP6_EXTENSION.ROUTING, IP6_EXTENSION.DESTINATION];

const ip6 = atLeast(40, "IPv6", (bytes) => {
  const ends = `${formatIp6(bytes, 8)} > ${formatIp6(bytes, 24)}`;
  let next = bytes[6]!;
  let payload = bytes.subarray(40, 40 + u16(bytes, 4));
  while (IP6_EXTENSIONS.includes(next) && payload.length >= 8) {
    next = payload[0]!;
    payload = payload.subarray(8 + 8 * payload[1]!);
  }
  return `${ends} ${upper(next, payload)}`;
});

const ETHERTYPES: Readonly<Record<number, Describe>> = {
  [ETHERTYPE.IP4]: ip4,
  [ETHERTYPE.ARP]: arp,
  [ETHERTYPE.IP6]: ip6,
};

const ISIS_PDUS = {
  15: "level 1 hello",
  16: "level 2 hello",
  17: "point-to-point hello",
  18: "level 1 LSP",
  20: "level 2 LSP",
  24: "level 1 CSNP",
  25: "level 2 CSNP",
  26: "level 1 PSNP",
  27: "level 2 PSNP",
};

/** LLC with ISO's service access points at both ends, and IS-IS behind it. */
const isis = atLeast(8, "IS-IS", (bytes) => `IS-IS ${name(ISIS_PDUS, bytes[4]! & 0x1f, "PDU")}`);

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

const llc = atLeast(3, "LLC", (bytes) => {
  const isIso = bytes[0] === 0xfe && bytes[1] === 0xfe;
  return isIso && bytes[3] === 0x83 ? isis(bytes.subarray(3)) : `LLC ${hexText(bytes.subarray(0, 3))}`;
});

function ethertype(type: number, bytes: Uint8Array): string {
  if (type <= LARGEST_802_3_LENGTH) return llc(bytes.subarray(0, type));
  if (isVlanTag(type)) return vlan(bytes);
  const describe = ETHERTYPES[type];
  return describe ? describe(bytes) : `ethertype 0x${type.toString(16).padStart(4, "0")}, ${bytes.length} bytes`;
}

/** Tags that are described: a frame may consist of tags alone. */
const MOST_TAGS = 8;

function vlan(bytes: Uint8Array, tags = 1): string {
  if (bytes.length < 4) return `VLAN tag cut short after ${bytes.length} bytes`;
  return `VLAN ${u16(bytes, 0) & 0xfff} ${behindTag(u16(bytes, 2), bytes.subarray(4), tags)}`;
}

function behindTag(type: number, bytes: Uint8Array, tags: number): string {
  if (!isVlanTag(type)) return ethertype(type, bytes);
  return tags < MOST_TAGS ? vlan(bytes, tags + 1) : "and more tags";
}

const ethernet = atLeast(14, "Ethernet", (bytes) => ethertype(u16(bytes, 12), bytes.subarray(14)));

/**
 * Describes an Ethernet frame in one line, such as `10.0.0.2 > 10.0.0.1 UDP 40000 > 53 DNS query A service.test`.
 *
 * @throws PuntError ERR_INVALID_PACKET: it is not a Uint8Array
 * @example
 * ```ts
 * import { describeFrame, PcapReader } from "vpp-punt";
 *
 * // Prints lines such as `10.0.0.2 > 10.0.0.1 UDP 40000 > 53 DNS query A service.test`.
 * for (const { bytes } of PcapReader.open("punts.pcap")) console.log(describeFrame(bytes));
 * ```
 */
export function describeFrame(frame: Uint8Array): string {
  return ethernet(checked(frame, "packet.describeFrame"));
}

/**
 * Describes an IPv4 or IPv6 packet without an Ethernet header, as an IP-mode memif carries it, in one line.
 *
 * @throws PuntError ERR_INVALID_PACKET
 * @example
 * ```ts
 * import { describeIp, Memif } from "vpp-punt";
 *
 * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", mode: "ip" });
 * port.receive((batch) => {
 *   for (const packet of batch) console.log(describeIp(packet));
 * });
 * ```
 */
export function describeIp(packet: Uint8Array): string {
  return checked(packet, "packet.describeIp")[0]! >> 4 === 6 ? ip6(packet) : ip4(packet);
}

function checked(bytes: Uint8Array, op: string): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new PuntError(op, "ERR_INVALID_PACKET", "the bytes must be a Uint8Array");
}
