// Frames of a device, received and sent: with a socket of Python's as the other end.
import { PuntError } from "../../lib/errors.js";
import type { PacketBatch } from "../../lib/packet/index.js";
import { need } from "../support/need.js";
import { cable, collect, frame, Host, numberOf, openOn, python, until } from "../support/packet-socket/wire.js";

const linux = need("root", "netns", "python3");

linux.test("frames of all lengths and protocols arrive whole and in order", async (t) => {
  const { a, b } = cable(t);
  const frames = collect(openOn(t, a));
  const sent = await python(
    t,
    b,
    `
frames = [bytes.fromhex("020000000002020000000001") + bytes([8 + n % 2, n % 256]) + bytes(i % 251 for i in range(n))
          for n in range(1, 1501)]
for f in frames: s.send(f)
print("\\n".join(f.hex() for f in frames))`,
  );
  await until(() => frames.length >= 1500);
  t.deepEqual(frames, sent.trim().split("\n"));
});

linux.test("sent packets arrive whole and in order, from any kind of memory", async (t) => {
  const { a, b } = cable(t);
  const port = openOn(t, a);
  const received = python(
    t,
    b,
    `
s.send(bytes(12) + b"\\x88\\xb6" + bytes(46))
s.settimeout(60)
got = []
while len(got) < 303:
    f, address = s.recvfrom(65536)
    if address[2] != 4 and f[12:14] == b"\\x88\\xb5": got.append(f.hex())
print("\\n".join(got))`,
  );
  // Its first frame says that it listens.
  for (let ready = 0; ready === 0; await until(() => true)) ready = port.poll(() => {});
  const list = Array.from({ length: 300 }, (_, i) => frame(i, 60 + 4 * i));
  t.is(port.send(list), 300);
  t.is(port.send(frame(300)), 1);
  t.is(port.send(frame(301, 1514)), 1);
  t.is(port.send(Buffer.from(frame(302))), 1);
  const expected = [...list, frame(300), frame(301, 1514), frame(302)].map((f) => Buffer.from(f).toString("hex"));
  t.deepEqual((await received).trim().split("\n"), expected);
  t.like(port.stats().tx, { packets: 303, refused: { full: 0, size: 0, down: 0 } });
});

linux.test("a batch is forwarded as it is, and a port does not receive what it sends itself", async (t) => {
  const { a, b } = cable(t);
  const port = openOn(t, a);
  const far = openOn(t, b, { device: "far0" });
  let own = 0;
  port.receive((batch) => {
    own += batch.length;
    port.send(batch);
  });
  const back = collect(far);
  const list = Array.from({ length: 100 }, (_, i) => frame(i));
  t.is(far.send(list), 100);
  await until(() => back.length >= 100);
  t.deepEqual(back.map(numberOf), [...list.keys()]);
  t.is(own, 100);
});

linux.test("a frame of a wrong size is passed over and counted, and the others are sent", async (t) => {
  const { a, b } = cable(t);
  const port = openOn(t, a);
  const frames = collect(openOn(t, b, { device: "far0" }));
  t.is(port.send([frame(0), new Uint8Array(5), frame(1), frame(9, 3000), frame(2), new Uint8Array(0), frame(3)]), 7);
  t.is(port.send(new Uint8Array(200_000)), 1);
  await until(() => frames.length >= 4);
  t.deepEqual(frames.map(numberOf), [0, 1, 2, 3]);
  t.like(port.stats().tx, { packets: 4, refused: { full: 0, size: 4, down: 0 } });
});

linux.test("a list with anything but frames is refused by its place, and nothing of it is sent", (t) => {
  const { a } = cable(t);
  const port = openOn(t, a);
  const list = Array.from({ length: 200 }, (_, i) => frame(i));
  const words = "packet-socket.send: a packet, a list of packets or a batch is expected; got";
  for (const [packets, got] of [
    [[...list, "text"], '"text" as element 200 of the list'],
    [[[frame(0)]], "a list of 1 as element 0 of the list"],
    ["text", '"text"'],
    [undefined, "undefined"],
  ] as const)
    t.throws(() => port.send(packets as never), { code: "ERR_OPTION", message: `${words} ${got}` });
  t.is(port.stats().tx.packets, 0);
});

linux.test("an iterator gets all, one loop at a time", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a, { batchSize: 16 }), openOn(t, b, { device: "far0" })];
  far.send(Array.from({ length: 1000 }, (_, i) => frame(i)));
  const seen: number[] = [];
  for await (const batch of port) {
    t.throws(() => port.poll(() => {}), { code: "ERR_MODE" });
    t.throws(() => port.receive(() => {}), { code: "ERR_MODE" });
    t.true(batch.length <= 16);
    for (let i = 0; i < batch.length; i++) seen.push(batch.u32(i, 14));
    if (seen.length === 500) await new Promise((resolve) => setTimeout(resolve, 20));
    if (seen.length >= 1000) break;
  }
  t.deepEqual(seen, [...Array(1000).keys()]);
  setTimeout(() => port.close(), 20);
  for await (const _ of port);
  t.throws(() => port.send(frame(1)), { code: "ERR_CLOSED" });
  t.throws(() => port.poll(() => {}), { code: "ERR_CLOSED" });
});

