// Performs steps: deletions first, then creations, each as soon as the steps that it depends on are done.
import { PuntError } from "../../errors.js";
import type { Facts, Note } from "../items/index.js";
import { type ActContext, goneIndex, interfaceKey, kindOf, type Surroundings } from "../items/index.js";
import { dependentsIn, prerequisites, type Step } from "../plan/index.js";
import { asPuntError } from "./observe.js";

/** Steps under way at once. VPP answers in order; more steps would only fill its queues. */
const WINDOW = 256;

export interface RunContext extends Surroundings {
  note(key: string, value: Note): void;
  namespace(id: number): string;
  secretOf(name: string): string;
}

/** Errors of steps, by key. A step that depends on a failed one is not tried and has the same error. */
export type Failures = Map<string, PuntError>;

export async function run(steps: readonly Step[], facts: Facts, from: RunContext): Promise<Failures> {
  const failures: Failures = new Map();
  const context = actContext(facts, from);
  const dependents = dependentsIn(facts);
  await performAll(
    steps.filter(takesAway),
    // Objects that depend on it go first.
    ({ key }) => (dependents.get(key) ?? []).map((seen) => seen.key),
    failures,
    (step) => kindOf(step.seen!).delete(context, step.seen!),
  );
  await performAll(
    steps.filter(makes),
    ({ key, item }) => [key, ...prerequisites(item!)],
    failures,
    (step) => make(context, step),
  );
  return failures;
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
async function performAll(
  steps: readonly Step[],
  waitsFor: (step: Step) => string[],
  failures: Failures,
  perform: (step: Step) => Promise<void>,
): Promise<void> {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const slots = new Slots(WINDOW);
  const started = new Map<string, Promise<void>>();
  const start = (step: Step): Promise<void> => {
    if (!started.has(step.key)) started.set(step.key, performOne(step));
    return started.get(step.key)!;
  };
  const performOne = async (step: Step): Promise<void> => {
    const first = waitsFor(step);
    await Promise.all(first.filter((key) => key !== step.key && byKey.has(key)).map((key) => start(byKey.get(key)!)));
    const reason = first.map((key) => failures.get(key)).find((error) => error !== undefined);
    if (reason) return void failures.set(step.key, reason);
    await slots.use(() => perform(step)).catch((error) => failures.set(step.key, asPuntError(error, step.key)));
  };
  await Promise.all(steps.map(start));
}

class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

function actContext(facts: Facts, from: RunContext): ActContext {
  const made = new Map<string, number>();
  const byId = new Map(facts.interfaces.map((found) => [found.id, found.swIfIndex]));
  const indexOfItem = (key: string) => made.get(key) ?? facts.seen.get(key)?.index ?? missing(key);
  const indexOf = (id: string) =>
    made.get(interfaceKey(id)) ?? byId.get(id) ?? goneIndex(id) ?? missing(interfaceKey(id));
  return { ...from, facts, indexOf, indexOfItem, made: (key, index) => void made.set(key, index) };
}

function missing(key: string): never {
  throw new PuntError("punt.reconcile", "ENOENT", `${key} is not there`, { item: key });
}
