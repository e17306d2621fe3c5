// Queues that change owners while their connection lives: an attached port, or a worker, closes, and another one opens them.
import test, { type ExecutionContext } from "ava";
import { forward, Memif, type MemifRxMode } from "../../lib/memif/index.js";
import type { RetainedPacket } from "../../lib/packet/index.js";
import { memifPair, until } from "../support/memif/ports.js";

const polling = { rxMode: "polling" } as const;
const packet = (value: number) => new Uint8Array(64).fill(value);

function attach(t: ExecutionContext, port: Memif, rxMode: MemifRxMode): Memif {
  const attached = Memif.attach({ ...port.handle, rxMode });
  t.teardown(() => attached.close());
  return attached;
}

/** Polls a port once; returns the first byte of each packet. */
function take(port: Memif): number[] {
  const got: number[] = [];
  port.rx(0).poll((batch) => {
    for (let i = 0; i < batch.length; i++) got.push(batch.u8(i, 0));
  });
  return got;
}

/** Sends a packet to the port, which retains it and closes. */
async function retainAndClose(port: Memif, sender: Memif): Promise<RetainedPacket> {
  const queue = port.rx(0);
  const kept: RetainedPacket[] = [];
  sender.send(packet(1));
  await until(() => queue.poll((batch) => void kept.push(batch.retain(0))) > 0);
  port.close();
  return kept[0]!;
}

for (const marks of ["the same queue", "another queue"] as const) {
  test(`a forwarder sends nothing by ${marks} of a closed port, which another port has`, async (t) => {
    const two = { ...polling, rxQueues: 2, txQueues: 2 };
    const [a, b] = [await memifPair(t, two), await memifPair(t, two)];
    const closed = attach(t, b.server, "polling");
    let isLater = false;
    const forwarder = forward(
      a.server,
      closed,
      (batch) => {
        if (isLater && marks === "another queue") batch.queue(0, 1);
      },
      { directions: "ab" },
    );
    a.client.send(packet(1));
    await until(() => forwarder.poll() > 0);
    t.deepEqual(take(b.client), [1]);
    closed.close();
    isLater = true;
    const next = attach(t, b.server, "polling");
    const queue = next.tx(marks === "another queue" ? 1 : 0);
    const slots = queue.allocate(1);
    slots.write(0, packet(7));
    a.client.send(packet(2));
    t.is(forwarder.poll(), 1);
    t.like(forwarder.stats().ab, { passed: 1, refused: 1 });
    t.notThrows(() => queue.commit());
    t.is(queue.stats().packets, marks === "another queue" ? 1 : 2);
  });
}

test("a packet that the first owner has retained stops no ring of a server's", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32 });
  const kept = await retainAndClose(attach(t, server, "polling"), client);
  t.is(kept.bytes.length, 0);
  let got = 0;
  for (let i = 0; i < 100; i++) {
    client.send(packet(2));
    got += take(server).length;
  }
  t.is(got, 100);
  t.notThrows(() => kept.release());
});

test("the spare buffer of a packet that the first owner has retained is the next owner's", async (t) => {
  const { server, client } = await memifPair(t, { ...polling, ringSize: 32 }, { spareBuffers: 1 });
  const first = await retainAndClose(attach(t, client, "polling"), server);
  const second = await retainAndClose(attach(t, client, "polling"), server);
  t.true(first.inPlace && second.inPlace);
  t.deepEqual([first.bytes.length, second.bytes.length], [0, 0]);
});

test("a packet retained by a port that is closed stays until its release", async (t) => {
  const { server, client } = await memifPair(t, polling);
  const kept = await retainAndClose(server, client);
  t.deepEqual(kept.bytes, packet(1));
  kept.release();
  t.is(kept.bytes.length, 0);
});

for (const before of ["polling", "adaptive", "interrupt"] as const) {
  test(`after an owner in mode ${before}, one in mode interrupt is rung for`, async (t) => {
    const { server, client } = await memifPair(t);
    const first = attach(t, server, before);
    let isClosed = false;
    const close = () => {
      first.close();
      isClosed = true;
    };
    if (before !== "polling") first.receive(close);
    client.send(packet(1));
    await until(() => {
      if (before === "polling" && !isClosed) first.rx(0).poll(close);
      return isClosed;
    });
    let got = 0;
    attach(t, server, "interrupt").receive((batch) => {
      got += batch.length;
    });
    const { doorbells } = client.stats().tx[0]!;
    client.send(packet(2));
    t.is(client.stats().tx[0]!.doorbells, doorbells + 1);
    await until(() => got === 1);
  });
}

test("what a handler has sent before it closes its port is rung for", async (t) => {
  const { server, client } = await memifPair(t, { rxMode: "interrupt" });
  let got = 0;
  client.receive((batch) => {
    got += batch.length;
  });
  const attached = attach(t, server, "interrupt");
  let doorbells: number | undefined;
  attached.receive(() => {
    attached.send(packet(9));
    attached.close();
    ({ doorbells } = server.stats().tx[0]!);
  });
  client.send(packet(1));
  await until(() => doorbells !== undefined);
  t.is(doorbells, 1);
  await until(() => got === 1);
});
