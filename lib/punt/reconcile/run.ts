// Performs steps: deletions first, then creations, each as soon as the steps that it depends on are done.
import { PuntError } from "../../errors.js";
import { type ActContext, type Facts, goneIndex, interfaceKey, kindOf, type Surroundings } from "../items/index.js";
import { dependentsIn, prerequisites, type Step } from "../plan/index.js";
import { asPuntError } from "./look-errors.js";
import { performInOrder } from "./step-order.js";

export interface RunContext extends Surroundings, Pick<ActContext, "note" | "namespace" | "secretOf"> {
  /** Performs a step in the span of the punt that it is for. */
  readonly spans?: StepSpans | undefined;
}

export interface StepSpans {
  step(name: string, users: readonly string[], perform: () => Promise<void>): Promise<void>;
}

/** Errors of steps, by key. A step that depends on a failed one is not tried and has the same error. */
export type Failures = Map<string, PuntError>;

export async function run(steps: readonly Step[], facts: Facts, from: RunContext): Promise<Failures> {
  const failures: Failures = new Map();
  const context = actContext(facts, from);
  const removals = steps.filter(takesAway);
  const dependents = removals.length === 0 ? undefined : dependentsIn(facts);
  await performAll(
    removals,
    // Objects that depend on it go first.
    ({ key }) => (dependents?.get(key) ?? []).map((seen) => seen.key),
    failures,
    (step) => kindOf(step.seen!).delete(context, step.seen!),
  );
  await performAll(
    steps.filter(makes),
    ({ key, item }) => [key, ...prerequisites(item!)],
    failures,
    (step) => inSpanOf(from, step, () => make(context, step)),
  );
  return failures;
}

function inSpanOf({ spans }: RunContext, { action, key, item }: Step, perform: () => Promise<void>): Promise<void> {
  return spans ? spans.step(`${action} ${key}`, item!.users, perform) : perform();
}

function takesAway({ action }: Step): boolean {
  return action === "delete" || action === "replace";
}

function makes({ action }: Step): boolean {
  return action !== "delete";
}

function make(context: ActContext, { action, item, seen, key }: Step): Promise<void> {
  const kind = kindOf(item!);
  return action === "update" ? kind.update!(context, seen!, item!.value) : kind.create(context, item!.value, key);
}

/** Performs each step when the steps that it waits for are settled. A failure of either phase holds back the steps that wait for it. */
function performAll(
  steps: readonly Step[],
  waitsFor: (step: Step) => string[],
  failures: Failures,
  perform: (step: Step) => Promise<void>,
): Promise<void> {
  return performInOrder(steps, waitsFor, async (step, first) => {
    const reason = first.map((key) => failures.get(key)).find((error) => error !== undefined);
    if (reason) failures.set(step.key, reason);
    else await perform(step).catch((error) => failures.set(step.key, asPuntError(error, step.key)));
  });
}

function actContext(facts: Facts, from: RunContext): ActContext {
  const made = new Map<string, number>();
  const byId = new Map(facts.interfaces.map((found) => [found.id, found.swIfIndex]));
  const indexOfItem = (key: string) => made.get(key) ?? facts.seen.get(key)?.index ?? missing(key);
  const indexOf = (id: string) =>
    made.get(interfaceKey(id)) ?? byId.get(id) ?? goneIndex(id) ?? missing(interfaceKey(id));
  const begun = new Map<string, Promise<void>>();
  const once = (name: string, task: () => Promise<void>) => {
    if (!begun.has(name)) begun.set(name, task());
    return begun.get(name)!;
  };
  return { ...from, facts, indexOf, indexOfItem, made: (key, index) => void made.set(key, index), once };
}

function missing(key: string): never {
  throw new PuntError("punt.reconcile", "ENOENT", `${key} is not there`, { item: key });
}
