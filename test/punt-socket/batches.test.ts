// How long a batch is valid, and what a batch does that is used later.
import { join } from "node:path";
import test from "ava";
import { PcapngWriter, PcapWriter } from "../../lib/packet/index.js";
import { PuntAction, type PuntBatch } from "../../lib/punt-socket/index.js";
import { facingVpp, open, openInjector, until } from "../support/punt-socket/peer.js";

const released = { code: "ERR_BATCH_RELEASED" };

test("a batch that is used after its handler returned throws wherever it is passed to", async (t) => {
  const { vpp, path, folder } = facingVpp(t);
  let kept: PuntBatch | undefined;
  let view: Uint8Array | undefined;
  open(t, { path, vppPath: vpp.path }).receive((batch) => {
    kept = batch;
    view = batch.view(0);
  });
  vpp.punt(path, Buffer.alloc(64, 1));
  await until(() => kept !== undefined);
  const batch = kept!;
  using pcap = PcapWriter.open(join(folder, "a.pcap"));
  using pcapng = PcapngWriter.open(join(folder, "a.pcapng"));
  pcapng.addInterface("a");
  const uses: (() => unknown)[] = [
    () => [...batch],
    () => batch.raw(),
    () => batch.copy(0),
    () => batch.view(0),
    () => batch.retain(0),
    () => batch.byteLength(0),
    () => batch.swIfIndex(0),
    () => batch.action(0),
    () => pcap.write(batch),
    () => pcapng.write(batch, 0),
  ];
  for (const use of uses) t.throws(use, released, String(use));
  t.is(batch.length, 0);
  const injector = openInjector(t, vpp.path, [1]);
  t.throws(() => injector.inject(PuntAction.L2, 1, view!), { code: "ERR_PACKET_SIZE", message: /view is empty/ });
});

test("an iteration that goes on after the handler returned throws", async (t) => {
  const { vpp, path } = facingVpp(t);
  const outcomes: unknown[] = [];
  const iterate = async (batch: PuntBatch) => {
    for (const _ of batch) await Promise.resolve();
  };
  open(t, { path, vppPath: vpp.path }).receive((batch) => {
    iterate(batch).then(
      () => outcomes.push("ended"),
      (error) => outcomes.push(error.code),
    );
  });
  // Two packets in one batch: the handler has returned before the second view.
  for (let i = 0; i < 2; i++) vpp.punt(path, Buffer.alloc(64, i));
  await until(() => outcomes.length > 0);
  t.is(outcomes[0], "ERR_BATCH_RELEASED");
});

test("in a loop a batch stays valid until the loop asks for the next, also after close()", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  vpp.punt(path, Buffer.alloc(64, 0xab));
  let kept: PuntBatch | undefined;
  let view: Uint8Array | undefined;
  for await (const batch of socket) {
    socket.close();
    t.is(batch.u8(0, 0), 0xab);
    await new Promise((resolve) => setImmediate(resolve));
    view = batch.view(0);
    t.is(view[63], 0xab);
    t.deepEqual([...batch].length, 1);
    kept = batch;
  }
  t.is(view!.length, 0);
  t.throws(() => kept!.u8(0, 0), released);
  t.throws(() => socket[Symbol.asyncIterator](), { code: "ERR_CLOSED" });
});

test("a loop that is left after close() lets go of its batch", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  vpp.punt(path, Buffer.alloc(64, 1));
  let view: Uint8Array | undefined;
  for await (const batch of socket) {
    view = batch.view(0);
    socket.close();
    t.is(view.length, 64);
    break;
  }
  t.is(view!.length, 0);
});

test("a batch kept from an earlier turn of a loop never shows a later burst", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path, batchSize: 1 });
  for (let i = 1; i <= 2; i++) vpp.punt(path, Buffer.alloc(64, i));
  const batches: PuntBatch[] = [];
  for await (const batch of socket) {
    batches.push(batch);
    if (batches.length < 2) continue;
    t.is(batch.u8(0, 0), 2);
    t.throws(() => batches[0]!.u8(0, 0), released);
    break;
  }
});

test("receive takes one function, replaces it, and excludes the other ways", async (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  t.throws(() => socket.receive("x" as never), { code: "ERR_OPTION" });
  const seen: string[] = [];
  socket.receive(() => void seen.push("first"));
  vpp.punt(path, Buffer.alloc(64));
  await until(() => seen.length === 1);
  socket.receive(() => void seen.push("second"));
  vpp.punt(path, Buffer.alloc(64));
  await until(() => seen.length === 2);
  t.deepEqual(seen, ["first", "second"]);
  t.throws(() => socket.poll(() => {}), { code: "ERR_MODE" });
  socket.close();
  t.throws(() => socket.receive(() => {}), { code: "ERR_CLOSED" });
});

test("a socket whose warning handler throws is closed again", (t) => {
  const { vpp, path } = facingVpp(t);
  const onWarning = () => {
    throw new Error("listener");
  };
  try {
    open(t, { path, vppPath: vpp.path, onWarning }).close();
  } catch (error) {
    t.is((error as Error).message, "listener");
  }
  t.notThrows(() => open(t, { path, vppPath: vpp.path }));
});
