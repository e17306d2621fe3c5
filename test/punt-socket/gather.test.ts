// Packets of a stream gather before JavaScript takes them. Meanwhile a native thread reads the socket.
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { PuntBatch, PuntSocket, PuntSocketOptions } from "../../lib/punt-socket/index.js";
import { open, socketFolder, until } from "../support/punt-socket/peer.js";
import { lengthOf, send } from "../support/punt-socket/stream.js";

const PACKETS = 6000;
/** 20,000 packets a second. */
const EVERY_MS = 0.05;

/** Fails for the first packet of the batch that is not the next one, or is damaged; returns the number of the next. */
function check(t: ExecutionContext, batch: PuntBatch, next: number): number {
  for (let i = 0; i < batch.length; i++) {
    const number = next + i;
    const [length, last] = [batch.byteLength(i), batch.u8(i, batch.byteLength(i) - 1)];
    const got = { number: batch.u32(i, 0), length, last };
    if (got.number !== number || length !== lengthOf(number) || last !== (number & 0xff))
      t.deepEqual(got, { number, length: lengthOf(number), last: number & 0xff });
  }
  return next + batch.length;
}

/** Sends a stream to a socket with these options, and returns the socket when all packets have come. */
async function stream(t: ExecutionContext, options: Partial<PuntSocketOptions>): Promise<PuntSocket> {
  const folder = socketFolder(t);
  const [vppPath, path] = [join(folder, "vpp"), join(folder, "client")];
  let next = 0;
  const socket = open(t, {
    path,
    vppPath,
    ...options,
    onBatch: (batch) => {
      next = check(t, batch, next);
    },
  });
  await send({ vppPath, path, packets: PACKETS, everyMs: EVERY_MS });
  await until(() => next === PACKETS);
  t.is(socket.stats().backlogBytes, 0);
  return socket;
}

for (const [what, options] of [
  ["by default", {}],
  ["with gatherUs 1000", { gatherUs: 1000 }],
  ["in batches of 8", { batchSize: 8 }],
] as const) {
  test.serial(`${what}, the packets of a stream come in order, each once and whole, several at a time`, async (t) => {
    const { packets, bytes, batches, dropped } = (await stream(t, options)).stats();
    t.is(packets, PACKETS);
    t.is(
      bytes,
      Array.from({ length: PACKETS }, (_, number) => lengthOf(number)).reduce((sum, length) => sum + length),
    );
    t.true(batches < PACKETS / 2, `${batches} batches`);
    t.deepEqual(dropped, { ringFull: 0, paused: 0, tooLong: 0, malformed: 0, filter: 0 });
  });
}

test.serial("with gatherUs 0, all packets of a stream come too", async (t) => {
  t.is((await stream(t, { gatherUs: 0 })).stats().packets, PACKETS);
});

test.serial("a loop that takes batches of a stream, and rests between them, gets each packet once", async (t) => {
  const folder = socketFolder(t);
  const [vppPath, path] = [join(folder, "vpp"), join(folder, "client")];
  const socket = open(t, { path, vppPath, gatherUs: 1000 });
  const sent = send({ vppPath, path, packets: PACKETS, everyMs: EVERY_MS });
  let next = 0;
  for await (const batch of socket) {
    next = check(t, batch, next);
    if (next === PACKETS) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await sent;
  t.is(next, PACKETS);
});
