// The events that wait for one watcher: their order, their joining, and their end.
import test from "ava";
import { WatcherQueue } from "../../lib/daemon/watcher.js";
import { PuntError } from "../../lib/errors.js";
import type { PuntEvent, PuntState } from "../../lib/punt/index.js";

const LONG = 3_600_000;
const event = (cnf: string, from: PuntState | undefined, to: PuntState) =>
  ({ id: { cnf, key: "", label: "" }, from, to, cause: "" }) as unknown as PuntEvent;

function queueOf(t: { teardown(end: () => void): void }, wait = LONG): WatcherQueue {
  const queue = new WatcherQueue(wait);
  t.teardown(() => queue.close());
  return queue;
}

/** Whether something waits. */
async function isEmpty(queue: WatcherQueue): Promise<boolean> {
  const none = Symbol("none");
  const next = queue.next();
  next.catch(() => {});
  return (await Promise.race([next, new Promise((resolve) => setImmediate(() => resolve(none)))])) === none;
}

test("a watcher waits for an event, and gets the revision with it", async (t) => {
  const queue = queueOf(t);
  const next = queue.next();
  queue.change("1", event("a", "INIT", "CREATED"));
  t.deepEqual(await next, { kind: "change", revision: "1", event: event("a", "INIT", "CREATED") });
  t.true(await isEmpty(queue));
});

test("changes of one punt are joined, and leave in the order of their last one; the revision comes with the last", async (t) => {
  const queue = queueOf(t);
  queue.change("1", event("a", undefined, "INIT"));
  queue.change("2", event("b", undefined, "INIT"));
  queue.change("3", event("a", "INIT", "PENDING"));
  queue.change("4", event("a", "PENDING", "CREATED"));
  t.deepEqual(await queue.next(), { kind: "change", revision: "", event: event("b", undefined, "INIT") });
  t.deepEqual(await queue.next(), { kind: "change", revision: "4", event: event("a", undefined, "CREATED") });
  t.true(await isEmpty(queue));
});

test("a snapshot replaces the events before it, and comes before the events after it", async (t) => {
  const queue = queueOf(t);
  queue.change("1", event("a", undefined, "INIT"));
  queue.snapshot("2", [], true);
  queue.change("3", event("b", undefined, "INIT"));
  t.deepEqual(await queue.next(), { kind: "snapshot", revision: "2", punts: [], isGone: true });
  t.deepEqual(await queue.next(), { kind: "change", revision: "3", event: event("b", undefined, "INIT") });
  t.true(await isEmpty(queue));
});

test("progress is reported where nothing else waits", async (t) => {
  const queue = queueOf(t);
  queue.progress("1");
  queue.progress("2");
  t.deepEqual(await queue.next(), { kind: "progress", revision: "2" });
  queue.change("3", event("a", undefined, "INIT"));
  queue.progress("4");
  t.deepEqual(await queue.next(), { kind: "change", revision: "4", event: event("a", undefined, "INIT") });
  t.true(await isEmpty(queue));
});

test("nothing that was cleared comes", async (t) => {
  const queue = queueOf(t);
  queue.snapshot("1", [], false);
  queue.change("2", event("a", undefined, "INIT"));
  queue.clear();
  const next = queue.next();
  await new Promise((resolve) => void setImmediate(resolve));
  queue.progress("3");
  t.deepEqual(await next, { kind: "progress", revision: "3" });
});

test("a queue that was ended says why, to the watcher that waits and to each later one, and drops what waits", async (t) => {
  const queue = queueOf(t);
  const waiting = queue.next();
  await new Promise((resolve) => void setImmediate(resolve));
  const reason = new PuntError("punt.watch", "ERR_CLOSED", "over");
  queue.fail(reason);
  t.is(await t.throwsAsync(waiting), reason);
  queue.change("1", event("a", undefined, "INIT"));
  queue.fail(new PuntError("punt.watch", "ERR_OTHER", "later"));
  t.is(await t.throwsAsync(queue.next()), reason);
});

test("a watcher is not judged by a standstill of the daemon's process", async (t) => {
  const queue = queueOf(t, 20);
  // The next turn of the event loop begins with its timers.
  await new Promise((resolve) => void setImmediate(resolve));
  queue.change("1", event("a", undefined, "INIT"));
  const read = new Promise((resolve) => void setImmediate(() => resolve(queue.next())));
  for (const end = performance.now() + 50; performance.now() < end; );
  t.like(await read, { kind: "change", revision: "1" });
});

test.serial(
  "an event that is not read for too long ends the queue, and an event that is read starts the time again",
  async (t) => {
    const timers: { run: () => void; wait: number; isOver: boolean }[] = [];
    let restarts = 0;
    const [set, clear] = [globalThis.setTimeout, globalThis.clearTimeout];
    t.teardown(() => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }));
    const started = (run: () => void, wait: number) => {
      const refresh = () => void restarts++;
      const timer = { run, wait, isOver: false, refresh, unref: () => timer };
      timers.push(timer);
      return timer;
    };
    const cleared = (timer?: { isOver: boolean }) => {
      if (timer) timer.isOver = true;
    };
    Object.assign(globalThis, { setTimeout: started, clearTimeout: cleared });
    const running = () => timers.filter(({ isOver }) => !isOver).length;
    const queue = new WatcherQueue(500);
    const slow: PuntError[] = [];
    queue.onSlow = (error) => void slow.push(error);
    queue.change("1", event("a", undefined, "INIT"));
    queue.change("2", event("b", undefined, "INIT"));
    t.deepEqual([timers.length, running(), timers[0]!.wait, restarts], [1, 1, 500, 0]);
    await queue.next();
    t.deepEqual([timers.length, running(), restarts], [1, 1, 1]);
    await queue.next();
    t.deepEqual([timers.length, running()], [1, 0]);
    queue.progress("3");
    queue.clear();
    t.deepEqual([timers.length, running()], [2, 0]);
    queue.progress("4");
    queue.close();
    t.deepEqual([timers.length, running()], [3, 0]);
    queue.clear();
    queue.progress("5");
    timers.at(-1)!.run();
    await new Promise((resolve) => void setImmediate(resolve));
    const error = await t.throwsAsync<PuntError>(queue.next(), { code: "ERR_SLOW_WATCHER" });
    t.is(error!.message, "punt.watch: the watcher did not read for 500 ms");
    t.is(error!.op, "punt.watch");
    t.deepEqual(slow, [error!]);
    t.is(running(), 0);
  },
);
