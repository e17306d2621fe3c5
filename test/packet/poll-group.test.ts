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
  for (let round = 0; round < 5; round++) t.is(group.poll(), 111);
  t.is(order.join(""), "abcbcacababcbca");
  t.true(group.delete(ports[0]!));
  t.false(group.delete(ports[0]!));
  order.length = 0;
  for (let round = 0; round < 3; round++) t.is(group.poll(), 110);
  t.deepEqual([...order].sort().join(""), "bbbccc");
});

test("a group runs in rounds of 256 between two turns of the event loop, and not at all for an aborted signal", async (t) => {
  const order: string[] = [];
  const group = new PollGroup().add(busy("a", 1, order), () => {});
  await group.run(AbortSignal.abort());
  t.is(order.length, 0);
  const stop = new AbortController();
  let turns = 0;
  const turn = () => {
    if (++turns === 3) stop.abort();
    else setImmediate(turn);
  };
  setImmediate(turn);
  await group.run(stop.signal);
  t.true(order.length > 0);
  t.is(order.length % 256, 0);
});

test("a port that is added again has its new handler, and its old place", (t) => {
  const seen: string[] = [];
  const port = (name: string): Pollable<PacketBatch> => ({
    poll: (handler) => {
      seen.push(name);
      handler(undefined as never);
      return 1;
    },
  });
  const [a, b] = [port("a"), port("b")];
  const group = new PollGroup().add(a, () => seen.push("old")).add(b, () => seen.push("other"));
  t.is(
    group.add(a, () => seen.push("new")),
    group,
  );
  t.is(group.poll(), 2);
  t.deepEqual(seen, ["a", "new", "b", "other"]);
  group.delete(b);
  seen.length = 0;
  t.is(group.poll() + group.poll(), 2);
  t.deepEqual(seen, ["a", "new", "a", "new"]);
});

test("a group that has become smaller begins with a port that it still has", (t) => {
  const order: string[] = [];
  const ports = ["a", "b", "c"].map((name) => busy(name, 1, order));
  const group = new PollGroup();
  for (const port of ports) group.add(port, () => {});
  group.poll();
  group.poll();
  group.delete(ports[2]!);
  order.length = 0;
  t.is(group.poll(), 2);
  t.is(order.join(""), "ab");
  for (const port of ports) group.delete(port);
  t.is(group.poll(), 0);
  group.add(ports[1]!, () => {});
  t.is(group.poll(), 1);
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

test("a handler deletes ports, gives them other handlers, and aborts: nothing that has ended is polled", async (t) => {
  const order: string[] = [];
  const group = new PollGroup();
  const stop = new AbortController();
  const acts = (name: string, act: () => void): Pollable<PacketBatch> => ({
    poll: (handler) => {
      order.push(name);
      act();
      handler(undefined as never);
      return 1;
    },
  });
  const [b, c] = [busy("b", 1, order), acts("c", () => {})];
  const a = acts("a", () => {
    group.delete(b);
    group.add(c, () => order.push("new"));
  });
  group
    .add(a, () => {})
    .add(b, () => {})
    .add(c, () => order.push("old"));
  t.is(group.poll(), 1);
  group.delete(a);
  t.is(group.poll(), 1);
  t.is(order.join(" "), "a c new");
  order.length = 0;
  const d = acts("d", () => stop.abort());
  await new PollGroup()
    .add(d, () => {})
    .add(b, () => {})
    .run(stop.signal);
  t.is(order.join(" "), "d");
});
