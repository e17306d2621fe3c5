// Packets as one line of text.
import { spawnSync } from "node:child_process";
import test from "ava";
import fc from "fast-check";
import { captureFile, readFrames } from "../../demo/capture.js";
import { describeFrame, describeIp } from "../../lib/packet/index.js";
import { need } from "../support/need.js";

const frames = readFrames();
const lines = frames.map(describeFrame);

test("a description is one line: source, destination and contents", (t) => {
  for (const line of [
    "fe80::fe:aff:fe00:2 > ff02::2 ICMPv6 router solicitation",
    "fd00:10::2 > ff02::1:ff00:1 ICMPv6 neighbor solicitation for fd00:10::1",
    "0.0.0.0 > 255.255.255.255 UDP 68 > 67 DHCP discover from 02:fe:0a:00:00:02",
    "ARP who has 10.10.1.1, tell 10.10.1.113",
    "10.10.1.113 > 224.0.0.5 OSPF hello of router 10.10.1.2 in area 0.0.0.0",
    "10.10.1.113 > 10.10.1.1 ICMP echo request",
    "IS-IS level 1 hello",
    "IS-IS level 1 LSP",
  ]) {
    t.true(lines.includes(line), line);
  }
  t.true(lines.some((line) => /^10\.10\.1\.113 > 10\.10\.1\.1 UDP \d+ > 53 DNS query A service\.test$/.test(line)));
});

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const ETHERNET = "020000000001 020000000002";
const ENDS4 = "0a000001 0a000002";
const ENDS6 = "fd000000000000000000000000000001 fd000000000000000000000000000002";

/** The text of an IPv4 packet without its ends. */
function behindIp4(protocol: number, payload: string, fragment = 0): string {
  const header = Buffer.from(hex(`4500 0000 0000 0000 4000 0000 ${ENDS4}`));
  header.writeUInt16BE(20 + hex(payload).length, 2);
  header.writeUInt16BE(fragment, 6);
  header[9] = protocol;
  const line = describeIp(Buffer.concat([header, hex(payload)]));
  return line.replace("10.0.0.1 > 10.0.0.2 ", "");
}

function behindIp6(next: number, payload: string): string {
  const header = Buffer.from(hex(`60000000 0000 0040 ${ENDS6}`));
  header.writeUInt16BE(hex(payload).length, 4);
  header[6] = next;
  return describeIp(Buffer.concat([header, hex(payload)])).replace("fd00::1 > fd00::2 ", "");
}

