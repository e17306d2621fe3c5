// Pcapng files: interfaces with names, added at any time, as Wireshark's tools read them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { PcapngWriter } from "../../lib/packet/index.js";
import { need } from "../support/need.js";
import { batchOf } from "../support/packet/batches.js";
import { facingVpp, open, socketFolder, until } from "../support/punt-socket/peer.js";

/** The blocks of a file: type and body, after checks of both lengths. */
function blocksOf(bytes: Buffer): { type: number; body: Buffer }[] {
  const blocks = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    if (size % 4 !== 0 || bytes.readUInt32LE(at + size - 4) !== size) throw new Error(`block at ${at}: ${size} bytes`);
    blocks.push({ type: bytes.readUInt32LE(at), body: bytes.subarray(at + 8, at + size - 4) });
    at += size;
  }
  return blocks;
}

test("blocks have the layout of the format, whatever the length of a packet", (t) => {
  const path = join(socketFolder(t), "a.pcapng");
  const writer = PcapngWriter.open(path);
  t.is(writer.addInterface("eth0"), 0);
  for (let length = 0; length < 9; length++) writer.writePacket(0, new Uint8Array(length).fill(length), { timeNs: 5n });
  t.is(writer.addInterface("tun0", { linkType: "ip" }), 1);
  writer.writePacket(1, new Uint8Array(3), { timeNs: (9n << 32n) + 7n, direction: "out" });
  writer.close();
  const blocks = blocksOf(readFileSync(path));
  t.deepEqual(
    blocks.map(({ type }) => type),
    [0x0a0d0d0a, 1, ...Array(9).fill(6), 1, 6],
  );
  for (let length = 0; length < 9; length++) t.is(blocks[2 + length]!.body.readUInt32LE(12), length);
  t.is(blocks[11]!.body.readUInt16LE(0), 101);
  const last = blocks[12]!.body;
  t.deepEqual([last.readUInt32LE(0), last.readUInt32LE(4), last.readUInt32LE(8)], [1, 9, 7]);
  t.is(last.readUInt32LE(20 + 4 + 4), 2);
});

test("a file has the bytes of the format: names, times and directions", (t) => {
  const path = join(socketFolder(t), "a.pcapng");
  {
    using writer = PcapngWriter.open(path);
    writer.addInterface("a", { linkType: "ip", description: "to b!" });
    writer.addInterface("four");
    const timeNs = 0xf1f2f3f4f5f6f7f8n;
    for (const [i, direction] of (["in", "out", undefined] as const).entries())
      writer.writePacket(i % 2, Uint8Array.of(1, 2, 3, 4, 5), { timeNs, ...(direction && { direction }) });
    writer.write(batchOf([Uint8Array.of(9)]), 1, { timeNs: 3n });
    writer.write(batchOf([Uint8Array.of(8)]), () => 1, { timeNs: 4n, direction: "out" });
    writer.flush();
  }
  const block = (type: string, body: string) => {
    const hex = body.replaceAll(" ", "");
    const size = Buffer.alloc(4);
    size.writeUInt32LE(12 + hex.length / 2);
    return `${type}${size.toString("hex")}${hex}${size.toString("hex")}`;
  };
  const section = "4d3c2b1a 0100 0000 ffffffffffffffff 0400 0800 7670702d70756e74 00000000";
  const tsresol = "0900 0100 09000000 00000000";
  const first = `6500 0000 00000400 0200 0100 61000000 0300 0500 746f206221000000 ${tsresol}`;
  const second = `0100 0000 00000400 0200 0400 666f7572 ${tsresol}`;
  const packet = (from: string, end: string) =>
    block("06000000", `${from} f4f3f2f1 f8f7f6f5 05000000 05000000 0102030405 000000 ${end}`);
  const flags = (number: string) => `0200 0400 ${number} 00000000`;
  const short = (time: string, byte: string, number: string) =>
    block("06000000", `01000000 00000000 ${time} 01000000 01000000 ${byte}000000 ${flags(number)}`);
  const expected = [
    block("0a0d0d0a", section),
    block("01000000", first),
    block("01000000", second),
    packet("00000000", flags("01000000")),
    packet("01000000", flags("02000000")),
    packet("00000000", ""),
    short("03000000", "09", "01000000"),
    short("04000000", "08", "02000000"),
  ];
  t.is(readFileSync(path).toString("hex"), expected.join(""));
});

/** The numbers of the options behind `fixed` bytes of a block's body. */
function optionsOf(body: Buffer, fixed: number): number[] {
  const found = [];
  for (let at = fixed; at < body.length; at += 4 + 4 * Math.ceil(body.readUInt16LE(at + 2) / 4))
    found.push(body.readUInt16LE(at));
  return found;
}

