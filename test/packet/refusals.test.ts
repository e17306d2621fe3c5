// The words with which filters, tables, rules, captures and poll groups refuse bad values.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { OptionCheck } from "../../lib/options.js";
import {
  checkFilter,
  describeFrame,
  describeIp,
  type Flow,
  FlowTable,
  MacTable,
  PacketFilter,
  PacketRules,
  PcapngWriter,
  PcapReader,
  PcapWriter,
  PollGroup,
  VlanTable,
} from "../../lib/packet/index.js";
import { RecordOutput } from "../../lib/packet/record-output.js";
import { batchOf } from "../support/packet/batches.js";
import { socketFolder } from "../support/punt-socket/peer.js";

type Refusal = readonly [call: () => unknown, op: string, code: string, words: string, details: object];

function refused(t: ExecutionContext, refusals: readonly Refusal[]): void {
  for (const [call, op, code, words, details] of refusals) {
    const error = t.throws(call, { instanceOf: PuntError }, words);
    t.is(error?.message, `${op}: ${words}`);
    t.like(error, { op, code });
    t.deepEqual(error?.details, details, words);
  }
}

/** A refusal of an option. */
function option(call: () => unknown, op: string, name: string, words: string): Refusal {
  return [call, op, "ERR_OPTION", `option ${name} ${words}`, { option: name }];
}

const RET = "6 0 0 1";

test("text that is not a filter is refused with the line, what it should be, and what it is", (t) => {
  const first = "line 1 must be the number of the instructions below it, 1 to 4096; got ";
  const later = "must be four numbers, code jt jf k, up to 65535, 255, 255, 4294967295; got ";
  const texts: [string, string][] = [
    ["", `${first}"", and 0 lines below it`],
    ["0", `${first}"0", and 0 lines below it`],
    ["01234\n6 0 0 1", `${first}"01234", and 1 lines below it`],
    ["x1\n6 0 0 1", `${first}"x1", and 1 lines below it`],
    ["1x\n6 0 0 1", `${first}"1x", and 1 lines below it`],
    [`4097${`\n${RET}`.repeat(4097)}`, `${first}"4097", and 4097 lines below it`],
    [`2\n${RET}`, `${first}"2", and 1 lines below it`],
    [`${"9".repeat(50)}`, `${first}"${"9".repeat(40)}", and 0 lines below it`],
    ["1\n6 0 0", `line 2 ${later}"6 0 0"`],
    ["1\n6 0 0 1 1", `line 2 ${later}"6 0 0 1 1"`],
    ["1\nx6 0 0 1", `line 2 ${later}"x6 0 0 1"`],
    ["1\n6 0 0 1x", `line 2 ${later}"6 0 0 1x"`],
    ["1\n6 0 0 00000000001", `line 2 ${later}"6 0 0 00000000001"`],
    [`2\n${RET}\n65536 0 0 1`, `line 3 ${later}"65536 0 0 1"`],
    ["1\n6 256 0 1", `line 2 ${later}"6 256 0 1"`],
    ["1\n6 0 256 1", `line 2 ${later}"6 0 256 1"`],
    ["1\n6 0 0 4294967296", `line 2 ${later}"6 0 0 4294967296"`],
    [`1\n${"7 ".repeat(50)}`, `line 2 ${later}"${"7 ".repeat(20)}"`],
    ["2\n65535 0 0 0\n6 0 0 1", "instruction 0 is not allowed: 65535 0 0 0"],
    ["2\n0 0 0 7\n0 0 0 5", "instruction 1 is not allowed: 0 0 0 5"],
  ];
  refused(
    t,
    texts.map(([text, words]) => [() => PacketFilter.parse(text), "filter.parse", "ERR_FILTER", words, {}]),
  );
  refused(t, [
    option(() => PacketFilter.parse(5 as never), "filter.parse", "text", "must be a string; got 5"),
    option(
      () => PacketFilter.parse("1".repeat(2 ** 20 + 1)),
      "filter.parse",
      "text",
      `must be at most ${2 ** 20} bytes long; got ${2 ** 20 + 1} bytes`,
    ),
    option(() => PacketFilter.compile(5 as never), "filter.compile", "expression", "must be a string; got 5"),
    option(
      () => PacketFilter.compile("x".repeat(65536)),
      "filter.compile",
      "expression",
      "must be at most 65535 bytes long; got 65536 bytes",
    ),
    option(
      () => PacketFilter.compile("ip", "atm" as never),
      "filter.compile",
      "linkType",
      'must be one of "ethernet", "ip"; got "atm"',
    ),
  ]);
  const matches = () => PacketFilter.parse(`1\n${RET}`).matches([1] as never);
  refused(t, [[matches, "filter.matches", "ERR_INVALID_PACKET", "a packet must be a Uint8Array", {}]]);
});

