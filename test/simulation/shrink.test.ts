// The search for a short history: it keeps what makes the list fail, and nothing else.
import test from "ava";
import { shrink } from "./shrink.js";

interface Step {
  readonly op: string;
  readonly after: number;
  readonly isOn: boolean;
  readonly punt: { readonly subject: number; readonly names: readonly string[] };
}

function step(op: string): Step {
  return { op, after: 90, isOn: true, punt: { subject: 3, names: ["a"] } };
}

test("a list is cut down to the elements that fail together, with simple arguments", async (t) => {
  const list = Array.from({ length: 30 }, (_, at) => step(`op-${at}`));
  const has = (steps: readonly Step[], op: string) => steps.find((each) => each.op === op);
  const fails = async (steps: readonly Step[]) =>
    has(steps, "op-7") !== undefined && (has(steps, "op-23")?.after ?? 0) > 20;
  const found = await shrink(list, { fails, mayTry: () => true });
  const simple = { isOn: false, punt: { subject: 0, names: [] } };
  t.deepEqual(found, [
    { op: "op-7", after: 0, ...simple },
    { op: "op-23", after: 22, ...simple },
  ]);
});

test("the search ends after its tries, with a list that fails", async (t) => {
  let left = 5;
  const list = Array.from({ length: 30 }, (_, at) => step(`op-${at}`));
  const fails = async (steps: readonly Step[]) => {
    left--;
    return steps.some(({ op }) => op === "op-0");
  };
  const found = await shrink(list, { fails, mayTry: () => left > 0 });
  t.true(left >= 0);
  t.true(found.length < list.length);
  t.is(found[0]!.op, "op-0");
});
