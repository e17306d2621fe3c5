// The descriptor before a packet: what is written is read again, and lies where VPP looks for it.
import test from "ava";
import { actionAt, DESCRIPTOR_SIZE, swIfIndexAt, writeDescriptor } from "../../lib/punt-socket/index.js";
import { facingVpp, open, openInjector, until } from "../support/punt-socket/peer.js";

const NUMBERS = [0, 1, 0x7f, 0x80, 0xff00, 0x01020304, 0x7fffffff, 0x80000000, 0x89abcdef, 0xffffffff];

test("a descriptor has 8 bytes in VPP's order, and nothing beside them is touched", (t) => {
  for (const at of [0, 3, 8]) {
    for (const [i, swIfIndex] of NUMBERS.entries()) {
      const action = NUMBERS[NUMBERS.length - 1 - i]!;
      const expected = Buffer.alloc(20, 0xee);
      expected.writeUInt32LE(swIfIndex, at);
      expected.writeUInt32LE(action, at + 4);
      const bytes = new Uint8Array(20).fill(0xee);
      writeDescriptor(bytes, at, swIfIndex, action);
      t.deepEqual(Buffer.from(bytes), expected);
      t.deepEqual([swIfIndexAt(bytes, at), actionAt(bytes, at)], [swIfIndex, action]);
    }
  }
  t.is(DESCRIPTOR_SIZE, 8);
});

test("a batch gives the whole sw_if_index and action of each packet, and of no other", async (t) => {
  const { vpp } = facingVpp(t);
  const indexes = NUMBERS.filter((number) => number !== 0xffffffff);
  const injector = openInjector(t, vpp.path, indexes);
  for (const [i, swIfIndex] of indexes.entries())
    t.true(injector.inject((i % 3) as 0 | 1 | 2, swIfIndex, Buffer.alloc(64)));
  await until(() => vpp.injected.length === indexes.length);
  t.deepEqual(
    vpp.injected.map(({ swIfIndex, action }) => [swIfIndex, action]),
    indexes.map((swIfIndex, i) => [swIfIndex, i % 3]),
  );
});

test("a batch has no action of a packet that it doesn't have", async (t) => {
  const { vpp, path } = facingVpp(t);
  let asked = false;
  const onBatch = (batch: { length: number; action(i: number): number }) => {
    for (const i of [-1, batch.length, batch.length + 1]) t.throws(() => batch.action(i), { code: "ERR_OUT_OF_RANGE" });
    asked = true;
  };
  open(t, { path, vppPath: vpp.path, onBatch });
  vpp.punt(path, Buffer.alloc(64));
  await until(() => asked);
});
