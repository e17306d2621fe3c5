// Filters inside of punt sockets.
import test from "ava";
import type { PuntError } from "../../lib/errors.js";
import { PacketRules } from "../../lib/packet/index.js";
import { modulo } from "../support/packet/programs.js";
import { facingVpp, open, until } from "../support/punt-socket/peer.js";

function packet(number: number): Buffer {
  const bytes = Buffer.alloc(60);
  bytes.writeUInt32BE(number);
  return bytes;
}

const third = (numbers: number) => Array.from({ length: numbers }, (_, i) => 3 * i);

test("a handler gets what the filter takes, with its sw_if_index; a burst dropped whole calls nothing", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path, filter: modulo(3, 0), batchSize: 8 });
  const seen: [number, number][] = [];
  socket.receive((batch) => {
    t.true(batch.length > 0);
    for (let i = 0; i < batch.length; i++) seen.push([batch.u32(i, 0), batch.swIfIndex(i)]);
  });
  for (let number = 0; number < 300; number++) {
    while (vpp.punt(path, packet(number), number) !== undefined) await new Promise(setImmediate);
  }
  await until(() => seen.length === 100);
  t.deepEqual(
    seen,
    third(100).map((number) => [number, number]),
  );
  await until(() => socket.stats().dropped.filter === 200);
  t.like(socket.stats(), { packets: 100, bytes: 6000 });
  const rules = new PacketRules([{ action: "drop" }]);
  socket.setFilter(rules);
  for (let number = 0; number < 50; number++) {
    while (vpp.punt(path, packet(number)) !== undefined) await new Promise(setImmediate);
  }
  await until(() => rules.counts()[0]!.packets === 50);
  t.is(seen.length, 100);
});

test("what waits in the ring while JavaScript is busy is filtered, by poll and by an iterator", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path, filter: modulo(3, 0), takeOverUs: 10, batchSize: 4 });
  const send = async () => {
    for (let number = 0; number < 300; number++) {
      while (vpp.punt(path, packet(number)) !== undefined) await new Promise(setImmediate);
    }
  };
  const seen: number[] = [];
  await send();
  await until(() => {
    socket.poll((batch) => {
      for (let i = 0; i < batch.length; i++) seen.push(batch.u32(i, 0));
    });
    return seen.length === 100;
  });
  t.deepEqual(seen, third(100));
  await send();
  const iterated: number[] = [];
  for await (const batch of socket) {
    for (let i = 0; i < batch.length; i++) iterated.push(batch.u32(i, 0));
    if (iterated.length === 100) break;
  }
  t.deepEqual(iterated, third(100));
  await until(() => {
    socket.poll(() => {});
    return socket.stats().dropped.filter === 400;
  });
});

test("a filter that is taken away again leaves all packets to the handler", async (t) => {
  const { vpp, path } = facingVpp(t);
  const seen: number[] = [];
  const socket = open(t, { path, vppPath: vpp.path, filter: modulo(3, 0) });
  socket.receive((batch) => {
    for (let i = 0; i < batch.length; i++) seen.push(batch.u32(i, 0));
  });
  for (let number = 1; number <= 3; number++) vpp.punt(path, packet(number));
  await until(() => socket.stats().dropped.filter === 2 && seen.length === 1);
  socket.setFilter(undefined);
  for (let number = 4; number <= 6; number++) vpp.punt(path, packet(number));
  await until(() => seen.length === 4);
  t.deepEqual(seen, [3, 4, 5, 6]);
  t.is(socket.stats().dropped.filter, 2);
});

test("a wrong filter is refused", (t) => {
  const { vpp, path } = facingVpp(t);
  const passing = new PacketRules([{ action: "pass" }]);
  t.throws(() => open(t, { path, vppPath: vpp.path, filter: passing }), {
    code: "ERR_OPTION",
    message: /option filter has a rule/,
  });
  const socket = open(t, { path, vppPath: vpp.path });
  const error = t.throws(() => socket.setFilter("udp" as never), { code: "ERR_OPTION" }) as PuntError;
  t.regex(error.message, /option filter must be a PacketFilter or PacketRules$/);
  t.is(error.details.option, "filter");
});
