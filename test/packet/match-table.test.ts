// Exact-match tables: which key a packet has, and that a table keeps its entries like a Map.
import test from "ava";
import type { PuntError } from "../../lib/errors.js";
import { type Flow, FlowTable, MacTable, VlanTable } from "../../lib/packet/index.js";
import { batchOf } from "../support/packet/batches.js";
import { numbersOf } from "../support/random.js";

const MACS = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
const PORTS = [0x30, 0x39, 0, 53];
const UDP = [...PORTS, 0, 8, 0, 0];
const IP6 = Array.from({ length: 32 }, (_, i) => i);

interface Ip4 {
  protocol?: number;
  options?: number;
  fragment?: number;
  total?: number;
}

/** An IPv4 packet from 10.0.0.1 to 10.0.0.2. */
function ip4(payload: number[], { protocol = 17, options = 0, fragment = 0, total }: Ip4 = {}): number[] {
  const header = 20 + options;
  const size = total ?? header + payload.length;
  const start = [0x40 | (header / 4), 0, size >> 8, size & 0xff, 0, 0, fragment >> 8, fragment & 0xff, 64, protocol];
  const addresses = [0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  return [...start, ...addresses, ...new Array<number>(options).fill(1), ...payload];
}

/** An IPv6 packet whose first header has the number `next`. */
function ip6(next: number, payload: number[]): number[] {
  return [0x60, 0, 0, 0, payload.length >> 8, payload.length & 0xff, next, 64, ...IP6, ...payload];
}

const ethernet = (type: number[], packet: number[]) => Uint8Array.from([...MACS, ...type, ...packet]);
const frame4 = (packet: number[]) => ethernet([8, 0], packet);
const frame6 = (packet: number[]) => ethernet([0x86, 0xdd], packet);

const FLOW4: Flow = {
  protocol: 17,
  source: "10.0.0.1",
  destination: "10.0.0.2",
  sourcePort: 12345,
  destinationPort: 53,
};
const FLOW6: Flow = {
  ...FLOW4,
  source: "1:203:405:607:809:a0b:c0d:e0f",
  destination: "1011:1213:1415:1617:1819:1a1b:1c1d:1e1f",
};

const WITH_PORTS: [string, Uint8Array][] = [
  ["plain", frame4(ip4(UDP))],
  ["with padding behind the packet", frame4([...ip4(UDP), ...new Array<number>(30).fill(0)])],
  ["with options", frame4(ip4(UDP, { options: 40 }))],
  ["with a total length of 0", frame4(ip4(UDP, { total: 0 }))],
  ["cut off behind the ports", frame4(ip4(UDP, { total: 1400 }).slice(0, 24))],
  ["a first fragment", frame4(ip4(UDP, { fragment: 0x2000 }))],
  ["not to be fragmented", frame4(ip4(UDP, { fragment: 0x4000 }))],
  ["in a VLAN", ethernet([0x81, 0, 0, 5, 8, 0], ip4(UDP))],
  ["in two VLANs", ethernet([0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0], ip4(UDP))],
  ["in two VLANs of old switches", ethernet([0x91, 0, 0, 5, 0x92, 0, 0, 6, 8, 0], ip4(UDP))],
];

const WITHOUT_KEY: [string, Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["cut off in the Ethernet header", frame4([]).subarray(0, 13)],
  ["cut off in a tag", ethernet([0x81, 0, 0], [])],
  [
    "endless tags",
    ethernet(
      Array.from({ length: 200 }, (_, i) => [0x81, 0, 0, 1][i % 4]!),
      [],
    ),
  ],
  ["without an IP header", frame4([])],
  ["cut off in the IP header", frame4(ip4(UDP).slice(0, 19))],
  ["cut off in the options", frame4(ip4(UDP, { options: 40 }).slice(0, 50))],
  ["cut off in the ports", frame4(ip4(UDP).slice(0, 23))],
  ["shorter than its ports by its own length", frame4(ip4(UDP, { total: 23 }))],
  ["shorter than its header by its own length", frame4(ip4(UDP, { total: 19 }))],
  ["a header of 16 bytes", frame4([0x44, ...ip4(UDP).slice(1)])],
  ["a later fragment", frame4(ip4(UDP, { fragment: 1 }))],
  ["version 6 in a frame of version 4", frame4(ip6(17, UDP))],
  ["ARP", ethernet([8, 6], ip4(UDP))],
];

test("a packet of IPv4 has the key of its 5-tuple, whatever is before it and in it", (t) => {
  const table = new FlowTable().set(FLOW4, 7);
  const batch = batchOf([...WITH_PORTS, ...WITHOUT_KEY].map(([, bytes]) => bytes));
  const values = [...table.lookup(batch)];
  for (const [i, [name]] of WITH_PORTS.entries()) t.is(values[i], 7, name);
  for (const [i, [name]] of WITHOUT_KEY.entries()) {
    t.is(values[WITH_PORTS.length + i], 0, name);
    t.false(table.learn(batch, WITH_PORTS.length + i), name);
  }
  t.is(table.size, 1);
});

test("a packet of IPv6 has the key behind its extension headers", (t) => {
  const extension = (next: number, size: number) => [next, size / 8 - 1, ...new Array<number>(size - 2).fill(0)];
  const chain = [...extension(43, 8), ...extension(60, 24), ...extension(51, 16), ...[17, 4], ...new Array(22).fill(0)];
  const good: [string, number[]][] = [
    ["plain", ip6(17, UDP)],
    ["four extension headers", ip6(0, [...chain, ...UDP])],
    ["a first fragment", ip6(44, [17, 0, 0, 1, 0, 0, 0, 9, ...UDP])],
  ];
  const bad: [string, number[]][] = [
    ["a later fragment", ip6(44, [17, 0, 0, 8, 0, 0, 0, 9, ...UDP])],
    ["a later fragment of an extension header", ip6(44, [60, 0, 0, 8, 0, 0, 0, 9, ...extension(17, 8), ...UDP])],
    ["cut off in an extension header", ip6(0, [17, 3, ...UDP])],
    ["an extension header longer than the packet", ip6(60, [17, 255, 0, 0, 0, 0, 0, 0, ...UDP])],
    ["cut off in the ports", ip6(17, UDP.slice(0, 3))],
    [
      "too many extension headers",
      ip6(60, [...new Array(20).fill(extension(60, 8)).flat(), ...extension(17, 8), ...UDP]),
    ],
    ["cut off in the IPv6 header", ip6(17, UDP).slice(0, 39)],
  ];
  const table = new FlowTable().set(FLOW6, 9);
  const values = table.lookup(batchOf([...good, ...bad].map(([, packet]) => frame6(packet))));
  for (const [i, [name]] of good.entries()) t.is(values[i], 9, name);
  for (const [i, [name]] of bad.entries()) t.is(values[good.length + i], 0, name);
});

test("a protocol without ports has the key with ports 0, its later fragments too", (t) => {
  const { protocol: _, sourcePort: __, destinationPort: ___, ...addresses } = FLOW4;
  const table = new FlowTable().set({ ...addresses, protocol: 1 }, 3);
  const packets = [ip4(UDP, { protocol: 1 }), ip4(UDP, { protocol: 1, fragment: 5 }), ip4([], { protocol: 1 })];
  t.deepEqual([...table.lookup(batchOf(packets.map(frame4))).subarray(0, 3)], [3, 3, 3]);
  t.is(table.get(FLOW4), undefined);
});

test("bare IP packets of both versions, by linkType", (t) => {
  const table = new FlowTable({ linkType: "ip" }).set(FLOW4, 1).set(FLOW6, 2);
  const packets = [ip4(UDP), ip6(17, UDP), [], [0x45], [0x20, ...ip4(UDP)]].map((packet) => Uint8Array.from(packet));
  t.deepEqual([...table.lookup(batchOf(packets)).subarray(0, 5)], [1, 2, 0, 0, 0]);
});

test("a table learns the flow of a packet, and of the answers to it", (t) => {
  for (const [flow, packet] of [
    [FLOW4, frame4(ip4(UDP))],
    [FLOW6, frame6(ip6(17, UDP))],
  ] as const) {
    const table = new FlowTable();
    const batch = batchOf([new Uint8Array(60), packet]);
    t.false(table.learn(batch, 0));
    t.true(table.learn(batch, 1, 5));
    t.true(table.learnReverse(batch, 1, 6));
    t.is(table.get(flow), 5);
    const { source, destination, sourcePort, destinationPort } = flow;
    const back = {
      source: destination,
      destination: source,
      sourcePort: destinationPort!,
      destinationPort: sourcePort!,
    };
    t.is(table.get({ ...flow, ...back }), 6);
    t.true(table.delete(flow));
    t.false(table.delete(flow));
    t.is(table.size, 1);
    t.throws(() => table.learn(batch, 2), { code: "ERR_OUT_OF_RANGE" });
    batch.release();
    t.throws(() => table.learn(batch, 1), { code: "ERR_BATCH_RELEASED" });
    t.throws(() => table.lookup(batch), { code: "ERR_BATCH_RELEASED" });
  }
});

test("addresses and VLANs of the Ethernet header", (t) => {
  const frames = [
    frame4(ip4(UDP)),
    ethernet([0x81, 0, 0xe0, 5, 8, 0], ip4(UDP)),
    new Uint8Array(11),
    new Uint8Array(12),
  ];
  const batch = batchOf(frames);
  const look = (table: MacTable | VlanTable) => [...table.lookup(batch).subarray(0, 4)];
  t.deepEqual(look(new MacTable("source").set("02:00:00:00:00:02", 4)), [4, 4, 0, 0]);
  t.deepEqual(look(new MacTable("destination").set("02:00:00:00:00:02")), [0, 0, 0, 0]);
  t.deepEqual(look(new MacTable("destination").set("02:00:00:00:00:01")), [1, 1, 0, 0]);
  t.deepEqual(look(new MacTable("destination").set("00:00:00:00:00:00")), [0, 0, 0, 1]);
  t.deepEqual(look(new VlanTable().set(5, 2).set(0)), [0, 2, 0, 0]);
});

test("a table that is always nearly full keeps its entries like a Map", (t) => {
  const random = numbersOf(14);
  for (const capacity of [1, 2, 5, 100, 3000]) {
    const table = new FlowTable({ capacity });
    const map = new Map<number, number>();
    const flowOf = (key: number): Flow => ({ ...(key % 2 === 0 ? FLOW4 : FLOW6), protocol: 6, sourcePort: key });
    for (let step = 0; step < 30_000; step++) {
      const key = random(capacity * 2);
      if (random(3) === 0) t.is(table.delete(flowOf(key)), map.delete(key));
      else if (map.size === capacity && !map.has(key)) {
        const error = t.throws(() => table.set(flowOf(key)), { code: "ERR_TABLE_FULL" }) as PuntError;
        t.deepEqual(error.details, { capacity: table.capacity });
      } else {
        table.set(flowOf(key), step + 1);
        map.set(key, step + 1);
      }
      if (table.get(flowOf(step % (2 * capacity))) !== map.get(step % (2 * capacity))) t.fail();
    }
    t.is(table.size, map.size);
    table.clear();
    t.is(table.size, 0);
    t.is(table.get(flowOf([...map.keys()][0]!)), undefined);
  }
});

test("wrong arguments are refused by name", (t) => {
  const flows = new FlowTable();
  for (const [call, message] of [
    [() => new FlowTable({ capacity: 0 }), /capacity/],
    [() => new FlowTable({ capacity: 2 ** 26 + 1 }), /capacity/],
    [() => new FlowTable({ linkType: "token ring" as never }), /linkType/],
    [() => new MacTable("both" as never), /address/],
    [() => new VlanTable({ size: 5 } as never), /size/],
    [() => flows.set({ ...FLOW4, source: "10.0.0" }), /source must be an IPv4 address/],
    [() => flows.set({ ...FLOW4, source: "::1" }), /destination must be an IPv6 address, as source is/],
    [() => flows.set({ ...FLOW4, protocol: 256 }), /protocol/],
    [() => flows.set({ ...FLOW4, sourcePort: -1 }), /sourcePort/],
    [() => flows.set({ ...FLOW4, destinationPort: 65536 }), /destinationPort/],
    [() => flows.set({ ...FLOW4, port: 1 } as never), /port/],
    [() => flows.set(FLOW4, 0), /value/],
    [() => flows.set("udp" as never), /flow/],
    [() => new MacTable("source").set("02:00"), /key must be a MAC address/],
    [() => new MacTable("source").set(null as never), /key must be a MAC address; got null/],
    [() => new VlanTable().set(4096), /key/],
  ] as const) {
    t.throws(call, { code: "ERR_OPTION", message });
  }
});
