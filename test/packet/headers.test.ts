// The headers of a frame that rules look at.
import test from "ava";
import { headersOf } from "../../lib/packet/index.js";

const bytes = (hex: string) => Buffer.from(hex.replaceAll(/[\s:]/g, ""), "hex");
const MACS = "02:00:00:00:00:01 02:00:00:00:00:02";
const frame = (...parts: string[]) => bytes([MACS, ...parts].join(""));
/** Headers of IPv4 with the right checksum, from 10.0.0.1 to 10.0.0.2. */
const UDP4 = "4500 001c 0001 0000 4011 66ce 0a000001 0a000002";
const PORTS = "03e8 0035 0008 0000";
const IP6_ENDS = "fd00000000000000 0000000000000001 fd00000000000000 0000000000000002";

test("an Ethernet header says who receives the frame, and what is behind its tags", (t) => {
  t.deepEqual(headersOf(frame("88cc")), {
    ...{ destinationMac: "02:00:00:00:00:01", isGroup: false, ethertype: 0x88cc, isIsis: false },
  });
  t.true(headersOf(bytes("01005e000001 020000000002 88cc"))!.isGroup);
  t.like(headersOf(frame("8100 e007 88cc")), { vlan: 7, ethertype: 0x88cc });
  t.like(headersOf(frame("88a8 0064 8100 0007 88cc")), { vlan: 100, ethertype: 0x88cc });
  t.like(headersOf(frame("8100 0000 8100 0007 88cc")), { vlan: 7, ethertype: 0x88cc });
  // VPP's interfaces take no other tags.
  t.like(headersOf(frame("9100 0064 0800", UDP4)), { ethertype: 0x9100, vlan: undefined, ip: undefined });
  t.is(headersOf(frame("88")), undefined);
  t.like(headersOf(frame("8100")), { ethertype: 0x8100 });
  t.false("vlan" in headersOf(frame("8100 00"))!);
});

test("IS-IS is behind a length and the bytes of LLC, and nowhere else", (t) => {
  t.true(headersOf(frame("05dc fefe 03 83"))!.isIsis);
  for (const other of ["05dd fefe 03 83", "0010 fffe 03 83", "0010 feff 03 83", "0010 fefe 03 84", "0010 fefe 03"])
    t.false(headersOf(frame(other))!.isIsis, other);
});

test("an IPv4 header gives the ends, and the ports or the types behind it", (t) => {
  const ends = { family: 4, at: 14, source: "10.0.0.1", destination: "10.0.0.2" };
  const ports = { source: 1000, destination: 53 };
  t.deepEqual(headersOf(frame("0800", UDP4, PORTS))!.ip, { ...ends, protocol: 17, ports } as never);
  const of = (protocol: string, payload: string) =>
    headersOf(frame("0800", UDP4.replace("4011", `40${protocol}`), payload))!;
  t.deepEqual(of("84", PORTS).ip!.ports, ports);
  t.deepEqual(of("01", "0803").ip!.icmp, { type: 8, code: 3 });
  t.is(of("01", "08").ip!.icmp, undefined);
  t.is(of("59", PORTS).ip!.ports, undefined);
  t.is(of("11", "03e800").ip!.ports, undefined);
  t.is(of("11", PORTS).ip!.tcpFlags, undefined);
  const tcp = `${PORTS} 00000000 5012`;
  t.like(of("06", tcp).ip, { ports, tcpFlags: 0x12 });
  t.false("tcpFlags" in of("06", tcp.slice(0, -2)).ip!);
});

test("a later fragment has no ports, options of IPv4 are before them, and a cut header is none", (t) => {
  const fragment = headersOf(frame("0800", UDP4.replace("0001 0000", "0001 2001"), PORTS))!.ip!;
  t.like(fragment, { protocol: 17, isLaterFragment: true });
  t.false("ports" in fragment);
  t.true("ports" in headersOf(frame("0800", UDP4.replace("0001 0000", "0001 2000"), PORTS))!.ip!);
  const options = headersOf(frame("0800", UDP4.replace("4500", "4600"), "01010101", PORTS))!.ip!;
  t.deepEqual(options.ports, { source: 1000, destination: 53 });
  t.false("ip" in headersOf(frame("0800", UDP4).subarray(0, 33))!);
  t.true("ip" in headersOf(frame("0800", UDP4))!);
});

test("an IPv6 header gives what is behind its extension headers", (t) => {
  const ip = (next: string, payload: string) =>
    headersOf(frame("86dd 60000000 0000", next, "40", IP6_ENDS, payload))!.ip!;
  const ports = { source: 1000, destination: 53 };
  t.deepEqual(ip("11", PORTS), {
    ...{ family: 6, at: 14, source: "fd00::1", destination: "fd00::2", protocol: 17 },
    ports,
  });
  const padding = "0000 0000 0000";
  for (const extension of ["00", "2b", "3c"])
    t.like(ip(extension, `1100 ${padding} ${PORTS}`), { protocol: 17, ports });
  t.like(ip("00", `3c01 ${padding} 0000000000000000 1100 ${padding} ${PORTS}`), { protocol: 17, ports });
  t.deepEqual(ip("3a", "8700").icmp, { type: 135, code: 0 });
  const first = ip("2c", `1100 0001 00000000 ${PORTS}`);
  t.deepEqual([first.protocol, first.ports, first.isLaterFragment], [17, ports, undefined]);
  const later = ip("2c", `1100 0009 00000000 ${PORTS}`);
  t.deepEqual([later.protocol, later.ports, later.isLaterFragment], [17, undefined, true]);
  t.is(ip("00", "1100 0000").protocol, 0);
  t.false("ip" in headersOf(frame("86dd 60000000 0000 1140", IP6_ENDS).subarray(0, 53))!);
  t.true("ip" in headersOf(frame("86dd 60000000 0000 1140", IP6_ENDS))!);
});
