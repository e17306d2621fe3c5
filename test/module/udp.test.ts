// Answers to UDP datagrams: headers, VLAN tags, checksums, groups.
import test from "ava";
import { parseUdp, udpAnswer } from "../../lib/module/udp.js";
import { frame, mac, parseIp, transportChecksum, udpPacket } from "../support/frames.js";

const LINK = { from: "02:aa:00:00:00:01", to: "02:fc:00:00:00:01" };
const ENDS = { from: "192.0.2.9", to: "192.0.2.1" };
const ENDS6 = { from: "2001:db8::9", to: "2001:db8::1" };

for (const ends of [ENDS, ENDS6]) {
  test(`an answer goes back with right lengths and checksums: ${ends.to}`, (t) => {
    for (const text of ["", "x", "odd", "even", "long".repeat(300)]) {
      const question = parseUdp(frame(LINK, udpPacket(ends, [4000, 53], "who?")))!;
      t.deepEqual(question.source, { address: ends.from, port: 4000 });
      t.deepEqual(question.destination, { address: ends.to, port: 53 });
      t.is(Buffer.from(question.payload).toString(), "who?");
      const answer = Buffer.from(udpAnswer(question, Buffer.from(text)));
      const expected = frame(
        { from: LINK.to, to: LINK.from },
        udpPacket({ from: ends.to, to: ends.from }, [53, 4000], text),
      );
      // All but the identification of IPv4, which is free.
      t.is(answer.length, expected.length);
      t.deepEqual(answer.subarray(0, 14), expected.subarray(0, 14));
      t.is(parseIp(answer).headerChecksum, 0);
      const back = parseUdp(answer)!;
      t.deepEqual(back.source, { address: ends.to, port: 53 });
      t.is(Buffer.from(back.payload).toString(), text);
      t.is(transportChecksum(answer), 0, "the sum over the datagram with its checksum");
    }
  });
}

test("a datagram behind a header that says to be shorter than 20 bytes is not read; behind options it is", (t) => {
  const whole = frame(LINK, udpPacket(ENDS, [4000, 53], "who?"));
  for (const words of [0, 1, 4]) {
    const short = Buffer.from(whole);
    short[14] = 0x40 | words;
    t.is(parseUdp(short), undefined, `${words} words`);
  }
  const options = Buffer.concat([whole.subarray(0, 34), Buffer.alloc(4), whole.subarray(34)]);
  options[14] = 0x46;
  options.writeUInt16BE(options.length - 14, 16);
  t.is(Buffer.from(parseUdp(options)!.payload).toString(), "who?");
});

test("VLAN tags are kept", (t) => {
  const plain = frame(LINK, udpPacket(ENDS, [4000, 53], "who?"));
  for (const hex of ["88a80064810000c8", "9100006492000007"]) {
    const tags = Buffer.from(hex, "hex");
    const tagged = Buffer.concat([plain.subarray(0, 12), tags, plain.subarray(12)]);
    const answer = Buffer.from(udpAnswer(parseUdp(tagged)!, Buffer.from("me")));
    t.deepEqual(answer.subarray(12, 20), tags);
    t.is(Buffer.from(parseUdp(answer)!.payload).toString(), "me");
  }
});

test("an answer to a group needs a source address", (t) => {
  const link = { from: LINK.from, to: "01:00:5e:00:00:fb" };
  const question = parseUdp(frame(link, udpPacket({ from: ENDS.from, to: "224.0.0.251" }, [5353, 5353])))!;
  const source = { mac: mac(LINK.to), address: Uint8Array.of(192, 0, 2, 1) };
  t.throws(() => udpAnswer(question, Buffer.from("x")), { code: "ERR_NO_SOURCE" });
  t.throws(() => udpAnswer(question, Buffer.from("x"), { mac: source.mac }), { code: "ERR_NO_SOURCE" });
  const answer = parseUdp(udpAnswer(question, Buffer.from("x"), source))!;
  t.deepEqual(answer.source, { address: "192.0.2.1", port: 5353 });
  t.deepEqual(Buffer.from(answer.frame.subarray(6, 12)), mac(LINK.to));
});

test("a host without an address is answered by broadcast", (t) => {
  const link = { from: LINK.from, to: "ff:ff:ff:ff:ff:ff" };
  const discover = udpPacket({ from: "0.0.0.0", to: "255.255.255.255" }, [68, 67], "discover");
  const source = { mac: mac(LINK.to), address: Uint8Array.of(192, 0, 2, 1) };
  const answer = parseUdp(udpAnswer(parseUdp(frame(link, discover))!, Buffer.from("offer"), source))!;
  t.deepEqual(
    [answer.source, answer.destination],
    [
      { address: "192.0.2.1", port: 67 },
      { address: "255.255.255.255", port: 68 },
    ],
  );
  t.is(Buffer.from(answer.frame.subarray(0, 12)).toString("hex"), `ffffffffffff${mac(LINK.to).toString("hex")}`);
  t.is(transportChecksum(Buffer.from(answer.frame)), 0);
});

