// The order in which the steps of a plan are performed.
import { setImmediate as turn } from "node:timers/promises";
import test from "ava";
import { performInOrder } from "../../lib/punt/reconcile/step-order.js";

interface Task {
  readonly key: string;
  readonly after: string[];
}

async function performed(tasks: readonly Task[]): Promise<{ done: string[]; most: number }> {
  const done: string[] = [];
  let [running, most] = [0, 0];
  await performInOrder(
    tasks,
    ({ after }) => after,
    async ({ key }) => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      done.push(key);
    },
  );
  return { done, most };
}

test("a task is performed after all tasks that it waits for, in any order of the list", async (t) => {
  const tasks = [
    { key: "c", after: ["b", "a", "not in the list"] },
    { key: "b", after: ["a", "b", "a"] },
    { key: "d", after: [] },
    { key: "a", after: [] },
  ];
  const { done } = await performed(tasks);
  t.is(done.length, tasks.length);
  t.true(done.indexOf("a") < done.indexOf("b"));
  t.is(done.at(-1), "c");
  t.deepEqual((await performed([])).done, []);
});

test("ten thousand tasks run 256 at a time; tasks that wait for each other are left out", async (t) => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ key: `${i}`, after: i % 2 === 0 ? [] : [`${i - 1}`] }));
  const circle = [
    { key: "x", after: ["y"] },
    { key: "y", after: ["x"] },
    { key: "z", after: ["x"] },
  ];
  const { done, most } = await performed([...circle, ...many]);
  t.is(done.length, many.length);
  t.is(most, 256);
});