test("the largest numbers of a filter are taken, and blanks around them", (t) => {
  const text = "  2 \n\t32   0\t0  4294967295 \n 6 0 0 1\n\n";
  t.is(PacketFilter.parse(text).text, "2\n32 0 0 4294967295\n6 0 0 1");
  t.notThrows(() => PacketFilter.parse(`4096${`\n${RET}`.repeat(4096)}`));
  t.is(PacketFilter.parse(`1\n6 255 255 4294967295`).text, "1\n6 255 255 4294967295");
  t.is(PacketFilter.parse(`1\n6 0 0 0000000001`).text, `1\n${RET}`);
});

test("a filter runs over a batch of any size, and tells the packets apart by 1 and 0", (t) => {
  const filter = PacketFilter.parse("4\n48 0 0 0\n21 0 1 7\n6 0 0 262144\n6 0 0 0");
  for (const count of [1, 256, 257, 600, 3]) {
    const hits = filter.run(batchOf(Array.from({ length: count }, (_, i) => Uint8Array.of(i % 5 === 0 ? 7 : 8))));
    const taken = Array.from({ length: count }, (_, i) => hits[i]);
    t.deepEqual(
      taken,
      Array.from({ length: count }, (_, i) => (i % 5 === 0 ? 1 : 0)),
    );
    t.is(hits.lastIndexOf(1), count - 1 - ((count - 1) % 5), "nothing is left of the batch before");
  }
});

const FLOW: Flow = { protocol: 17, source: "10.0.0.1", destination: "10.0.0.2" };
const capacity = (from: number, to: number, got: unknown) => `must be a whole number from ${from} to ${to}; got ${got}`;

test("a table's options, keys and values are refused by the table's name and the call's", (t) => {
  const wrong = { linkType: "atm" } as never;
  const flows = new FlowTable();
  const macs = new MacTable("source");
  const vlans = new VlanTable();
  const names = "does not exist; the options are";
  const mac = "must be a MAC address; got";
  refused(t, [
    option(() => new FlowTable({ capacity: 0 }), "flow-table.new", "capacity", capacity(1, 2 ** 26, 0)),
    option(() => new MacTable("source", { capacity: 0.5 }), "mac-table.new", "capacity", capacity(1, 2 ** 26, 0.5)),
    option(() => new VlanTable({ capacity: 2 ** 27 }), "vlan-table.new", "capacity", capacity(1, 2 ** 26, 2 ** 27)),
    option(() => new FlowTable({ size: 1 } as never), "flow-table.new", "size", `${names} capacity, linkType`),
    option(() => new MacTable("source", wrong), "mac-table.new", "linkType", `${names} capacity`),
    option(() => new VlanTable(wrong), "vlan-table.new", "linkType", `${names} capacity`),
    option(() => new FlowTable(wrong), "flow-table.new", "linkType", 'must be one of "ethernet", "ip"; got "atm"'),
    option(
      () => new MacTable("both" as never),
      "mac-table.new",
      "address",
      'must be one of "source", "destination"; got "both"',
    ),
    ...(["set", "get", "delete"] as const).flatMap((call) => [
      option(() => macs[call]("02:00"), `mac-table.${call}`, "key", `${mac} "02:00"`),
      option(() => macs[call](5 as never), `mac-table.${call}`, "key", `${mac} 5`),
      option(() => vlans[call](4096), `vlan-table.${call}`, "key", capacity(0, 4095, 4096)),
      option(() => vlans[call](-1), `vlan-table.${call}`, "key", capacity(0, 4095, -1)),
      option(() => flows[call]({ ...FLOW, protocol: 256 }), `flow-table.${call}`, "protocol", capacity(0, 255, 256)),
    ]),
  ]);
});

