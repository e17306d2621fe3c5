// Handlers of punt sockets: errors, order, close and pause.
import test from "ava";
import type { PuntBatch, PuntSocket } from "../../lib/punt-socket/index.js";
import { facingVpp, open, puntAll, turn, until } from "../support/punt-socket/peer.js";

test.serial("an error that a handler throws is an uncaughtException, and later packets still arrive", async (t) => {
  const { vpp, path } = facingVpp(t);
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const caught: string[] = [];
  process.on("uncaughtException", (error) => caught.push(error.message));
  t.teardown(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  });
  let calls = 0;
  const received: number[] = [];
  open(t, {
    path,
    vppPath: vpp.path,
    onBatch: (batch) => {
      calls++;
      for (let i = 0; i < batch.length; i++) received.push(batch.u8(i, 0));
      throw new Error(`call ${calls}`);
    },
  });
  for (let i = 0; i < 5; i++) {
    vpp.punt(path, Buffer.of(i, 0));
    await until(() => received.length === i + 1 && caught.length === calls);
  }
  t.deepEqual(received, [0, 1, 2, 3, 4]);
  t.is(caught[0], "call 1");
});

test("nextTick and promises of a handler run before the next batch", async (t) => {
  const { vpp, path } = facingVpp(t);
  const order: string[] = [];
  open(t, {
    path,
    vppPath: vpp.path,
    batchSize: 1,
    onBatch: () => {
      order.push("handler");
      process.nextTick(() => order.push("tick"));
      void Promise.resolve().then(() => order.push("promise"));
    },
  });
  vpp.punt(path, Buffer.alloc(9));
  vpp.punt(path, Buffer.alloc(9));
  await until(() => order.length === 6);
  t.deepEqual(order, ["handler", "tick", "promise", "handler", "tick", "promise"]);
});

test("close() in the handler: the batch stays valid until it returns, and nothing comes after", async (t) => {
  const { vpp, path } = facingVpp(t);
  let calls = 0;
  let view: Uint8Array | undefined;
  let copied = "";
  const onBatch = (batch: PuntBatch) => {
    calls++;
    socket.close();
    view = batch.view(0);
    copied = Buffer.from(batch.copy(0)).toString();
  };
  const socket: PuntSocket = open(t, { path, vppPath: vpp.path, batchSize: 1, onBatch });
  for (let i = 0; i < 50; i++) vpp.punt(path, Buffer.from("last words"));
  await until(() => calls > 0);
  for (let i = 0; i < 20; i++) await turn();
  t.is(calls, 1);
  t.is(copied, "last words");
  t.is(view!.length, 0);
  t.is(vpp.punt(path, Buffer.alloc(9)), "ENOENT");
  t.true(socket.stats().packets >= 1);
});

test("pause() discards and counts packets, also while the event loop is blocked; resume() goes on", async (t) => {
  const { vpp, path } = facingVpp(t);
  let received = 0;
  const onBatch = (batch: PuntBatch) => {
    received += batch.length;
  };
  const socket = open(t, { path, vppPath: vpp.path, onBatch });
  socket.pause();
  const packets = Array.from({ length: 2000 }, () => Buffer.alloc(64));
  for (const packet of packets) while (vpp.punt(path, packet) !== undefined);
  await until(() => socket.stats().dropped.paused === 2000);
  t.is(received, 0);
  socket.resume();
  await puntAll(vpp, path, packets.slice(0, 100));
  await until(() => received === 100);
  t.is(socket.stats().dropped.paused, 2000);
});

test("a paused socket leaves VPP's send buffer to the others", async (t) => {
  const { vpp, path, folder } = facingVpp(t);
  let received = 0;
  const paused = open(t, { path, vppPath: vpp.path, onBatch: () => t.fail() });
  paused.pause();
  const other = `${folder}/other`;
  open(t, {
    path: other,
    vppPath: vpp.path,
    onBatch: (batch) => {
      received += batch.length;
    },
  });
  for (let i = 0; i < 1000; i++) {
    while (vpp.punt(path, Buffer.alloc(64)) !== undefined);
    while (vpp.punt(other, Buffer.alloc(64)) !== undefined);
  }
  await until(() => received === 1000);
  await until(() => paused.stats().dropped.paused === 1000);
  t.pass();
});
