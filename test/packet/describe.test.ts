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
