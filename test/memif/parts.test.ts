// The parts of a queue by themselves: the wait for room, doorbells, memories, marks, and slots.
import test from "ava";
import { MARK, MemifBatch } from "../../lib/memif/batch.js";
import { endHandler, ring, ringsNow, startHandler } from "../../lib/memif/doorbells.js";
import { type DrainSource, DrainWatch } from "../../lib/memif/drain-watch.js";
import { countMarks, Passage } from "../../lib/memif/passage.js";
import { MemoryTable, RegionMemory } from "../../lib/memif/region-memory.js";
import type { MemifTxQueue } from "../../lib/memif/tx-queue.js";
import { TxSlots } from "../../lib/memif/tx-slots.js";
import type { NativeMemifRx } from "../../lib/native.js";
import { BatchTable } from "../../lib/packet/index.js";

/** Turns of the event loop after which a watch that goes on would have looked. */
const TURNS = 5;

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

/** A watch on a ring with `free(look)` slots at each look. It is enough when there are 8. */
function watch(free: (look: number) => number) {
  const seen = { looks: 0, done: 0, isConnected: true };
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  /** Waits for the report. The watch's own timer keeps no process running. */
  const ended = async () => {
    const keeps = setInterval(() => {}, 1000);
    await done;
    clearInterval(keeps);
  };
  const source: DrainSource = {
    isConnected: () => seen.isConnected,
    free: () => free(++seen.looks),
    enough: 8,
    done: () => {
      seen.done++;
      finish();
    },
  };
  return { seen, ended, drain: new DrainWatch(source) };
}

test("a watch ends at the first look that finds enough room, once for each start", async (t) => {
  const { seen, ended, drain } = watch((look) => (look < 3 ? 7 : 8));
  drain.start();
  drain.start();
  t.is(seen.looks, 0);
  await ended();
  await turns(TURNS);
  t.like(seen, { looks: 3, done: 1 });
  drain.connected();
  await turns(TURNS);
  t.like(seen, { looks: 3, done: 1 });
  drain.start();
  await turns(TURNS);
  t.like(seen, { looks: 4, done: 2 });
});

test("after 64 looks a little room is enough, and none never is", async (t) => {
  const little = watch(() => 1);
  little.drain.start();
  await little.ended();
  t.is(little.seen.looks, 65);
  const none = watch((look) => (look > 70 ? 1 : 0));
  none.drain.start();
  await none.ended();
  t.is(none.seen.looks, 71);
});

test("a watch rests without a peer, and starts again with the next one", async (t) => {
  const { seen, ended, drain } = watch((look) => (look <= 70 ? 1 : 8));
  seen.isConnected = false;
  drain.start();
  await turns(TURNS);
  t.is(seen.looks, 0);
  seen.isConnected = true;
  drain.connected();
  await turns(TURNS);
  const { looks } = seen;
  t.true(looks > 0);
  drain.disconnected();
  await turns(TURNS);
  t.like(seen, { looks, done: 0 });
  drain.connected();
  drain.connected();
  await ended();
  // Little room is not enough before another 64 looks: the count started again.
  t.is(seen.looks, looks + 65);
});

test("a watch that was stopped never reports, also when a peer comes", async (t) => {
  const { seen, drain } = watch(() => 8);
  drain.start();
  drain.stop();
  drain.connected();
  await turns(TURNS);
  t.like(seen, { looks: 0, done: 0 });
});

test("a doorbell rings at once, but once at the end of the outermost handler", (t) => {
  const rung: string[] = [];
  const [first, second] = ["first", "second"].map((name) => ({ ringDoorbell: () => void rung.push(name) }));
  t.true(ringsNow());
  ring(first!);
  t.deepEqual(rung, ["first"]);
  startHandler();
  startHandler();
  t.false(ringsNow());
  ring(second!);
  ring(first!);
  ring(second!);
  endHandler();
  t.false(ringsNow());
  t.deepEqual(rung, ["first"]);
  endHandler();
  t.true(ringsNow());
  t.deepEqual(rung, ["first", "second", "first"]);
  startHandler();
  endHandler();
  t.is(rung.length, 3);
});

