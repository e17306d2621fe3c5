// Room at the other port of a forwarder: packets wait for a slow peer, and are refused where there is never room for them.
import test from "ava";
import { forward, type Memif } from "../../lib/memif/index.js";
import type { RetainedPacket } from "../../lib/packet/index.js";
import { forwarding, memifPair, until } from "../support/memif/ports.js";
import { numberedFrames } from "../support/packet/numbered.js";

const polling = { rxMode: "polling" } as const;

/** Polls a port once; returns the number of each packet. */
function take(port: Memif, max?: number): number[] {
  const got: number[] = [];
  port.rx(0).poll((batch) => {
    for (let i = 0; i < batch.length; i++) got.push(batch.u32(i, 0));
  }, max);
  return got;
}

for (const [from, bufferSize] of [
  ["of one slot", 2048],
  ["of three slots", 512],
] as const) {
  for (const role of ["client", "server"] as const) {
    test(`packets ${from} that take three slots of a ${role}'s other ring wait for its slow peer`, async (t) => {
      const a = await memifPair(t, { ...polling, ringSize: 256, bufferSize });
      const b = await memifPair(t, { ...polling, ringSize: 64, bufferSize: 512 });
      const [out, slow] = role === "client" ? [b.client, b.server] : [b.server, b.client];
      const forwarder = forward(a.server, out, undefined, { directions: "ab" });
      const packets = numberedFrames(80, 0, 1500);
      const got: number[] = [];
      for (let sent = 0, round = 0; round < 200; round++) {
        sent += a.client.send(packets.slice(sent));
        forwarder.poll();
        got.push(...take(slow, 8));
      }
      t.is(forwarder.stats().ab.refused, 0);
      t.deepEqual(got, [...packets.keys()]);
    });
  }
}

test("a packet that is longer than the other ring is refused at once, and holds up no other", async (t) => {
  const a = await memifPair(t, polling);
  const b = await memifPair(t, { ...polling, ringSize: 32, bufferSize: 64 });
  const forwarder = forward(a.server, b.server, undefined, { directions: "ab" });
  t.is(a.client.send([...numberedFrames(1, 0, 3000), ...numberedFrames(2, 1)]), 3);
  t.is(forwarder.poll(), 3);
  t.like(forwarder.stats().ab, { passed: 2, refused: 1 });
  t.deepEqual(take(b.client), [1, 2]);
});

test("a peer may take many turns of the event loop before it reads", async (t) => {
  const a = await memifPair(t, { ringSize: 64 });
  const b = await memifPair(t, { ringSize: 64 }, polling);
  const forwarder = forward(a.server, b.server, undefined, { directions: "ab" });
  t.is(a.client.send(numberedFrames(64)), 64);
  await until(() => forwarder.stats().ab.passed === 64);
  const start = performance.now();
  t.is(a.client.send(numberedFrames(64, 64)), 64);
  for (let turn = 0; turn < 3000; turn++) await new Promise(setImmediate);
  const { refused } = forwarder.stats().ab;
  // The forwarder has patience for a tenth of a second, which a busy machine may take for these turns.
  if (performance.now() - start < 100) t.is(refused, 0);
  else t.log("the turns took too long to tell");
  const got = take(b.client);
  await until(() => forwarder.stats().ab.passed + forwarder.stats().ab.refused === 128);
  t.is(got.length, 64);
});

test("a forwarder between clients retains in place, as many packets as there are spare buffers", async (t) => {
  const spares = { ...polling, ringSize: 32, spareBuffers: 2, reconnectMs: 10 };
  const [a, b] = [await memifPair(t, polling, spares), await memifPair(t, polling, spares)];
  const kept: RetainedPacket[] = [];
  const errors: unknown[] = [];
  const decide = (batch: { length: number; retain(i: number): RetainedPacket }) => {
    for (let i = 0; i < batch.length; i++) {
      try {
        kept.push(batch.retain(i));
      } catch (error) {
        errors.push((error as { code: string }).code);
      }
    }
  };
  const start = () => forward(a.client, b.client, decide, { directions: "ab" });
  const forwarder = await forwarding([a.server, a.client, b.server, b.client], start);
  t.is(a.server.send(numberedFrames(3)), 3);
  await until(() => forwarder.poll() > 0);
  t.deepEqual(errors, ["ERR_NO_SPARE"]);
  t.deepEqual(
    kept.map(({ inPlace, bytes }) => [inPlace, bytes[3]]),
    [
      [true, 0],
      [true, 1],
    ],
  );
  t.deepEqual(take(b.server), [0, 1, 2]);
  for (const packet of kept) packet.release();
  a.server.send(numberedFrames(2, 3));
  t.is(forwarder.poll(), 2);
  t.is(errors.length, 1);
  // A packet may be given back after the end of its connection.
  a.server.close();
  await until(() => a.client.peer === undefined);
  t.deepEqual(
    kept.slice(2).map(({ bytes }) => bytes[3]),
    [3, 4],
  );
  for (const packet of kept) packet.release();
});
