// Several ports in one poll loop.
import test from "ava";
import { type PacketBatch, type Pollable, PollGroup } from "../../lib/packet/index.js";
import { memifPair, until } from "../support/memif/ports.js";

/** A port that always has a burst of the given size. */
function busy(name: string, size: number, order: string[]): Pollable<PacketBatch> {
  return {
    poll: () => {
      order.push(name);
      return size;
    },
  };
}

test("each port has one burst a round, and each round begins with another port", (t) => {
  const order: string[] = [];
  const ports = ["a", "b", "c"].map((name, i) => busy(name, 10 ** i, order));
  const group = new PollGroup();
  t.is(group.poll(), 0);
  for (const port of ports) group.add(port, () => {});
  for (let round = 0; round < 4; round++) t.is(group.poll(), 111);
  t.is(order.join(""), "abcbcacababc");
  t.true(group.delete(ports[0]!));
  t.false(group.delete(ports[0]!));
  order.length = 0;
  for (let round = 0; round < 3; round++) t.is(group.poll(), 110);
  t.deepEqual([...order].sort().join(""), "bbbccc");
});

test("packets of several memifs come in one loop, and a handler that throws leaves the others their turn", async (t) => {
  const pairs = await Promise.all([1, 2, 3].map(() => memifPair(t, { rxMode: "polling" })));
  const seen = [0, 0, 0];
  const group = new PollGroup();
  for (const [i, { server }] of pairs.entries()) {
    group.add(server.rx(), (batch) => {
      seen[i]! += batch.length;
      if (i === 1) throw new Error("mine");
    });
  }
  for (const { client } of pairs) client.send(Array.from({ length: 5 }, () => new Uint8Array(60)));
  t.throws(() => {
    for (let round = 0; round < 3; round++) group.poll();
  });
  await until(() => {
    group.poll();
    return seen.every((count) => count === 5);
  });
  const stop = new AbortController();
  pairs[2]!.client.send(new Uint8Array(60));
  const running = group.run(stop.signal);
  await until(() => seen[2] === 6);
  stop.abort();
  await running;
  t.throws(() => group.add({} as never, () => {}), { code: "ERR_OPTION" });
  t.throws(() => group.add(pairs[0]!.server.rx(), 5 as never), { code: "ERR_OPTION" });
});