test("a flow's parts are refused by name, at both ends of their ranges", (t) => {
  const flows = new FlowTable();
  const set = (part: object) => () => flows.set({ ...FLOW, ...part } as never);
  const op = "flow-table.set";
  const ip6 = { source: "fd00::1", destination: "fd00::2" };
  refused(t, [
    option(
      set({ port: 1 }),
      op,
      "flow.port",
      "does not exist; the options are protocol, source, destination, sourcePort, destinationPort",
    ),
    option(() => flows.set("udp" as never), op, "flow", 'must be an object; got "udp"'),
    option(set({ protocol: -1 }), op, "protocol", capacity(0, 255, -1)),
    option(set({ protocol: undefined }), op, "protocol", capacity(0, 255, undefined)),
    ...["sourcePort", "destinationPort"].flatMap((port) => [
      option(set({ [port]: -1 }), op, port, capacity(0, 65535, -1)),
      option(set({ [port]: 65536 }), op, port, capacity(0, 65535, 65536)),
      option(set({ [port]: "53" }), op, port, capacity(0, 65535, '"53"')),
    ]),
    option(set({ source: undefined }), op, "source", "must be an IPv4 address; got undefined"),
    option(set({ source: "10.0.0" }), op, "source", 'must be an IPv4 address; got "10.0.0"'),
    option(set({ source: ["::1"] }), op, "source", "must be an IPv4 address; got a list of 1"),
    option(set({ source: ":" }), op, "source", 'must be an IPv6 address; got ":"'),
    option(set({ destination: undefined }), op, "destination", "must be an IPv4 address, as source is; got undefined"),
    option(set({ destination: "fd00::2" }), op, "destination", 'must be an IPv4 address, as source is; got "fd00::2"'),
    option(
      set({ ...ip6, destination: "10.0.0.2" }),
      op,
      "destination",
      'must be an IPv6 address, as source is; got "10.0.0.2"',
    ),
    option(
      set({ ...ip6, destination: ["::1"] }),
      op,
      "destination",
      "must be an IPv6 address, as source is; got a list of 1",
    ),
    option(() => flows.set(FLOW, 0), op, "value", capacity(1, 0xffffffff, 0)),
    option(() => flows.set(FLOW, 2 ** 32), op, "value", capacity(1, 0xffffffff, 2 ** 32)),
  ]);
  t.is(flows.size, 0);
  for (const port of [0, 255, 256, 65535]) {
    for (const ends of [FLOW, { ...FLOW, ...ip6 }]) {
      const flow = { ...ends, protocol: 255, sourcePort: port, destinationPort: 65535 - port };
      t.is(flows.set(flow, 0xffffffff).get(flow), 0xffffffff);
      t.is(flows.get({ ...flow, sourcePort: flow.destinationPort, destinationPort: port }), undefined);
      t.true(flows.delete(flow));
    }
  }
  t.is(flows.get(FLOW), undefined);
});

test("a full table says how many entries it has, and takes a key that it has already", (t) => {
  const frame = (last: number) => {
    const bytes = new Uint8Array(60);
    bytes[5] = last;
    return bytes;
  };
  const batch = batchOf([frame(1), frame(2), new Uint8Array(3)]);
  const table = new MacTable("destination", { capacity: 1 });
  t.true(table.learn(batch, 0));
  t.is(table.get("00:00:00:00:00:01"), 1);
  t.true(table.learn(batch, 0, 9));
  t.is(table.get("00:00:00:00:00:01"), 9);
  t.false(table.learn(batch, 2));
  const words = "the table has 1 entries already: open it with a larger capacity";
  refused(t, [
    [() => table.set("00:00:00:00:00:02"), "mac-table.set", "ERR_TABLE_FULL", words, { capacity: 1 }],
    [() => table.learn(batch, 1), "mac-table.learn", "ERR_TABLE_FULL", words, { capacity: 1 }],
    option(() => table.learn(batch, 1, 0), "mac-table.learn", "value", capacity(1, 0xffffffff, 0)),
  ]);
  t.throws(() => table.learn(batch, 3), { code: "ERR_OUT_OF_RANGE" });
  t.is(table.capacity, 1);
  t.is(new VlanTable().capacity, 4096);
  t.is(new VlanTable({ capacity: 7 }).capacity, 7);
  t.is(new FlowTable().capacity, 65536);
  t.is(new MacTable("source").capacity, 65536);
});

