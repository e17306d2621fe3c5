// Punt sockets that are polled or iterated.
import test from "ava";
import { type PuntBatch, PuntSocket } from "../../lib/punt-socket/index.js";
import { facingVpp, open, until } from "../support/punt-socket/peer.js";

test("poll() hands over the packets that wait, and returns 0 if there are none", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path, batchSize: 4, takeOverUs: 1e6 });
  t.is(
    socket.poll(() => t.fail()),
    0,
  );
  for (let i = 0; i < 6; i++) vpp.punt(path, Buffer.of(i, 0));
  const seen: number[] = [];
  const take = (batch: PuntBatch) => {
    for (let i = 0; i < batch.length; i++) seen.push(batch.u8(i, 0));
  };
  while (seen.length < 6) {
    const before = seen.length;
    const count = socket.poll(take);
    // 0 while the native thread holds packets: it takes over where this process was stopped for a second.
    t.true(count <= 4);
    t.is(seen.length, before + count);
  }
  t.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
});

test("poll() throws the error of its handler, and the batch is over", (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path, takeOverUs: 1e6 });
  vpp.punt(path, Buffer.alloc(9));
  let kept: PuntBatch | undefined;
  const fails = (batch: PuntBatch) => {
    kept = batch;
    throw new TypeError("handler");
  };
  t.throws(() => socket.poll(fails), { instanceOf: TypeError });
  t.is(kept!.length, 0);
});

test("a handler cannot poll, nor can a socket with a handler or an iterator", async (t) => {
  const { vpp, path, folder } = facingVpp(t);
  const polled = open(t, { path, vppPath: vpp.path, takeOverUs: 1e6 });
  vpp.punt(path, Buffer.alloc(9));
  polled.poll(() => void t.throws(() => polled.poll(() => {}), { code: "ERR_MODE" }));
  const handled = open(t, { path: `${folder}/b`, vppPath: vpp.path, onBatch: () => {} });
  t.throws(() => handled.poll(() => {}), { code: "ERR_MODE" });
  t.throws(() => handled[Symbol.asyncIterator](), { code: "ERR_MODE" });
  const iterated = open(t, { path: `${folder}/c`, vppPath: vpp.path });
  const iterator = iterated[Symbol.asyncIterator]();
  t.throws(() => iterated.poll(() => {}), { code: "ERR_MODE" });
  t.throws(() => iterated[Symbol.asyncIterator](), { code: "ERR_MODE" });
  await iterator.return!();
  t.is(
    iterated.poll(() => {}),
    0,
  );
});

test("an iterator gives every packet, in order, to a loop that takes its time", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path, batchSize: 32 });
  const seen: number[] = [];
  let sent = 0;
  const send = () => {
    for (let i = 0; i < 100 && sent < 3000; i++) {
      const packet = Buffer.alloc(64);
      packet.writeUInt32BE(sent);
      if (vpp.punt(path, packet) !== undefined) break;
      sent++;
    }
  };
  const timer = setInterval(send, 0);
  t.teardown(() => clearInterval(timer));
  for await (const batch of socket) {
    const first = batch.u32(0, 0);
    await new Promise((resolve) => setTimeout(resolve, 1));
    t.is(batch.u32(0, 0), first); // nothing has overwritten it
    for (let i = 0; i < batch.length; i++) seen.push(batch.u32(i, 0));
    if (seen.length === 3000) break;
  }
  t.deepEqual(
    seen,
    Array.from({ length: 3000 }, (_, i) => i),
  );
});

test("an iterator's batch ends with the request for the next one", async (t) => {
  const { vpp, path } = facingVpp(t);
  const iterator = open(t, { path, vppPath: vpp.path, batchSize: 1 })[Symbol.asyncIterator]();
  vpp.punt(path, Buffer.from("a"));
  vpp.punt(path, Buffer.from("b"));
  const view = (await iterator.next()).value!.view(0);
  t.is(Buffer.from(view).toString(), "a");
  const next = await iterator.next();
  t.is(view.length, 0);
  t.is(Buffer.from(next.value!.copy(0)).toString(), "b");
});

test("an iterator that always finds packets lets other events have their turn", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path, batchSize: 1 });
  for (let i = 0; i < 2000; i++) while (vpp.punt(path, Buffer.alloc(64)) !== undefined);
  let immediates = 0;
  const immediate = () => {
    immediates++;
    if (batches < 2000) setImmediate(immediate);
  };
  let batches = 0;
  setImmediate(immediate);
  for await (const _ of socket) if (++batches === 2000) break;
  t.true(immediates > 10, `${immediates} other events`);
});

test("close() ends an iteration that waits", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  setImmediate(() => socket.close());
  for await (const _ of socket) t.fail();
  t.throws(() => socket.poll(() => {}), { code: "ERR_CLOSED" });
});

test("a paused iterator waits and goes on", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  const iterator = socket[Symbol.asyncIterator]();
  socket.pause();
  const next = iterator.next();
  vpp.punt(path, Buffer.from("lost"));
  await until(() => socket.stats().dropped.paused === 1);
  socket.resume();
  vpp.punt(path, Buffer.from("kept"));
  t.is(Buffer.from((await next).value!.copy(0)).toString(), "kept");
  await t.throwsAsync(
    async () => {
      void iterator.next();
      await iterator.next();
    },
    { code: "ERR_MODE" },
  );
});

test("poll() of a paused socket returns 0, and packets are discarded and counted", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  socket.pause();
  for (let i = 0; i < 200; i++) {
    while (vpp.punt(path, Buffer.of(i, 0)) !== undefined);
    t.is(
      socket.poll(() => t.fail()),
      0,
    );
  }
  await until(() => socket.stats().dropped.paused === 200);
  socket.resume();
  vpp.punt(path, Buffer.of(1, 0));
  await until(() => socket.poll((batch) => t.is(batch.u8(0, 0), 1)) === 1);
});

test("options that are wrong are named", (t) => {
  const { vpp, path } = facingVpp(t);
  const bad: [object, string][] = [
    [{ path: "relative" }, "path"],
    [{ path: `/${"x".repeat(107)}` }, "path"],
    [{ path: "/a\0b" }, "path"],
    [{ path: 5 }, "path"],
    [{}, "path"],
    [{ path, vppPath: "x" }, "vppPath"],
    [{ path, mode: 0o1777 }, "mode"],
    [{ path, mode: "0660" }, "mode"],
    [{ path, group: "no-such-group-here" }, "group"],
    [{ path, group: -1 }, "group"],
    [{ path, batchSize: 0 }, "batchSize"],
    [{ path, batchSize: 1025 }, "batchSize"],
    [{ path, maxPacket: 65536 }, "maxPacket"],
    [{ path, ringBytes: 1 }, "ringBytes"],
    [{ path, takeOverUs: Number.NaN }, "takeOverUs"],
    [{ path, gatherUs: -1 }, "gatherUs"],
    [{ path, onBatch: "f" }, "onBatch"],
    [{ path, onWarning: 1 }, "onWarning"],
    [{ path, pathh: 1 }, "pathh"],
  ];
  for (const [options, name] of bad) {
    const error = t.throws(() => PuntSocket.open(options as never), { code: "ERR_OPTION" }, JSON.stringify(options));
    t.like(error, { op: "punt-socket.open", details: { option: name } });
    t.true(error!.message.includes(name));
  }
  t.throws(() => PuntSocket.open(null as never), { code: "ERR_OPTION" });
  const socket = open(t, { path, vppPath: vpp.path });
  t.throws(() => socket.reconnect("elsewhere"), { code: "ERR_OPTION" });
});
