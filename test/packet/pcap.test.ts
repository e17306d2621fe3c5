// pcap files: written, read, and checked by other programs.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { PcapReader, PcapWriter } from "../../lib/packet/index.js";
import { need } from "../support/need.js";
import { batchOf } from "../support/packet/batches.js";
import { facingVpp, open, socketFolder, until } from "../support/punt-socket/peer.js";

test("packets are read as they were written", (t) => {
  const path = join(socketFolder(t), "a.pcap");
  const packet = fc.record({
    bytes: fc.uint8Array({ maxLength: 2000 }),
    timeNs: fc.bigInt({ min: 0n, max: 4_294_967_295_999_999_999n }),
  });
  fc.assert(
    fc.property(fc.array(packet), (packets) => {
      const writer = PcapWriter.open(path, "ip");
      for (const { bytes, timeNs } of packets) writer.writePacket(bytes, timeNs);
      writer.close();
      const reader = PcapReader.open(path);
      t.is(reader.linkType, 101);
      t.deepEqual(
        [...reader].map(({ bytes, timeNs, length }) => ({ bytes: [...bytes], timeNs, length })),
        packets.map(({ bytes, timeNs }) => ({ bytes: [...bytes], timeNs, length: bytes.length })),
      );
    }),
    { numRuns: 50 },
  );
});

test("a file has the bytes of the format, for times of all sizes", (t) => {
  const path = join(socketFolder(t), "a.pcap");
  const files = { ethernet: "01000000", ip: "65000000" } as const;
  for (const [linkType, number] of Object.entries(files)) {
    {
      using writer = PcapWriter.open(path, linkType as keyof typeof files);
      writer.writePacket(Uint8Array.of(1, 2, 3), 0x8000_0001n * 1_000_000_000n + 999_999_999n);
      writer.write(batchOf([Uint8Array.of(4), Uint8Array.of(5, 6)]), 7n);
      writer.writePacket(new Uint8Array(0), 2n ** 32n * 1_000_000_000n);
      writer.flush();
    }
    const header = `4d3cb2a1 0200 0400 00000000 00000000 00000400 ${number}`;
    const first = "01000080 ffc99a3b 03000000 03000000 010203";
    const batch = "00000000 07000000 01000000 01000000 04 00000000 07000000 02000000 02000000 0506";
    const last = "00000000 00000000 00000000 00000000";
    const expected = [header, first, batch, last].join("").replaceAll(" ", "");
    t.is(readFileSync(path).toString("hex"), expected);
  }
});

test("a packet without a time has the time of its writing", (t) => {
  const path = join(socketFolder(t), "a.pcap");
  const began = BigInt(Date.now()) * 1_000_000n;
  {
    using writer = PcapWriter.open(path);
    for (let i = 0; i < 3; i++) writer.writePacket(new Uint8Array(1));
  }
  const times = [...PcapReader.open(path)].map(({ timeNs }) => timeNs);
  t.deepEqual(
    times,
    [...times].sort((a, b) => (a < b ? -1 : 1)),
  );
  const minute = 60_000_000_000n;
  t.true(times[0]! > began - minute && times[2]! < BigInt(Date.now()) * 1_000_000n + minute);
});

test("a file of either byte order and either unit is read, and so is one in the middle of a buffer", (t) => {
  for (const [magic, unit] of [
    [0xa1b23c4d, 1n],
    [0xa1b2c3d4, 1000n],
  ] as const) {
    for (const little of [true, false]) {
      const bytes = new Uint8Array(3 + 24 + 16 + 2 + 5);
      const file = bytes.subarray(3, 3 + 24 + 16 + 2);
      const view = new DataView(file.buffer, file.byteOffset, file.length);
      const words: [number, number][] = [
        [0, magic],
        [20, 0xf000_0065],
        [24, 0x89abcdef],
        [28, 999_999],
        [32, 2],
        [36, 0x01020304],
      ];
      for (const [at, value] of words) view.setUint32(at, value, little);
      file.set([0xab, 0xcd], 40);
      const reader = new PcapReader(file);
      t.is(reader.linkType, 0x65);
      const timeNs = 0x89abcdefn * 1_000_000_000n + 999_999n * unit;
      const packets = [...reader].map((packet) => ({ ...packet, bytes: [...packet.bytes] }));
      t.deepEqual(packets, [{ timeNs, bytes: [0xab, 0xcd], length: 0x01020304 }]);
      t.deepEqual([...reader].length, 1);
    }
  }
});

test("packets as large as the writer's buffer are written whole", (t) => {
  const path = join(socketFolder(t), "a.pcap");
  const writer = PcapWriter.open(path);
  const sizes = [1, 262_144, 262_128, 5, 262_127];
  for (const size of sizes) writer.writePacket(new Uint8Array(size).fill(size));
  t.throws(() => writer.writePacket(new Uint8Array(262_145)), { code: "ERR_PACKET_SIZE" });
  writer.close();
  writer.close();
  t.throws(() => writer.writePacket(new Uint8Array(1)), { code: "ERR_CLOSED" });
  const packets = [...PcapReader.open(path)];
  t.deepEqual(
    packets.map(({ bytes }) => bytes.length),
    sizes,
  );
  for (const { bytes } of packets) t.true(bytes.every((byte) => byte === (bytes.length & 0xff)));
});