test("a memory is one ArrayBuffer until its revoke detaches it", (t) => {
  const made: ArrayBuffer[] = [];
  const make = () => {
    made.push(new ArrayBuffer(16));
    return made.at(-1);
  };
  const memory = new RegionMemory(make);
  memory.revoke();
  t.is(made.length, 0);
  const bytes = memory.bytes();
  t.is(memory.bytes(), bytes);
  memory.revoke();
  t.deepEqual([bytes.length, made.length], [0, 1]);
  t.is(memory.bytes().length, 16);
  t.is(made.length, 2);
  // Native code writes into the ArrayBuffer of an eager one, which must therefore be there.
  const eager = new RegionMemory(make, true);
  eager.bytes();
  eager.revoke();
  t.is(made.length, 4);
});

test("a memory that is gone is empty, and is looked for again", (t) => {
  let buffer: ArrayBuffer | undefined;
  const memory = new RegionMemory(() => buffer);
  t.is(memory.bytes().length, 0);
  buffer = new ArrayBuffer(8);
  t.is(memory.bytes().length, 8);
});

test("the memories of one connection end with the next one's first", (t) => {
  const made: number[] = [];
  const table = new MemoryTable((index) => {
    made.push(index);
    return new RegionMemory(() => new ArrayBuffer(4));
  });
  // Regions come in any order, and may leave gaps.
  const [third, first] = [table.get(1, 3), table.get(1, 0)];
  const views = [third.bytes(), first.bytes()];
  t.is(table.get(1, 3), third);
  t.deepEqual(made, [3, 0]);
  const next = table.get(2, 3);
  t.not(next, third);
  t.deepEqual(
    views.map((view) => view.length),
    [0, 0],
  );
  const view = next.bytes();
  t.is(table.get(2, 3), next);
  t.is(view.length, 4);
  table.forget();
  t.is(view.length, 0);
  t.not(table.get(2, 3), next);
});

/** A memory of slots of 100 bytes each, which counts its revokes. */
function slotMemory() {
  const bytes = new Uint8Array(1000);
  const memory = { revokes: 0, bytes: () => bytes, revoke: () => void memory.revokes++ };
  return { memory, bytes };
}

function madeSlots(capacities = [100, 50, 10]) {
  const { memory, bytes } = slotMemory();
  const table = new BatchTable(4);
  table.lengths.set(capacities);
  table.offsets.set(capacities.map((_, i) => 100 * i + 100));
  return { slots: new TxSlots(memory, table, new Uint32Array(4), capacities.length), table, memory, bytes };
}

test("slots have capacities and no lengths at first, and refuse slots that are not theirs by number", (t) => {
  const { slots, table } = madeSlots();
  t.deepEqual(
    [0, 1, 2].map((i) => slots.capacity(i)),
    [100, 50, 10],
  );
  t.deepEqual([...table.lengths], [0, 0, 0, 0]);
  for (const i of [-1, 3]) {
    const error = { code: "ERR_OUT_OF_RANGE", message: new RegExp(`slot ${i} of 3 slots`) };
    t.throws(() => slots.capacity(i), error);
    t.throws(() => slots.view(i, 1), error);
    t.throws(() => slots.write(i, new Uint8Array(1)), error);
    t.throws(() => slots.setU8(i, 0, 1), error);
    t.throws(() => slots.setU16(i, 0, 1), error);
    t.throws(() => slots.setU32(i, 0, 1), error);
  }
});

test("a packet has 1 to as many bytes as its slot takes", (t) => {
  const { slots, table } = madeSlots();
  for (const length of [0, 51, 1.5, -1]) {
    const message = new RegExp(`${length} bytes in slot 1, which takes 1 to 50`);
    t.throws(() => slots.setLength(1, length), { code: "ERR_PACKET_SIZE", message });
    t.throws(() => slots.view(1, length), { code: "ERR_PACKET_SIZE", message });
  }
  t.is(table.lengths[1], 0);
  slots.setLength(1, 1);
  t.is(table.lengths[1], 1);
  t.is(slots.view(1, 50).length, 50);
  slots.write(2, new Uint8Array(10).fill(7));
  t.deepEqual([...table.lengths], [0, 50, 10, 0]);
});