test("a table looks up a batch of any size", (t) => {
  const table = new MacTable("destination").set("00:00:00:00:00:00", 5);
  for (const count of [1, 256, 257, 600, 3]) {
    const frames = Array.from({ length: count }, (_, i) => new Uint8Array(60).fill(i % 3, 0, 6));
    const values = table.lookup(batchOf(frames));
    t.deepEqual(
      Array.from({ length: count }, (_, i) => values[i]),
      Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 5 : 0)),
    );
    t.is(values.lastIndexOf(5), count - 1 - ((count - 1) % 3), "nothing is left of the batch before");
  }
});

test("rules are refused by their place in the list", (t) => {
  const op = "filter.rules";
  const good = { action: "drop" } as const;
  const actions = 'must be one of "deliver", "pass", "drop", "count"';
  const rules =
    (...list: unknown[]) =>
    () =>
      new PacketRules(list as never);
  refused(t, [
    option(() => new PacketRules("drop" as never), op, "rules", 'must be a list; got "drop"'),
    option(rules(good, "drop"), op, "rules[1]", 'must be an object; got "drop"'),
    option(rules(good, { ...good, more: 1 }), op, "rules[1].more", "does not exist; the options are match, action"),
    option(rules({}), op, "rules[0].action", `${actions}; got undefined`),
    option(rules({ action: "Drop" }), op, "rules[0].action", `${actions}; got "Drop"`),
    option(rules(good, good, { ...good, match: "udp" }), op, "rules[2].match", "must be a PacketFilter or a table"),
    option(rules({ ...good, match: null }), op, "rules[0].match", "must be a PacketFilter or a table"),
    option(rules(...new Array(257).fill(good)), op, "rules", "must be at most 256; got 257"),
  ]);
  t.is(new PacketRules(new Array(256).fill(good)).counts().length, 256);
  t.deepEqual(new PacketRules([]).counts(), []);
  t.deepEqual(
    [[good], [good, { action: "pass" }], [{ action: "deliver" }, { action: "count" }]].map(
      (list) => new PacketRules(list as never).passes,
    ),
    [false, true, false],
  );
});

test("a port takes a filter, rules or nothing; rules that pass are for forward", (t) => {
  const check = new OptionCheck("port.open");
  const passing = new PacketRules([{ action: "pass" }]);
  const passes = 'has a rule with the action "pass", which is for forward';
  refused(t, [
    option(() => checkFilter(check, passing), "port.open", "filter", passes),
    option(() => checkFilter(check, passing, false), "port.open", "filter", passes),
    ...[null, "udp", {}].map((wrong) =>
      option(() => checkFilter(check, wrong, true), "port.open", "filter", "must be a PacketFilter or PacketRules"),
    ),
  ]);
  t.is(checkFilter(check, passing, true), passing.native);
  t.is(checkFilter(check, undefined), undefined);
  const dropping = new PacketRules([{ action: "drop" }]);
  t.is(checkFilter(check, dropping), dropping.native);
  t.truthy(checkFilter(check, PacketFilter.parse(`1\n${RET}`)));
});