test("each protocol has words of its own", (t) => {
  const dhcp = (options: string) => `00430044 0000 0000${"00".repeat(28)}020000000007${"00".repeat(206)}${options}`;
  const dns = (flags: string, question: string) => `00350400 0000 0000 0001 ${flags} 0001 0003 0000 0000 ${question}`;
  const ospf = (type: string) => `02${type} 0000 0a000009 00000001`;
  const lines = [
    [behindIp4(17, "03e8 03e9 0000 0000 010203"), "UDP 1000 > 1001 3 bytes"],
    [
      behindIp4(17, dns("8180", "0161 0474657374 00 001c 00")),
      "UDP 53 > 1024 DNS answer (3 records) without a whole question",
    ],
    [behindIp4(17, dns("8180", "0161 0474657374 00 001c 0001")), "UDP 53 > 1024 DNS answer (3 records) AAAA a.test"],
    [behindIp4(17, dns("0100", "021b41 00 00ff 0001")), "UDP 53 > 1024 DNS query type 255 ?A"],
    [behindIp4(17, dns("0100", "0120 017f 017e 00 0001 0001")), "UDP 53 > 1024 DNS query A ?.?.~"],
    [behindIp4(17, dns("0100", "0161 00 0001")), "UDP 53 > 1024 DNS query without a whole question"],
    [behindIp4(17, "0035 0400 0000 0000 00"), "UDP 53 > 1024 DNS cut short after 1 bytes"],
    [behindIp4(17, dhcp("3501 02")), "UDP 67 > 68 DHCP offer from 02:00:00:00:00:07"],
    [behindIp4(17, dhcp("3d0101 350105")), "UDP 67 > 68 DHCP ack from 02:00:00:00:00:07"],
    [behindIp4(17, dhcp("000000 3d0101 00 350105")), "UDP 67 > 68 DHCP ack from 02:00:00:00:00:07"],
    [behindIp4(17, dhcp("ff0101 350105")), "UDP 67 > 68 DHCP message 0 from 02:00:00:00:00:07"],
    [behindIp4(17, dhcp("3501 09")), "UDP 67 > 68 DHCP message 9 from 02:00:00:00:00:07"],
    [behindIp4(17, dhcp("3501")), "UDP 67 > 68 DHCP message 0 from 02:00:00:00:00:07"],
    [behindIp4(6, "0001 0002 00000000 00000000 5012 000000000000 ff"), "TCP 1 > 2 SYN ACK 1 bytes"],
    [behindIp4(6, "0001 0002 00000000 00000000 f02d 000000000000"), "TCP 1 > 2 FIN RST PSH URG 0 bytes"],
    [behindIp4(17, "0001"), "UDP cut short after 2 bytes"],
    [behindIp4(89, "0201"), "OSPF cut short after 2 bytes"],
    [behindIp6(58, "870000"), "ICMPv6 cut short after 3 bytes"],
    [behindIp4(17, "0043 0044 0000 0000 01"), "UDP 67 > 68 DHCP cut short after 1 bytes"],
    [behindIp4(6, "0001"), "TCP cut short after 2 bytes"],
    [behindIp4(1, "03000000"), "ICMP destination unreachable"],
    [behindIp4(1, "63000000"), "ICMP type 99"],
    [behindIp4(1, "030000"), "ICMP cut short after 3 bytes"],
    [behindIp4(2, "16000000"), "IGMP type 0x16"],
    [behindIp4(2, "160000"), "IGMP cut short after 3 bytes"],
    [behindIp4(89, ospf("04")), "OSPF link state update of router 10.0.0.9 in area 0.0.0.1"],
    [behindIp4(89, ospf("07")), "OSPF type 7 of router 10.0.0.9 in area 0.0.0.1"],
    [behindIp4(132, "0001"), "protocol 132, 2 bytes"],
    [behindIp4(17, "0001", 0x2003), "protocol 17, fragment at 24"],
    [behindIp6(58, "01000000"), "ICMPv6 destination unreachable"],
    [behindIp6(58, "c8000000"), "ICMPv6 type 200"],
    [behindIp6(58, `88000000 00000000 fd00${"00".repeat(13)}09`), "ICMPv6 neighbor advertisement for fd00::9"],
    [behindIp6(58, `88000000 00000000 fd00${"00".repeat(13)}`), "ICMPv6 neighbor advertisement"],
    [behindIp6(58, `8f000000 00000000 fd00${"00".repeat(14)}`), "ICMPv6 multicast listener report"],
    [
      behindIp6(0, "2b00 000000000000 1101 000000000000 0000000000000000 03e8 03e9 0000 0000"),
      "UDP 1000 > 1001 0 bytes",
    ],
    [behindIp6(60, "1100 0000"), "protocol 60, 4 bytes"],
  ];
  for (const [line, expected] of lines) t.is(line, expected);
});

/** The numbers of each protocol's messages that have names, in order, as the registries of IANA and the RFCs have them. */
const NAMES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  ICMP: { 0: "echo reply", 3: "destination unreachable", 5: "redirect", 8: "echo request", 11: "time exceeded" },
  ICMPv6: {
    ...{
      1: "destination unreachable",
      2: "packet too big",
      3: "time exceeded",
      128: "echo request",
      129: "echo reply",
    },
    ...{ 133: "router solicitation", 134: "router advertisement", 143: "multicast listener report" },
  },
  OSPF: {
    ...{ 1: "hello", 2: "database description", 3: "link state request", 4: "link state update", 5: "link state ack" },
  },
  "IS-IS": {
    ...{ 15: "level 1 hello", 16: "level 2 hello", 17: "point-to-point hello", 18: "level 1 LSP", 20: "level 2 LSP" },
    ...{ 24: "level 1 CSNP", 25: "level 2 CSNP", 26: "level 1 PSNP", 27: "level 2 PSNP" },
  },
  DHCP: {
    ...{ 1: "discover", 2: "offer", 3: "request", 4: "decline", 5: "ack", 6: "nak", 7: "release", 8: "inform" },
  },
  DNS: {
    ...{ 1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 65: "HTTPS" },
  },
};

/** A message of a type, as describeFrame and describeIp have it. */
const SAMPLES: Readonly<Record<string, (type: string) => string>> = {
  ICMP: (type) => behindIp4(1, `${type}000000`),
  ICMPv6: (type) => behindIp6(58, `${type}000000`),
  OSPF: (type) => behindIp4(89, `02${type} 0000 0a000009 00000001`),
  "IS-IS": (type) => describeFrame(hex(`${ETHERNET} 0010 fefe 03 83 00 00 00 ${type} 00 00 00`)),
  DHCP: (type) => behindIp4(17, `00430044 0000 0000${"00".repeat(240)}3501${type}`),
  DNS: (type) => behindIp4(17, `04000035 0000 0000 0001 0100 0001 0000 0000 0000 0161 00 00${type} 0001`),
};

test("the types of each protocol's messages have their names", (t) => {
  for (const [protocol, names] of Object.entries(NAMES)) {
    for (const [type, name] of Object.entries(names)) {
      const line = SAMPLES[protocol]!(Number(type).toString(16).padStart(2, "0"));
      t.true(
        `${line} `.includes(`${protocol} ${name} `) || line.endsWith(`${protocol} query ${name} a`),
        `${name}: ${line}`,
      );
    }
  }
});

