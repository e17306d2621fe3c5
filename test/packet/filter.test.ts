// Packet filters take the same packets as tcpdump, and refuse the programs that Linux refuses.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { PacketFilter, PcapReader, PcapWriter } from "../../lib/packet/index.js";
import { need } from "../support/need.js";
import { batchOf } from "../support/packet/batches.js";
import { numbersOf } from "../support/random.js";

const EXPRESSIONS = [
  "udp port 53",
  "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
  "ip6 and icmp6",
  "vlan 5 and ip",
  "host 10.0.0.1 or net 192.168.0.0/16",
  "ip[8] < 64 and len > 60",
  "ether host 02:00:00:00:00:01 or arp",
  "ip[((ip[0] & 0xf) << 2) : 2] % 3 == 1",
  "(ip[2:2] / 7) * 3 - 1 > 40",
  "not ip and not ip6",
];

/** Frames that look like IP, VLAN, ARP or nothing, often too short. */
function randomFrames(count: number): Uint8Array[] {
  const random = numbersOf(14);
  const types = [0x0800, 0x86dd, 0x8100, 0x0806, 0x1234];
  return Array.from({ length: count }, () => {
    const frame = new Uint8Array(1 + random(random(3) === 0 ? 40 : 120)).map(() => random(256));
    const set = (bytes: number[], at: number) => {
      if (at + bytes.length <= frame.length && random(4) > 0) frame.set(bytes, at);
    };
    const type = types[random(types.length)]!;
    set([2, 0, 0, 0, 0, random(2)], 6);
    set([type >> 8, type & 0xff], 12);
    set([type === 0x86dd ? 0x60 : 0x45 + random(3)], 14);
    if (type === 0x0800) {
      set([0, 0], 20);
      set([[6, 17, 1][random(3)]!], 23);
      set([10, 0, 0, random(3)], 26);
      set([0, 53], 36);
    }
    if (type === 0x86dd) set([[58, 17][random(2)]!], 20);
    if (type === 0x8100) set([0, 5, 8, 0], 14);
    return frame;
  });
}

need("tcpdump").test("on random frames every filter takes what tcpdump takes, compiled or parsed", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-filter-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [all, some] = [join(folder, "all.pcap"), join(folder, "some.pcap")];
  const frames = randomFrames(20_000);
  const writer = PcapWriter.open(all);
  for (const [i, frame] of frames.entries()) writer.writePacket(frame, BigInt(i) * 1000n);
  await writer.close();
  const batch = batchOf(frames);
  for (const expression of EXPRESSIONS) {
    execFileSync("tcpdump", ["-r", all, "-w", some, expression], { stdio: "ignore" });
    const expected = [...PcapReader.open(some)].map(({ timeNs }) => Number(timeNs / 1000n));
    const text = execFileSync("tcpdump", ["-y", "EN10MB", "-ddd", expression], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    for (const filter of [PacketFilter.compile(expression), PacketFilter.parse(text)]) {
      const hits = filter.run(batch);
      const taken = frames.flatMap((_, i) => (hits[i] === 1 ? [i] : []));
      t.deepEqual(taken, expected, expression);
      t.is(filter.matches(frames[expected[0] ?? 0]!), expected.length > 0, expression);
    }
    t.true(expected.length > 0, `${expression} takes some frame`);
  }
});

const RET = "6 0 0 1";
for (const [name, lines] of Object.entries({
  "an unknown code": ["65535 0 0 0", RET],
  "no return at the end": ["0 0 0 5"],
  "a jump behind the end": ["21 1 0 5", RET],
  "a far jump": ["5 0 0 4294967295", RET],
  "a division by 0": ["52 0 0 0", RET],
  "a shift by 32": ["100 0 0 32", RET],
  "memory that does not exist": ["2 0 0 16", RET],
  "memory that was not written": ["96 0 0 3", RET],
  "memory written on one way only": ["21 0 1 5", "2 0 0 3", "96 0 0 3", RET],
})) {
  test(`refused: ${name}`, (t) => {
    t.throws(() => PacketFilter.parse([lines.length, ...lines].join("\n")), {
      code: "ERR_FILTER",
      message: /instruction \d+ is not allowed/,
    });
  });
}

test("a filter calculates, remembers and stops at the packet's end as Linux does", (t) => {
  const takes = (lines: string[], packet: number[]) =>
    PacketFilter.parse([lines.length, ...lines].join("\n")).matches(Uint8Array.from(packet));
  t.true(takes(["40 0 0 0", "21 0 1 258", "6 0 0 1", "6 0 0 0"], [1, 2]));
  t.false(takes(["40 0 0 1", "6 0 0 1"], [1, 2]));
  t.false(takes(["32 0 0 4294967295", "6 0 0 1"], [1, 2, 3, 4]));
  t.false(takes(["1 0 0 0", "0 0 0 9", "60 0 0 0", "6 0 0 1"], [1]));
  t.false(takes(["1 0 0 40", "0 0 0 9", "108 0 0 0", "22 0 0 0"], [1]));
  t.true(takes(["0 0 0 7", "2 0 0 15", "96 0 0 15", "132 0 0 0", "22 0 0 0"], []));
});

test("a filter's text is a program that gives the same filter", (t) => {
  const text = ["3", "40 0 0 12", "21 0 0 2048", RET].join("\n");
  t.is(PacketFilter.parse(text).text, text);
  t.is(PacketFilter.parse(PacketFilter.parse(text).text).text, text);
});

test("text that is not a program is refused by its line", (t) => {
  for (const [text, message] of [
    ["", /line 1/],
    ["2\n6 0 0 1", /line 1/],
    ["1\n6 0 0", /line 2/],
    ["1\n6 0 256 1", /line 2/],
    ["1\n6 0 0 -1", /line 2/],
    ["5000\n6 0 0 1", /line 1/],
  ] as const) {
    t.throws(() => PacketFilter.parse(text), { code: "ERR_FILTER", message });
  }
  t.throws(() => PacketFilter.parse(5 as never), { code: "ERR_OPTION" });
  t.throws(() => PacketFilter.compile("ip", "x" as never), { code: "ERR_OPTION" });
  t.throws(() => PacketFilter.parse(`1\n${RET}`).matches("x" as never), { code: "ERR_INVALID_PACKET" });
});

need("tcpdump").test("an expression that libpcap refuses is an error with libpcap's words", (t) => {
  t.throws(() => PacketFilter.compile("no such thing"), { code: "ERR_FILTER", message: /syntax error/ });
});
