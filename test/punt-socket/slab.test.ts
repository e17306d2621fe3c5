// Slabs as the memory of batches: one view each, which ends with the batch or the socket, and none of a copy.
import test from "ava";
import { type NativePuntSocket, native } from "../../lib/native.js";
import { Slabs } from "../../lib/punt-socket/slab.js";
import { facingVpp, open, until } from "../support/punt-socket/peer.js";

/** The slabs of a socket without native code: each `memory()` is a new ArrayBuffer with the next number as its first byte. */
function fakeSlabs() {
  const location = new Uint32Array(2);
  let made = 0;
  const memory = () => Uint8Array.of(++made, 0, 0).buffer;
  const slabs = new Slabs({ memory } as unknown as NativePuntSocket, location);
  const at = (slab: number, isCopy: boolean) => {
    location.set([slab, isCopy ? 1 : 0]);
    return slabs.current();
  };
  return { slabs, at };
}

test("a mapped slab has one view until it is revoked; a copy has a new one for each burst", (t) => {
  const { at } = fakeSlabs();
  const first = at(0, false);
  const bytes = first.bytes();
  t.is(bytes[0], 1);
  t.is(first.bytes(), bytes);
  t.is(at(2, false).bytes()[0], 2);
  t.is(at(0, false), first);
  t.is(first.bytes(), bytes);
  first.revoke();
  t.is(bytes.length, 0);
  first.revoke();
  t.is(first.bytes()[0], 3);
  const copied = at(1, true);
  t.deepEqual([copied.bytes()[0], copied.bytes()[0]], [4, 5]);
});

test("slabs that are forgotten show nothing, and are made again", (t) => {
  const { slabs, at } = fakeSlabs();
  const memories = [at(0, false), at(3, false)];
  const views = memories.map((memory) => memory.bytes());
  slabs.forget();
  t.deepEqual(
    views.map(({ length }) => length),
    [0, 0],
  );
  slabs.forget();
  t.not(at(0, false), memories[0]);
  t.is(at(0, false).bytes()[0], 3);
});

for (const copy of [true, false]) {
  test(`without a view, each burst shows its own packets: ${copy ? "copied" : "in place"}`, async (t) => {
    const { vpp, path } = facingVpp(t);
    const seen: number[] = [];
    const onBatch = (batch: { length: number; u8(i: number, at: number): number }) => {
      for (let i = 0; i < batch.length; i++) seen.push(batch.u8(i, 5));
    };
    open(t, { path, vppPath: vpp.path, copy, onBatch });
    for (let i = 0; i < 20; i++) {
      t.is(vpp.punt(path, Buffer.alloc(64, i)), undefined);
      await until(() => seen.length === i + 1);
    }
    t.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, i) => i),
    );
  });
}

test.serial("a closed socket lets go of its slabs at once, also of slabs that no view showed", async (t) => {
  const { vpp, path } = facingVpp(t);
  const { detachArrayBuffer } = native;
  const detached: number[] = [];
  native.detachArrayBuffer = (buffer) => {
    detached.push(buffer.byteLength);
    detachArrayBuffer(buffer);
  };
  t.teardown(() => {
    native.detachArrayBuffer = detachArrayBuffer;
  });
  let seen = -1;
  const onBatch = (batch: { u8(i: number, at: number): number }) => {
    seen = batch.u8(0, 0);
  };
  const socket = open(t, { path, vppPath: vpp.path, onBatch });
  vpp.punt(path, Buffer.alloc(64, 7));
  await until(() => seen === 7);
  t.deepEqual(detached, []);
  socket.close();
  t.is(detached.length, 1);
  t.true(detached[0]! > 64);
});
