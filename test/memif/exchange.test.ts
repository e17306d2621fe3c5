// Packets between two memif ports: all arrive, in order, with their bytes.
import test, { type ExecutionContext } from "ava";
import type { Memif, MemifOptions } from "../../lib/memif/index.js";
import { memifPair, until } from "../support/memif/ports.js";
import { randomOf } from "../support/random.js";

function randomPackets(count: number, longest: number, seed: number): Uint8Array[] {
  const next = randomOf(seed);
  return Array.from({ length: count }, (_, i) => {
    const packet = new Uint8Array(1 + Math.floor(next() * longest));
    for (let at = 0; at < packet.length; at++) packet[at] = (i * 31 + at * 7) & 0xff;
    return packet;
  });
}

/** Sends everything, waiting for `drain` whenever the ring is full; what was taken is counted by the port. */
async function sendAll(port: Memif, packets: Uint8Array[], group: number): Promise<void> {
  let done = 0;
  while (done < packets.length) {
    const part = packets.slice(done, done + group);
    const taken = port.send(part);
    done += taken;
    if (taken < part.length) await new Promise((resolve) => port.once("drain", resolve));
  }
}

async function exchange(t: ExecutionContext, options: Partial<MemifOptions>, seed: number): Promise<void> {
  const { server, client } = await memifPair(t, options);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    const packets = randomPackets(600, 9216, seed);
    const got: Uint8Array[] = [];
    to.receive((batch) => {
      for (let i = 0; i < batch.length; i++) got.push(batch.copy(i));
    });
    await sendAll(from, packets, 50);
    await until(() => got.length === packets.length);
    // Not deepEqual: millions of numbers take it seconds.
    t.true(got.every((packet, i) => Buffer.compare(packet, packets[i]!) === 0));
    t.is(to.stats().rx[0]!.packets, packets.length);
    t.is(from.stats().tx[0]!.packets, packets.length);
    t.is(to.stats().rx[0]!.droppedOversize + to.stats().rx[0]!.lost, 0);
  }
}

for (const bufferSize of [64, 100, 1000, 2048, 65535]) {
  for (const rxMode of ["interrupt", "adaptive"] as const) {
    test(`random sizes 1-9216 over buffers of ${bufferSize}, ${rxMode}, both ways: byte-equal`, async (t) => {
      await exchange(t, { bufferSize, rxMode, ringSize: 256 }, bufferSize);
    });
  }
}

test("copying mode receives the same", async (t) => {
  await exchange(t, { bufferSize: 512, ringSize: 128, zeroCopy: false }, 5);
});
