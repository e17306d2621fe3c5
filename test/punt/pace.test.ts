// The time between two looks at a VPP where nothing happens.
import test from "ava";
import { Pace } from "../../lib/punt/reconcile/index.js";

test("looks come every 10 s, and at most every 200 times as long as a look takes of a core, up to a minute", (t) => {
  const pace = new Pace();
  t.is(pace.interval, 10_000);
  for (const [active, interval] of [
    [1, 10_000],
    [50, 10_000],
    [51, 10_200],
    [130, 26_000],
    [300, 60_000],
    [5_000, 60_000],
    [2, 10_000],
  ] as const) {
    pace.looked(active);
    t.is(pace.interval, interval, `${active} ms`);
  }
});

test("a wanted time stays, however long a look takes", (t) => {
  const pace = new Pace(500);
  pace.looked(5_000);
  t.is(pace.interval, 500);
});

test("a look is as long as it keeps the event loop busy; its waits do not count", async (t) => {
  const pace = new Pace();
  const waits = () => new Promise((resolve) => setTimeout(resolve, 400, "seen"));
  t.is(await pace.during(waits), "seen");
  const waited = pace.interval;
  await pace.during(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + 400;
    while (performance.now() < end);
  });
  t.is(pace.interval, 60_000);
  t.true(waited < 60_000, `${waited} ms`);
});