test("each kind of frame has words of its own", (t) => {
  const arp = (operation: string) => `0806 0001 0800 0604 ${operation} 020000000002 0a000002 020000000001 0a000001`;
  const lines = {
    [arp("0001")]: "ARP who has 10.0.0.1, tell 10.0.0.2",
    [arp("0002")]: "ARP 10.0.0.2 is at 02:00:00:00:00:02",
    "0806 0001": "ARP cut short after 2 bytes",
    "88a8 f064 8100 0007 88cc 01": "VLAN 100 VLAN 7 ethertype 0x88cc, 1 bytes",
    "9100 0064 9200 0007 88cc 01": "VLAN 100 VLAN 7 ethertype 0x88cc, 1 bytes",
    "8100 00": "VLAN tag cut short after 1 bytes",
    "0600 01": "ethertype 0x0600, 1 bytes",
    "05dd 01": "ethertype 0x05dd, 1 bytes",
    "05dc 42 42 03 00": "LLC 42:42:03",
    "0003 42 42 03 00": "LLC 42:42:03",
    "0002 42 42 03": "LLC cut short after 2 bytes",
    "0010 fefe 03 84 00 00 00 00 00 00 00": "LLC fe:fe:03",
    "0010 fefe 03 83 00 00 00 34 00 00 00": "IS-IS level 2 LSP",
    "0010 fefe 03 83 00 00 00 01 00 00 00": "IS-IS PDU 1",
    "0010 fefe 03 83 00 00 00 34 00 00": "IS-IS cut short after 7 bytes",
    "0010 fefe 03 83 00 00 00 1c": "IS-IS cut short after 5 bytes",
    "0800 45": "IPv4 cut short after 1 bytes",
    "86dd 60": "IPv6 cut short after 1 bytes",
  };
  for (const [frame, expected] of Object.entries(lines)) t.is(describeFrame(hex(`${ETHERNET} ${frame}`)), expected);
  t.is(describeFrame(hex(ETHERNET)), "Ethernet cut short after 12 bytes");
  for (const describe of [describeFrame, describeIp]) {
    const error = t.throws(() => describe("text" as never), { code: "ERR_INVALID_PACKET" });
    t.regex(error!.message, new RegExp(`packet.${describe.name}.*Uint8Array`));
  }
});

test("a packet of an IP-mode port is described as its frame is", (t) => {
  for (const [i, frame] of frames.entries()) {
    if (lines[i]!.includes(" > ")) t.is(describeIp(frame.subarray(14)), lines[i]!);
  }
});

test("a description has the VLAN tag, and then the packet inside", (t) => {
  const frame = frames.find((_, i) => lines[i]!.endsWith("ICMP echo request"))!;
  const tagged = Buffer.concat([frame.subarray(0, 12), Buffer.from([0x81, 0, 0, 7]), frame.subarray(12)]);
  t.is(describeFrame(tagged), "VLAN 7 10.10.1.113 > 10.10.1.1 ICMP echo request");
});

test("a frame of tags alone is one short line", (t) => {
  const tags = (count: number) => hex(`${ETHERNET} ${"81000001".repeat(count)} 88cc`);
  t.is(describeFrame(tags(8)), `${"VLAN 1 ".repeat(8)}ethertype 0x88cc, 0 bytes`);
  for (const count of [9, 16_380]) t.is(describeFrame(tags(count)), `${"VLAN 1 ".repeat(8)}and more tags`);
});

test("a frame cut anywhere and changed anywhere still gives one printable line", (t) => {
  const damaged = fc
    .tuple(fc.constantFrom(...frames), fc.nat(1600), fc.array(fc.tuple(fc.nat(1600), fc.nat(255)), { maxLength: 8 }))
    .map(([frame, length, changes]) => {
      const bytes = Uint8Array.from(frame.subarray(0, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 120 })), (bytes) => {
      for (const line of [describeFrame(bytes), describeIp(bytes)]) t.regex(line, /^[\x20-\x7e]+$/);
    }),
    { numRuns: 2000 },
  );
});

need("tshark").test("tshark reads the same addresses and names out of the capture", (t) => {
  const columns = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "dns.qry.name"].flatMap((field) => ["-e", field]);
  const result = spawnSync(
    "tshark",
    ["-n", "--disable-protocol", "tcp", "-r", captureFile, "-T", "fields", ...columns],
    { encoding: "utf8" },
  );
  t.is(result.status, 0, result.stderr);
  const rows = result.stdout.trimEnd().split("\n");
  t.is(rows.length, frames.length);
  for (const [i, row] of rows.entries()) {
    for (const text of row.split("\t")) t.true(lines[i]!.includes(text), `frame ${i + 1}: ${lines[i]} lacks ${text}`);
  }
});