linux.test("a port that is closed in a loop keeps the loop's batch until the loop asks for the next", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a), openOn(t, b, { device: "far0" })];
  far.send([frame(7), frame(8)]);
  let rounds = 0;
  let kept: PacketBatch | undefined;
  for await (const batch of port) {
    rounds++;
    port.close();
    t.is(batch.u32(0, 14), 7);
    kept = batch;
  }
  t.is(rounds, 1);
  t.throws(() => kept!.u32(0, 14), { code: "ERR_BATCH_RELEASED" });
});

linux.test("polling hands over a burst a call, and a batch ends with its handler", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a, { batchSize: 100 }), openOn(t, b, { device: "far0" })];
  t.is(
    port.poll(() => t.fail()),
    0,
  );
  far.send(Array.from({ length: 250 }, (_, i) => frame(i)));
  const kept: { batch: PacketBatch; view: Uint8Array; copy: Uint8Array }[] = [];
  for (let got = 0; got < 250; ) {
    got += port.poll((batch) => {
      kept.push({ batch, view: batch.view(0), copy: batch.copy(0) });
    });
  }
  t.true(kept.length >= 3);
  for (const { batch, view, copy } of kept) {
    t.is(view.length, 0);
    t.is(copy.length, 60);
    t.throws(() => batch.u8(0, 0), { code: "ERR_BATCH_RELEASED" });
  }
});

linux.test("a paused port hands nothing to a poll until it goes on", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a), openOn(t, b, { device: "far0" })];
  const got: number[] = [];
  const poll = () => {
    port.poll((batch) => {
      for (let i = 0; i < batch.length; i++) got.push(batch.byteLength(i));
    });
    return got.length;
  };
  port.pause();
  far.send(frame(1));
  await until(() => port.stats().rx.packets + far.stats().tx.packets > 0);
  for (let i = 0; i < 100; i++) {
    t.is(poll(), 0);
    await new Promise(setImmediate);
  }
  port.resume();
  await until(() => poll() === 1);
});

linux.test("while the program is busy, frames wait; frames that the ring cannot hold are counted", async (t) => {
  const { a, b } = cable(t);
  const port = openOn(t, a, { ringBytes: 2 ** 18, blockBytes: 2 ** 16 });
  const far = openOn(t, b, { device: "far0" });
  port.pause();
  const frames = collect(port);
  const list = Array.from({ length: 64 }, (_, i) => frame(i, 1000));
  let sent = 0;
  for (let i = 0; i < 20; i++) {
    sent += far.send(list);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.is(frames.length, 0);
  port.resume();
  await until(() => frames.length + port.stats().rx.dropped.ringFull === sent);
  t.true(frames.length > 0);
  t.true(port.stats().rx.dropped.ringFull > 0);
  t.true(port.stats().rx.freezes > 0);
  const before = frames.length;
  far.send(list);
  await until(() => frames.length >= before + 64);
  t.deepEqual(frames.slice(before).map(numberOf), [...list.keys()]);
});

linux.test("a frame that is longer than a block is dropped and counted", async (t) => {
  const { a, b } = cable(t);
  for (const [host, device] of [
    [a, "punt0"],
    [b, "far0"],
  ] as const)
    host.ip("link", "set", device, "mtu", "9000");
  const port = openOn(t, a, { blockBytes: 4096 });
  const frames = collect(port);
  openOn(t, b, { device: "far0" }).send([frame(0, 9000), frame(1, 1000), frame(2, 5000), frame(3)]);
  await until(() => frames.length >= 2 && port.stats().rx.dropped.tooLong >= 2);
  t.deepEqual(frames.map(numberOf), [1, 3]);
});

linux.test("wrong options are named; a device that cannot be opened has its errno", (t) => {
  const host = new Host(t);
  const refused = (options: object, option: string) => {
    const error = t.throws(() => openOn(t, host, options), { instanceOf: PuntError, code: "ERR_OPTION" });
    t.is((error as PuntError).details.option, option, option);
  };
  refused({ device: "" }, "device");
  refused({ device: "0123456789abcdef" }, "device");
  refused({ device: 3 }, "device");
  refused({ namespace: 3 }, "namespace");
  refused({ batchSize: 0 }, "batchSize");
  refused({ blockBytes: 5000 }, "blockBytes");
  refused({ ringBytes: 2 ** 31 }, "ringBytes");
  refused({ retireMs: 0 }, "retireMs");
  refused({ descriptor: 3, namespace: undefined }, "descriptor");
  refused({ colour: "red" }, "colour");
  t.throws(() => openOn(t, host, { device: "nothing" }), { code: "ENODEV" });
  t.throws(() => openOn(t, host, { namespace: "/nowhere" }), { code: "ENOENT" });
});
