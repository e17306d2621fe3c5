// Frames for VPP's punt socket that find its queue full: they wait, in order, and not without an end.
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Outbox } from "../../lib/module/outbox.js";
import { MAX_INJECTED, MIN_INJECTED, PuntSocket } from "../../lib/punt-socket/index.js";
import { socketFolder } from "../support/punt-socket/peer.js";

/** VPP's end, which reads at each `take` alone, and an outbox to it. */
function pair(t: ExecutionContext, interfaces = new Set([1])) {
  const vppPath = join(socketFolder(t), "vpp");
  const open = () => PuntSocket.open({ path: vppPath, vppPath: null, takeOverUs: 1e6, onWarning: () => {} });
  const vpp = open();
  const outbox = new Outbox(interfaces, { vppPath });
  t.teardown(() => {
    outbox.close();
    vpp.close();
  });
  return { vpp, outbox, open };
}

function frame(number: number): Uint8Array {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** Reads what is there now. The frame is behind the 8 bytes of VPP's descriptor, which the socket takes off. */
function take(vpp: PuntSocket): number[] {
  const numbers: number[] = [];
  while (
    vpp.poll((batch) => {
      for (let i = 0; i < batch.length; i++) numbers.push(batch.u32(i, 0));
    }) > 0
  );
  return numbers;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("frames that find the queue full arrive later, in order, with the bytes that they had", async (t) => {
  const { vpp, outbox } = pair(t);
  const bytes = frame(0);
  const sent: number[] = [];
  // More than any queue of the kernel, and the outbox at its end.
  for (let i = 0; outbox.send(bytes, 1); i++) {
    sent.push(i);
    bytes.set(frame(i + 1));
  }
  t.true(sent.length >= 1024);
  const received: number[] = [];
  while (received.length < sent.length) {
    received.push(...take(vpp));
    await turn();
  }
  t.deepEqual(received, sent);
  t.true(outbox.send(frame(7), 1));
  await turn();
  t.deepEqual(take(vpp), [7]);
});

test("a wrong frame is refused while others wait, and stays out", async (t) => {
  const { vpp, outbox } = pair(t);
  let sent = 0;
  while (outbox.send(frame(sent), 1)) sent++;
  for (const length of [0, MIN_INJECTED - 1, MAX_INJECTED + 1, 5000])
    t.throws(() => outbox.send(new Uint8Array(length), 1), { code: "ERR_PACKET_SIZE" }, `${length}`);
  const received: number[] = [];
  while (received.length < sent) {
    received.push(...take(vpp));
    await turn();
  }
  t.is(received.length, sent);
});

test("frames for an interface that is gone, and for a VPP that is gone, do not wait", async (t) => {
  const interfaces = new Set([1, 2]);
  const { vpp, outbox, open } = pair(t, interfaces);
  for (let i = 0; outbox.send(frame(i), i % 2 === 0 ? 1 : 2); i++);
  interfaces.delete(2);
  t.false(outbox.send(frame(9), 2));
  vpp.close();
  t.false(outbox.send(frame(9), 1));
  const restarted = open();
  t.teardown(() => restarted.close());
  t.true(outbox.send(frame(10), 1));
  await turn();
  t.deepEqual(take(restarted), [10]);
});

test("room that comes while frames wait lets none overtake them, of any size", async (t) => {
  const { vpp } = pair(t);
  let onLook = () => {};
  const interfaces = {
    has(index: number) {
      onLook();
      return index === 1;
    },
  };
  const outbox = new Outbox(interfaces, { vppPath: vpp.path });
  t.teardown(() => outbox.close());
  const received: number[] = [];
  const sized = (number: number, length: number) => Buffer.concat([frame(number), Buffer.alloc(length)], length);
  let next = 0;
  for (const length of [MIN_INJECTED, 64, MAX_INJECTED]) {
    const start = next;
    // More than any queue of the kernel: at the end, frames wait.
    while (next < start + 1000) t.true(outbox.send(frame(next++), 1));
    let looks = 0;
    onLook = () => {
      // The interface is looked up for the frame, and for the one before all, which finds the queue full.
      if (++looks === 4) received.push(...take(vpp));
    };
    t.true(outbox.send(sized(next++, length), 1));
    onLook = () => {};
    while (received.length < next) {
      received.push(...take(vpp));
      await turn();
    }
  }
  t.deepEqual(received, Array.from(received.keys()));
});