test("a batch of a punt socket is written with the time it came", async (t) => {
  const { vpp, path, folder } = facingVpp(t);
  const writer = PcapWriter.open(join(folder, "a.pcap"));
  const before = BigInt(Date.now()) * 1_000_000n;
  let packets = 0;
  open(t, {
    path,
    vppPath: vpp.path,
    onBatch: (batch) => {
      writer.write(batch);
      packets += batch.length;
    },
  });
  for (const text of ["first frame", "second frame"]) vpp.punt(path, Buffer.from(text));
  await until(() => packets === 2);
  writer.close();
  const read = [...PcapReader.open(join(folder, "a.pcap"))];
  t.deepEqual(
    read.map(({ bytes }) => Buffer.from(bytes).toString()),
    ["first frame", "second frame"],
  );
  for (const { timeNs } of read) t.true(timeNs >= before - 1_000_000_000n && timeNs < before + 600_000_000_000n);
});

test("other programs' files: microseconds, the other byte order, packets cut off", (t) => {
  const file = Buffer.alloc(24 + 16 + 4);
  file.writeUInt32BE(0xa1b2c3d4, 0);
  file.writeUInt32BE(0x1000_0001, 20); // Ethernet, with the length of the frame check sequence above
  file.writeUInt32BE(7, 24);
  file.writeUInt32BE(9, 28);
  file.writeUInt32BE(4, 32);
  file.writeUInt32BE(1500, 36);
  file.writeUInt32BE(0xdeadbeef, 40);
  const reader = new PcapReader(file);
  t.is(reader.linkType, 1);
  const [packet] = [...reader];
  t.is(packet!.timeNs, 7_000_009_000n);
  t.is(packet!.length, 1500);
  t.is(Buffer.from(packet!.bytes).toString("hex"), "deadbeef");
});

test("files that are cut off or something else are errors that say where", (t) => {
  const path = join(socketFolder(t), "a.pcap");
  const writer = PcapWriter.open(path);
  writer.writePacket(new Uint8Array(30));
  writer.writePacket(new Uint8Array(30));
  writer.close();
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length; length++) {
    const read = () => [...new PcapReader(whole.subarray(0, length))].length;
    if (length === 24 || length === 24 + 46) t.is(read(), length === 24 ? 0 : 1);
    else t.throws(read, { code: "ERR_FORMAT" }, String(length));
  }
  const cut = t.throws(() => [...new PcapReader(whole.subarray(0, 80))]);
  t.like(cut, { details: { offset: 70 } });
  t.throws(() => new PcapReader(Buffer.from("this is a text and no capture")), { code: "ERR_FORMAT" });
  const other = Buffer.from("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff", "hex");
  t.throws(() => new PcapReader(other), { code: "ERR_FORMAT", message: /pcapng/ });
  t.notRegex(t.throws(() => new PcapReader(Buffer.alloc(24))).message, /pcapng/);
  t.throws(() => PcapReader.open(`${path}.none`), { code: "ENOENT" });
  t.throws(() => PcapWriter.open(`${path}/a`), { code: "ENOTDIR" });
  t.throws(() => PcapWriter.open(path, "tokenring" as never), { code: "ERR_OPTION" });
});

const { test: withTshark } = need("tshark");

withTshark("tshark opens both kinds, with nanoseconds", (t) => {
  const folder = socketFolder(t);
  // 10.0.0.1:1000 > 10.0.0.2:53, UDP, no payload.
  const ip = Buffer.from("4500001c00010000401166ce0a0000010a00000203e8003500080000", "hex");
  const ethernet = Buffer.concat([Buffer.from("02fe0000000202fe000000010800", "hex"), ip]);
  for (const [linkType, bytes] of [
    ["ethernet", ethernet],
    ["ip", ip],
  ] as const) {
    const path = join(folder, `${linkType}.pcap`);
    const writer = PcapWriter.open(path, linkType);
    writer.writePacket(bytes, 1_700_000_000_123_456_789n);
    writer.close();
    const fields = ["-e", "frame.time_epoch", "-e", "ip.src", "-e", "udp.dstport", "-e", "frame.len"];
    const out = execFileSync("tshark", ["-r", path, "-T", "fields", ...fields], { encoding: "utf8" });
    t.deepEqual(out.trim().split("\t"), ["1700000000.123456789", "10.0.0.1", "53", String(bytes.length)]);
  }
});

withTshark("what is written can be read after another program has rewritten it", (t) => {
  const folder = socketFolder(t);
  const [ours, theirs] = [join(folder, "a.pcap"), join(folder, "b.pcap")];
  const writer = PcapWriter.open(ours);
  for (let i = 0; i < 100; i++) writer.writePacket(new Uint8Array(60 + i).fill(i), BigInt(i) * 1_000_000_001n);
  writer.close();
  execFileSync("tshark", ["-r", ours, "-F", "nsecpcap", "-w", theirs], { stdio: "ignore" });
  t.deepEqual([...PcapReader.open(theirs)], [...PcapReader.open(ours)]);
});