test("numbers are written in network order up to the packet's last byte, and not past it", (t) => {
  const { slots, bytes } = madeSlots();
  slots.setLength(2, 10);
  slots.setU8(2, 9, 0x1ff);
  slots.setU16(2, 0, 0x10203);
  slots.setU16(2, 7, 0x0405);
  slots.setU32(2, 2, 0xa1b2c3d4);
  t.deepEqual([...bytes.subarray(299, 311)], [0, 2, 3, 0xa1, 0xb2, 0xc3, 0xd4, 0, 4, 5, 0xff, 0]);
  const calls: [() => void, RegExp][] = [
    [() => slots.setU8(2, 10, 1), /bytes 10..11 of a packet of 10 bytes in slot 2/],
    [() => slots.setU8(2, -1, 1), /bytes -1..0 of a packet of 10 bytes/],
    [() => slots.setU16(2, 9, 1), /bytes 9..11 of a packet of 10 bytes/],
    [() => slots.setU32(2, 7, 1), /bytes 7..11 of a packet of 10 bytes/],
    [() => slots.setU8(0, 0, 1), /bytes 0..1 of a packet of 0 bytes in slot 0/],
  ];
  for (const [call, message] of calls) t.throws(call, { code: "ERR_OUT_OF_RANGE", message });
  slots.setU32(2, 6, 0);
  t.deepEqual([...bytes.subarray(305, 311)], [0xd4, 0, 0, 0, 0, 0]);
});

test("slots that have ended refuse every call, and revoke the memory once and only if a view was given", (t) => {
  const unseen = madeSlots();
  unseen.slots.write(0, new Uint8Array(5));
  unseen.slots.end();
  t.is(unseen.memory.revokes, 0);
  const { slots, memory, table } = madeSlots();
  slots.view(0, 10);
  slots.end();
  slots.end();
  t.is(memory.revokes, 1);
  const error = { code: "ERR_NO_SLOTS", message: /sent already, or their connection has ended/ };
  for (const call of [
    () => slots.capacity(0),
    () => slots.view(0, 1),
    () => slots.write(0, new Uint8Array(1)),
    () => slots.setLength(0, 1),
    () => slots.setU8(0, 0, 1),
  ])
    t.throws(call, error);
  t.is(table.lengths[0], 10);
});

test("a batch forgets its marks with its packets", (t) => {
  const table = new BatchTable(3);
  table.lengths.fill(20);
  const { memory } = slotMemory();
  const batch = new MemifBatch(table);
  batch.fill(memory, 3);
  t.false(batch.marked);
  batch.reply(1);
  batch.reply(1, 10);
  t.true(batch.marked);
  t.deepEqual([...batch.marks], [MARK.none, MARK.reply, MARK.none]);
  t.is(table.lengths[1], 10);
  t.deepEqual(
    [...countMarks(batch)],
    [
      [MARK.none, 2],
      [MARK.reply, 1],
    ],
  );
  batch.release();
  t.false(batch.marked);
  t.deepEqual([...batch.marks], [0, 0, 0]);
  t.throws(() => batch.reply(1), { code: "ERR_BATCH_RELEASED" });
  t.false(batch.marked);
});

test("a passage asks for each target once, and refuses everything for a lost target", (t) => {
  const table = new BatchTable(2);
  const batch = new MemifBatch(table);
  batch.fill(slotMemory().memory, 2);
  const asked: [number, number][] = [];
  const bounds: number[] = [];
  const native = {
    addTarget: (port: number, index: number) => {
      asked.push([port, index]);
      return port === 9 ? undefined : 0;
    },
    passOn: (target: number, _marks: Uint8Array, length: number) => length - 1 - target,
    boundBy: (target: number) => bounds.push(target),
  } as unknown as NativeMemifRx;
  const passed: [number, number][] = [];
  const queue = (port: number) =>
    ({
      port,
      index: 5,
      passedOn: (sent: number, given: number) => passed.push([sent, given]),
    }) as never as MemifTxQueue;
  const passage = new Passage(native);
  const [there, gone] = [queue(4), queue(9)];
  passage.boundBy(there);
  t.is(passage.send(there, batch, MARK.none, 2), 1);
  t.is(passage.send(there, batch, MARK.none, 2), 1);
  passage.boundBy(gone);
  t.is(passage.send(gone, batch, MARK.none, 2), 0);
  t.deepEqual(bounds, [0]);
  t.deepEqual(asked, [
    [4, 5],
    [9, 5],
    [9, 5],
  ]);
  t.deepEqual(passed, [
    [1, 2],
    [1, 2],
    [0, 2],
  ]);
});
