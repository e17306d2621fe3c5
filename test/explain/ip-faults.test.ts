// Packets that VPP's IP layer drops because of their own contents. test/support/explain.ts sends the usual ones through VPP.
import test from "ava";
import { inputFault, localFault } from "../../lib/explain/ip-faults.js";
import { checksumOf, sumWords } from "../../lib/net/index.js";
import { headersOf } from "../../lib/packet/index.js";
import { ethernet, frame, ipPacket, udpPacket } from "../support/frames.js";

const LINK = { from: "02:00:00:00:00:02", to: "02:00:00:00:00:01" };
const FOUR = { from: "10.0.0.2", to: "10.0.0.1" };
const SIX = { from: "fd00::2", to: "fd00::1" };
const faults = (bytes: Uint8Array) => {
  const ip = headersOf(bytes)!.ip!;
  return [inputFault(bytes, ip), localFault(bytes, ip)];
};

/** A frame with other bytes from `at` of its packet on, and with the right checksum in the header of IPv4. */
function changed(packet: Buffer, at: number, hex: string, words = 5): Buffer {
  const bytes = Buffer.from(packet);
  bytes.set(Buffer.from(hex, "hex"), at);
  bytes.writeUInt16BE(0, 10);
  bytes.writeUInt16BE(checksumOf(sumWords(bytes, 0, 4 * words)), 10);
  return ethernet(LINK, 0x0800, bytes);
}

test("ip4-input drops what its header says", (t) => {
  const udp = udpPacket(FOUR, [1, 53], "name?");
  t.deepEqual(faults(frame(LINK, udp)), [undefined, undefined]);
  t.is(faults(changed(udp, 0, "55"))[0], "ip4 version != 4");
  t.is(faults(changed(udp, 0, "44", 4))[0], "ip4 length < 20 bytes");
  t.is(faults(changed(udp, 2, "0013"))[0], "ip4 length < 20 bytes");
  t.is(faults(changed(udp, 2, "00ff"))[0], "ip4 length > l2 length");
  t.is(faults(changed(udp, 6, "0001"))[0], "ip4 fragment offset == 1");
  t.is(faults(changed(udp, 8, "00"))[0], "ip4 ttl <= 1");
  t.deepEqual(faults(changed(udp, 6, "2000")), [undefined, undefined]);
});

test("of packets with options, VPP takes IGMP with a router alert", (t) => {
  const of = (protocol: number, option: string) =>
    faults(changed(ipPacket(FOUR, protocol, Buffer.from(`${option}1700000000000000`, "hex")), 0, "46", 6))[0];
  t.is(of(2, "94040000"), undefined);
  for (const [protocol, option] of [
    [17, "94040000"],
    [2, "94030000"],
    [2, "01010101"],
  ] as const)
    t.is(of(protocol, option), "ip4 options present", option);
});

test("VPP checks UDP and ICMPv6 for itself", (t) => {
  const udp = frame(LINK, udpPacket(SIX, [1, 53], "name?"));
  t.deepEqual(faults(udp), [undefined, undefined]);
  const at = (place: number, hex: string, bytes: Uint8Array = udp) => {
    const other = Buffer.from(bytes);
    other.set(Buffer.from(hex, "hex"), 14 + place);
    return faults(other);
  };
  t.is(at(0, "50")[0], "ip6 version != 6");
  t.is(at(7, "00")[0], "ip6 ttl <= 1");
  t.is(at(46, "1234")[1], "bad udp checksum");
  t.is(at(46, "0000")[1], undefined);
  t.is(at(44, "00ff")[1], "inconsistent udp/ip lengths");
  t.is(at(4, "0007")[1], "inconsistent udp/ip lengths");
  t.is(at(4, "00ff")[1], "ip6 length > l2 length");
  t.is(at(6, "3a")[1], "bad icmp checksum");
  t.is(at(6, "3b")[1], undefined);
});

test("VPP takes nothing for itself behind extension headers but ICMPv6 and fragments", (t) => {
  const behind = (extension: number, protocol: number) =>
    faults(
      frame(
        LINK,
        ipPacket(SIX, extension, Buffer.from(`${protocol.toString(16)}00000000000000${"00".repeat(8)}`, "hex")),
      ),
    );
  for (const extension of [0, 43, 60]) t.deepEqual(behind(extension, 17), [undefined, "unknown ip protocol"]);
  for (const [extension, protocol] of [
    [44, 17],
    [0, 58],
  ] as const)
    t.deepEqual(behind(extension, protocol), [undefined, undefined]);
});