test("what a capture can't take is refused by name, in both formats", (t) => {
  const folder = socketFolder(t);
  const pcap = PcapWriter.open(join(folder, "a.pcap"));
  const pcapng = PcapngWriter.open(join(folder, "a.pcapng"));
  pcapng.addInterface("a");
  const links = 'must be one of "ethernet", "ip"; got "atm"';
  const targets: [unknown, string][] = [
    [-1, "must be a whole number from 0 to 2147483647; got -1"],
    [2 ** 31, "must be a whole number from 0 to 2147483647; got 2147483648"],
    [1.5, "must be a whole number from 0 to 2147483647; got 1.5"],
    [undefined, "must be a string; got undefined"],
    ["a\0b", 'must be free of NUL characters; got "a\\u0000b"'],
  ];
  const packets: [unknown, unknown, string, string, object][] = [
    ["abc", 0n, "ERR_INVALID_PACKET", "a packet must be a Uint8Array", {}],
    ...(
      [
        [-1n, "-1n"],
        [5, "5"],
        ["now", '"now"'],
      ] as const
    ).map(([time, got]): [unknown, unknown, string, string, object] => [
      ...([new Uint8Array(1), time, "ERR_OPTION"] as const),
      ...([`option timeNs must be a bigint of nanoseconds since 1970; got ${got}`, { option: "timeNs" }] as const),
    ]),
    [new Uint8Array(262_145), 0n, "ERR_PACKET_SIZE", "a packet of 262145 bytes; 262144 at most", {}],
  ];
  refused(t, [
    ...targets.flatMap(([target, words]) => [
      option(() => PcapWriter.open(target as never), "pcap.open", "target", words),
      option(() => PcapngWriter.open(target as never), "pcapng.open", "target", words),
    ]),
    option(() => PcapWriter.open(join(folder, "b.pcap"), "atm" as never), "pcap.open", "linkType", links),
    option(() => pcapng.addInterface("b", { linkType: "atm" as never }), "pcapng.add-interface", "linkType", links),
    ...packets.flatMap(([bytes, timeNs, code, words, details]): Refusal[] => [
      [() => pcap.writePacket(bytes as never, timeNs as never), "pcap.write", code, words, details],
      [() => pcapng.writePacket(0, bytes as never, { timeNs } as never), "pcapng.write", code, words, details],
    ]),
    ...[1, -1, 0.5, "0"].map((from): Refusal => {
      const words = `there is no interface ${JSON.stringify(from)}: addInterface() has returned 1 numbers from 0 on`;
      const call = () => pcapng.writePacket(from as never, new Uint8Array(1));
      return [call, "pcapng.write", "ERR_OPTION", words, { option: "from" }];
    }),
    option(
      () => pcapng.writePacket(0, new Uint8Array(1), { direction: "up" as never }),
      "pcapng.write",
      "direction",
      'must be one of "in", "out"; got "up"',
    ),
    option(() => pcapng.addInterface(""), "pcapng.add-interface", "name", 'must be at least 1 bytes long; got ""'),
    option(
      () => pcapng.addInterface("a", { description: "x".repeat(256) }),
      "pcapng.add-interface",
      "description",
      "must be at most 255 bytes long; got 256 bytes",
    ),
    option(
      () => pcapng.addInterface("a", { colour: 1 } as never),
      "pcapng.add-interface",
      "colour",
      "does not exist; the options are linkType, description",
    ),
  ]);
  pcap.close();
  pcapng.close();
  const closed = "the file is closed";
  refused(t, [
    [() => pcap.writePacket(new Uint8Array(1)), "pcap.write", "ERR_CLOSED", closed, {}],
    [() => pcap.flush(), "pcap.write", "ERR_CLOSED", closed, {}],
    [() => pcapng.writePacket(0, new Uint8Array(1)), "pcapng.write", "ERR_CLOSED", closed, {}],
    [() => pcapng.flush(), "pcapng.write", "ERR_CLOSED", closed, {}],
  ]);
  t.is(readFileSync(join(folder, "a.pcap")).length, 24);
});

