// The three ways to packets without a port: who has them, when the source works, and when nothing is kept.
import test from "ava";
import { BatchFeed, BatchTable, PacketBatch } from "../../lib/packet/index.js";

/** A feed whose source has `waiting` bursts of one packet and writes down what it is told. */
function feedOf(waiting = 0) {
  const told: string[] = [];
  const state = { waiting };
  const source = {
    pull: () => (state.waiting > 0 ? state.waiting-- && 1 : 0),
    start: () => void told.push("start"),
    stop: () => void told.push("stop"),
    setRef: (on: boolean) => void told.push(on ? "ref" : "unref"),
  };
  const table = new BatchTable(1);
  const feed = new BatchFeed<PacketBatch>("port", source, {
    create: () => new PacketBatch(table),
    memory: () => ({ bytes: () => new Uint8Array(8), revoke() {} }),
    forget: () => void told.push("forget"),
  });
  /** Returns the words to the source since the last call. */
  const news = () => told.splice(0);
  return { feed, state, news };
}

const nothing = () => {};
const mode = (op: string, text: string) => ({ code: "ERR_MODE", message: `port.${op}: ${text}` });

test("a handler makes the source work and keeps the process, once", (t) => {
  const { feed, news } = feedOf();
  t.deepEqual(news(), []);
  feed.receive(nothing);
  t.deepEqual(news(), ["ref", "start"]);
  const seen: number[] = [];
  feed.receive((batch) => seen.push(batch.length));
  t.deepEqual(news(), ["start"]);
  feed.onBurst(1);
  t.deepEqual(seen, [1]);
  t.deepEqual(news(), []);
  t.throws(() => feed.receive("text" as never), { code: "ERR_OPTION", message: /^port\.receive: option handler/ });
  t.throws(() => feed.poll(nothing), mode("poll", "packets go to a handler or an iterator"));
  t.throws(() => feed.iterate(), mode("iterate", "packets go to a handler or another iterator"));
});

test("a poll takes what waits, starts nothing, and is refused inside of a handler", (t) => {
  const { feed, state, news } = feedOf(1);
  t.throws(() => feed.poll(undefined as never), { code: "ERR_OPTION", message: /^port\.poll: option handler/ });
  const kept: PacketBatch[] = [];
  t.is(
    feed.poll((batch) => {
      kept.push(batch);
      t.is(batch.length, 1);
      t.throws(() => feed.poll(nothing), mode("poll", "a handler is running"));
    }),
    1,
  );
  t.is(kept[0]!.length, 0);
  t.is(
    feed.poll(() => t.fail()),
    0,
  );
  state.waiting = 1;
  t.throws(() => feed.poll(() => kept[0]!.u8(0, 9)), { code: "ERR_OUT_OF_RANGE" });
  t.is(feed.poll(nothing), 0);
  t.deepEqual(news(), []);
});

test("an iterator takes what waits, then waits once, and lets the process go at its end", async (t) => {
  const { feed, news } = feedOf(1);
  const loop = feed.iterate();
  t.is(loop[Symbol.asyncIterator](), loop);
  t.deepEqual(news(), ["ref"]);
  t.throws(() => feed.receive(nothing), mode("receive", "an iterator takes the packets"));
  t.throws(() => feed.poll(nothing), mode("poll", "packets go to a handler or an iterator"));
  t.throws(() => feed.iterate(), mode("iterate", "packets go to a handler or another iterator"));
  const first = await loop.next();
  t.is(first.value!.length, 1);
  t.deepEqual(news(), []);
  const second = loop.next();
  t.is(first.value!.length, 0);
  t.deepEqual(news(), ["start"]);
  await t.throwsAsync(async () => loop.next(), mode("iterate", "next() before the last one was settled"));
  feed.onBurst(1);
  t.not((await second).value, first.value);
  t.deepEqual(news(), ["stop"]);
  const last = loop.next();
  t.deepEqual(await loop.return!(), { done: true, value: undefined });
  t.deepEqual(await last, { done: true, value: undefined });
  t.deepEqual(news(), ["start", "stop", "unref"]);
  t.deepEqual(await loop.next(), { done: true, value: undefined });
  t.notThrows(() => feed.iterate());
});

test("a loop over bursts that always wait gives other events a turn after 16", async (t) => {
  const { feed, state, news } = feedOf(100);
  const loop = feed.iterate();
  for (let i = 0; i < 16; i++) t.false((await loop.next()).done);
  t.deepEqual(news(), ["ref"]);
  const next = loop.next();
  t.deepEqual(news(), ["start"]);
  t.is(state.waiting, 84);
  feed.onBurst(1);
  await next;
  for (let i = 0; i < 16; i++) await loop.next();
  t.is(state.waiting, 68);
});

test("an iterator that was left takes nothing from the next one", async (t) => {
  const { feed, state } = feedOf();
  const left = feed.iterate();
  await left.return!();
  const loop = feed.iterate();
  const next = loop.next();
  t.true((await left.next()).done);
  await left.return!();
  feed.onBurst(1);
  const { value } = await next;
  await left.return!();
  t.is(value!.length, 1);
  state.waiting = 1;
  t.true((await left.next()).done);
  t.false((await loop.next()).done);
});

test("a feed that is paused asks the source for nothing, and goes on where it was", async (t) => {
  const { feed, state, news } = feedOf(1);
  feed.pause();
  t.deepEqual(news(), ["stop"]);
  feed.resume();
  t.deepEqual(news(), []);
  feed.pause();
  const loop = feed.iterate();
  const next = loop.next();
  t.is(state.waiting, 1);
  t.deepEqual(news(), ["stop", "ref"]);
  feed.resume();
  t.deepEqual(news(), ["start"]);
  feed.onBurst(1);
  await next;
  await loop.return!();
  news();
  feed.pause();
  feed.receive(nothing);
  t.deepEqual(news(), ["stop", "ref"]);
  feed.resume();
  t.deepEqual(news(), ["start"]);
});

test("the memory is let go once, when the feed is closed and no batch is in use", async (t) => {
  const closed = feedOf(2);
  closed.feed.close();
  t.deepEqual(closed.news(), ["forget"]);
  t.throws(() => closed.feed.receive(nothing), { code: "ERR_CLOSED", message: "port.receive: the port is closed" });
  t.throws(() => closed.feed.poll(nothing), { code: "ERR_CLOSED", message: /^port\.poll/ });
  t.throws(() => closed.feed.iterate(), { code: "ERR_CLOSED", message: /^port\.iterate/ });

  const inside = feedOf(1);
  inside.feed.poll((batch) => {
    inside.feed.close();
    t.deepEqual(inside.news(), []);
    t.is(batch.length, 1);
  });
  t.deepEqual(inside.news(), ["forget"]);

  const looping = feedOf(1);
  const loop = looping.feed.iterate();
  const { value } = await loop.next();
  looping.news();
  looping.feed.close();
  t.is(value!.length, 1);
  t.deepEqual(looping.news(), ["stop", "unref"]);
  t.true((await loop.next()).done);
  t.is(value!.length, 0);
  t.deepEqual(looping.news(), ["forget"]);
});