test("a frame without a whole UDP datagram is not a datagram", (t) => {
  const whole = frame(LINK, udpPacket(ENDS, [1, 2], "hello"));
  for (let length = 0; length < whole.length; length++)
    t.is(parseUdp(whole.subarray(0, length)), undefined, `${length}`);
  const fragment = Buffer.from(whole);
  fragment.writeUInt16BE(0x2000, 14 + 6);
  t.is(parseUdp(fragment), undefined);
  const tcp = Buffer.from(whole);
  tcp[14 + 9] = 6;
  t.is(parseUdp(tcp), undefined);
  const tags = Buffer.concat([whole.subarray(0, 12), Buffer.alloc(40, Buffer.from([0x81, 0]))]);
  t.is(parseUdp(tags), undefined);
});

test("the longest payload fits, and a longer one is refused", (t) => {
  for (const ends of [ENDS, ENDS6]) {
    const question = parseUdp(frame(LINK, udpPacket(ends, [4000, 53])))!;
    const longest = 0xffff - 20 - 8;
    t.is(parseUdp(udpAnswer(question, Buffer.alloc(longest, 1)))!.payload.length, longest);
    const message = `packet.reply: ${longest + 1} bytes do not fit into a UDP datagram`;
    const error = t.throws(() => udpAnswer(question, Buffer.alloc(longest + 1)), { code: "ERR_PACKET_SIZE", message });
    t.like(error, { op: "packet.reply" });
  }
});

test("headers of another version or protocol are not UDP, and options are skipped", (t) => {
  for (const [ends, version, protocol] of [
    [ENDS, 14, 14 + 9],
    [ENDS6, 14, 14 + 6],
  ] as const) {
    const whole = frame(LINK, udpPacket(ends, [1, 2], "hello"));
    const other = Buffer.from(whole);
    other[version] = (other[version]! & 15) | 0x50;
    t.is(parseUdp(other), undefined);
    const tcp = Buffer.from(whole);
    tcp[protocol] = 6;
    t.is(parseUdp(tcp), undefined);
  }
  const plain = frame(LINK, udpPacket(ENDS, [1, 2], "hello"));
  const options = Buffer.concat([plain.subarray(0, 34), Buffer.alloc(4, 1), plain.subarray(34)]);
  options[14] = 0x46;
  options.writeUInt16BE(options.length - 14, 16);
  t.is(Buffer.from(parseUdp(options)!.payload).toString(), "hello");
  const own = Buffer.from(udpAnswer(parseUdp(options)!, Buffer.from("me")));
  t.is(own[14], 0x45);
  t.is(Buffer.from(parseUdp(own)!.payload).toString(), "me");
  for (const bits of [0x2000, 0x0001, 0x1fff, 0x3fff]) {
    const fragment = Buffer.from(plain);
    fragment.writeUInt16BE(bits, 20);
    t.is(parseUdp(fragment), undefined, bits.toString(16));
  }
  const whole = Buffer.from(plain);
  whole.writeUInt16BE(0x4000, 20);
  t.truthy(parseUdp(whole), "do not fragment");
  for (const length of [0, 7]) {
    const short = Buffer.from(plain);
    short.writeUInt16BE(length, 38);
    t.is(parseUdp(short), undefined, `length ${length}`);
  }
  const empty = Buffer.from(plain);
  empty.writeUInt16BE(8, 38);
  t.is(parseUdp(empty)!.payload.length, 0);
});

test("an answer to the broadcast address of a subnet has the source that the program names", (t) => {
  const link = { from: LINK.from, to: "ff:ff:ff:ff:ff:ff" };
  const question = parseUdp(frame(link, udpPacket({ from: ENDS.from, to: "192.0.2.255" }, [4000, 137], "who?")))!;
  const source = { mac: mac(LINK.to), address: Uint8Array.of(192, 0, 2, 1) };
  t.is(parseUdp(udpAnswer(question, Buffer.from("me"), source))!.source.address, "192.0.2.1");
  const toHost = parseUdp(frame(LINK, udpPacket(ENDS, [4000, 53], "who?")))!;
  t.is(
    parseUdp(udpAnswer(toHost, Buffer.from("me"), { address: Uint8Array.of(192, 0, 2, 7) }))!.source.address,
    ENDS.to,
  );
});

for (const [ends, lengthAt, header] of [
  [ENDS, 16, 20],
  [ENDS6, 18, 0],
] as const) {
  test(`a datagram is as long as its IP packet at the most, and that no longer than the frame: ${ends.to}`, (t) => {
    const whole = frame(LINK, udpPacket(ends, [4000, 53], "who?"));
    const size = header + 8 + "who?".length;
    for (const [length, isWhole] of [
      [size, true],
      [size - 1, false],
      [size + 1, false],
      [0, false],
    ] as const) {
      const changed = Buffer.from(whole);
      changed.writeUInt16BE(length, lengthAt);
      t.is(parseUdp(changed) !== undefined, isWhole, `${length} bytes`);
    }
    t.is(Buffer.from(parseUdp(Buffer.concat([whole, Buffer.alloc(18)]))!.payload).toString(), "who?", "padded");
  });
}