test("a file that can't be opened or read as pcap is named, with the byte", (t) => {
  const folder = socketFolder(t);
  const path = join(folder, "none", "a");
  for (const [call, op] of [
    [() => PcapReader.open(path), "pcap.open"],
    [() => PcapWriter.open(path), "pcap.open"],
    [() => PcapngWriter.open(path), "pcapng.open"],
  ] as const) {
    const error = t.throws(call, { instanceOf: PuntError });
    const cause = error.cause as Error;
    t.like(error, { op, code: "ENOENT", details: { path } });
    t.is(error.message, `${op}: ${cause.message}`);
  }
  const text = join(folder, "text");
  PcapWriter.open(text).close();
  const whole = readFileSync(text);
  const damaged = Buffer.from(whole);
  damaged.writeUInt32BE(0x01020304, 0);
  const header = Buffer.concat([whole, Buffer.alloc(15)]);
  const packet = Buffer.concat([whole, Buffer.alloc(16)]);
  packet.writeUInt32LE(9, 24 + 8);
  const pcapng = Buffer.concat([Buffer.from("0a0d0d0a", "hex"), Buffer.alloc(20)]);
  const words = "this is a pcapng file, not a pcap file; Wireshark's `editcap -F pcap` makes one of it";
  const cases: [Buffer, number, string][] = [
    [whole.subarray(0, 23), 0, "23 bytes are not a pcap file"],
    [damaged, 0, "the file begins with 0x1020304, a pcap file does not"],
    [pcapng, 0, words],
    [header, 24, "the file ends within a packet's header"],
    [packet, 24, "the file ends within a packet of 9 bytes"],
  ];
  refused(
    t,
    cases.flatMap(([bytes, offset, problem]): Refusal[] => {
      const at = `at byte ${offset}: ${problem}`;
      return [
        [() => [...new PcapReader(bytes)], "pcap.read", "ERR_FORMAT", at, { offset }],
        [() => [...new PcapReader(bytes, "/f")], "pcap.read", "ERR_FORMAT", `/f: ${at}`, { offset, path: "/f" }],
      ];
    }),
  );
  refused(t, [
    option(() => new PcapReader("x" as never), "pcap.open", "bytes", "must be a Uint8Array"),
    option(() => PcapReader.open(0 as never), "pcap.open", "path", "must be a string; got 0"),
  ]);
});

test("a record output takes descriptors of Linux's range alone", (t) => {
  for (const fd of [-1, 2 ** 31, 1.5, Number.NaN]) {
    const call = () => new RecordOutput("pcap", fd, new Uint8Array(1));
    refused(t, [option(call, "pcap.open", "target", `must be a whole number from 0 to 2147483647; got ${fd}`)]);
  }
});

test("a description and a poll group name the value that they refuse", (t) => {
  const bytes = "the bytes must be a Uint8Array";
  const add = (port: unknown, handler: unknown) => () => new PollGroup().add(port as never, handler as never);
  const port = { poll: () => 0 };
  refused(t, [
    [() => describeFrame("x" as never), "packet.describeFrame", "ERR_INVALID_PACKET", bytes, {}],
    [() => describeIp([69] as never), "packet.describeIp", "ERR_INVALID_PACKET", bytes, {}],
    option(
      add(undefined, () => {}),
      "poll-group.add",
      "port",
      "must be an object; got undefined",
    ),
    option(
      add({}, () => {}),
      "poll-group.add",
      "port.poll",
      "must be a function; got undefined",
    ),
    option(add(port, 5), "poll-group.add", "handler", "must be a function; got 5"),
  ]);
});

test("what works on a batch takes a batch only", (t) => {
  const folder = socketFolder(t);
  using pcap = PcapWriter.open(join(folder, "a.pcap"));
  using pcapng = PcapngWriter.open(join(folder, "a.pcapng"));
  const filter = PacketFilter.parse(`1\n${RET}`);
  const table = new VlanTable();
  const calls: Readonly<Record<string, (batch: never) => unknown>> = {
    "filter.run": (batch) => filter.run(batch),
    "vlan-table.lookup": (batch) => table.lookup(batch),
    "vlan-table.learn": (batch) => table.learn(batch, 0),
    "pcap.write": (batch) => pcap.write(batch),
    "pcapng.write": (batch) => pcapng.write(batch, 0),
  };
  const words = "the packets must be a batch, as a port delivers one";
  for (const [op, call] of Object.entries(calls))
    for (const value of [undefined, null, [], new Uint8Array(60), {}])
      refused(t, [[() => call(value as never), op, "ERR_INVALID_PACKET", words, {}]]);
});

test("a poll group runs until a signal aborts, and without one not at all", async (t) => {
  for (const signal of [undefined, null, {}, 5])
    await t.throwsAsync(new PollGroup().run(signal as never), { code: "ERR_OPTION", message: /option signal must be/ });
});