test("an interface has a description only if it was given one", (t) => {
  const path = join(socketFolder(t), "a.pcapng");
  const writer = PcapngWriter.open(path);
  writer.addInterface("eth0");
  writer.addInterface("eth1", { description: "to the LAN" });
  writer.close();
  const [, first, second] = blocksOf(readFileSync(path));
  // if_name 2, if_description 3, if_tsresol 9, opt_endofopt 0.
  t.deepEqual(optionsOf(first!.body, 8), [2, 9, 0]);
  t.deepEqual(optionsOf(second!.body, 8), [2, 3, 9, 0]);
});

test("wrong input is refused by name, and nothing is written", (t) => {
  const path = join(socketFolder(t), "a.pcapng");
  const writer = PcapngWriter.open(path);
  const refused = (call: () => unknown, option: string) =>
    t.like(t.throws(call, { code: "ERR_OPTION" }), { details: { option } });
  refused(() => writer.addInterface(""), "name");
  refused(() => writer.addInterface("x".repeat(256)), "name");
  refused(() => writer.addInterface("a", { linkType: "atm" as never }), "linkType");
  refused(() => writer.addInterface("a", { colour: 1 } as never), "colour");
  refused(() => writer.writePacket(0, new Uint8Array(1)), "from");
  writer.addInterface("a");
  refused(() => writer.writePacket(1, new Uint8Array(1)), "from");
  refused(() => writer.writePacket(0.5, new Uint8Array(1)), "from");
  refused(() => writer.writePacket(0, new Uint8Array(1), { direction: "up" as never }), "direction");
  t.throws(() => writer.writePacket(0, new Uint8Array(262_145)), { code: "ERR_PACKET_SIZE" });
  writer.close();
  t.is(blocksOf(readFileSync(path)).length, 2);
  t.throws(() => writer.addInterface("b"), { code: "ERR_CLOSED", message: /^pcapng\.write/ });
});

test("a batch is written to the interface of each packet", async (t) => {
  const { vpp, path, folder } = facingVpp(t);
  const writer = PcapngWriter.open(join(folder, "a.pcapng"));
  const numbers = new Map<number, number>();
  const numberOf = (swIfIndex: number) => {
    if (!numbers.has(swIfIndex)) numbers.set(swIfIndex, writer.addInterface(`if${swIfIndex}`));
    return numbers.get(swIfIndex)!;
  };
  let packets = 0;
  open(t, { path, vppPath: vpp.path }).receive((batch) => {
    writer.write(batch, numberOf, { timeNs: 1n });
    packets += batch.length;
  });
  for (const index of [7, 9, 7]) vpp.punt(path, Buffer.alloc(20, index), index);
  await until(() => packets === 3);
  writer.close();
  const blocks = blocksOf(readFileSync(join(folder, "a.pcapng")));
  const from = blocks.filter(({ type }) => type === 6).map(({ body }) => body.readUInt32LE(0));
  t.deepEqual(from, [0, 1, 0]);
  t.is(blocks.filter(({ type }) => type === 1).length, 2);
});

const { test: withTshark } = need("tshark");

withTshark("tshark reads names, link types, times and directions", (t) => {
  const path = join(socketFolder(t), "a.pcapng");
  // 10.0.0.1:1000 > 10.0.0.2:53, UDP, no payload.
  const ip = Buffer.from("4500001c00010000401166ce0a0000010a00000203e8003500080000", "hex");
  const ethernet = Buffer.concat([Buffer.from("02fe0000000202fe000000010800", "hex"), ip]);
  const writer = PcapngWriter.open(path);
  const first = writer.addInterface("memif1/0", { description: "punted to cnf1" });
  writer.writePacket(first, ethernet, { timeNs: 1_700_000_000_123_456_789n, direction: "in" });
  writer.writePacket(writer.addInterface("tun0", { linkType: "ip" }), ip, { timeNs: 1_700_000_001_000_000_001n });
  writer.close();
  const names = ["frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction", "ip.src", "frame.len"];
  const fields = names.flatMap((name) => ["-e", name]);
  const out = execFileSync("tshark", ["-r", path, "-T", "fields", ...fields], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const rows = out.trimEnd().split("\n");
  t.deepEqual(
    rows.map((row) => row.split("\t")),
    [
      ["1700000000.123456789", "memif1/0", "0x00000001", "10.0.0.1", String(ethernet.length)],
      ["1700000001.000000001", "tun0", "", "10.0.0.1", String(ip.length)],
    ],
  );
});
