// Makes what is there equal to the plan: reads, compares, does the difference, and reads again until nothing is left to do.
import { PuntError } from "../../errors.js";
import type { Facts } from "../items/index.js";
import { kindOf } from "../items/index.js";
import { type Desired, dependentsIn, makePlan, type Plan, prerequisites, type Step, stepsFor } from "../plan/index.js";
import { type Interest, observe } from "./observe.js";
import type { Retries } from "./retries.js";
import { type Failures, type RunContext, run } from "./run.js";

/** A step may reveal others: a HAIRPIN's new interface is what another punt waits for. Each round deals with one such layer. */
const mostRounds = 12;

export interface Reconciled {
  readonly facts: Facts;
  readonly plan: Plan;
  /** What is still to be done: held back after a failure, or failing. */
  readonly open: readonly Step[];
}

export interface ReconcilerHooks {
  readonly retries: Retries;
  /** The desired state now, without the punts that came after `interest` was taken: what was read says nothing of what they need. */
  desired(interest: Interest): Desired;
  interest(): Interest;
  context(): RunContext;
  /** Writes to the store, before they are made, what VPP cannot tell of objects. */
  claim(claims: ReadonlyMap<string, string>): Promise<void>;
  /** After each round: punts may be settled before others are. */
  settled(result: Reconciled): void;
}

/** @throws PuntError if VPP could not be read, or the store not be written */
export async function reconcile(hooks: ReconcilerHooks): Promise<Reconciled> {
  const done = new Map<string, number>();
  for (let round = 1; ; round++) {
    const interest = hooks.interest();
    const facts = await observe(hooks.context(), interest);
    const plan = makePlan(hooks.desired(interest), facts);
    const open = stepsFor(plan, facts);
    forgetSolved(hooks.retries, open);
    giveUp(open, hooks.retries, done);
    const due = withoutHeld(open, hooks.retries, facts);
    hooks.settled({ facts, plan, open });
    if (due.length === 0 || round === mostRounds) return { facts, plan, open };
    await claimFor(due, hooks);
    recordFailures(await run(due, facts, hooks.context()), due, hooks.retries, done);
  }
}

/** Reads and compares only. */
export async function preview(
  hooks: Pick<ReconcilerHooks, "desired" | "interest" | "context">,
): Promise<{ plan: Plan; steps: Step[] }> {
  const interest = hooks.interest();
  const facts = await observe(hooks.context(), interest);
  const plan = makePlan(hooks.desired(interest), facts);
  return { plan, steps: stepsFor(plan, facts) };
}

function forgetSolved(retries: Retries, open: readonly Step[]): void {
  const unsolved = new Set(open.map((step) => step.key));
  for (const key of retries.keys()) if (!unsolved.has(key)) retries.succeeded(key);
}

/** How often one step may be needed again right after it was done, before it counts as not kept by VPP. */
const mostRepeats = 3;

function giveUp(steps: readonly Step[], retries: Retries, done: ReadonlyMap<string, number>): void {
  for (const step of steps) {
    if ((done.get(doneKey(step)) ?? 0) >= mostRepeats && !retries.isHeld(step.key))
      retries.failed(step.key, notKept(step));
  }
}

/** Without what is held back, and without what waits for that: what is built on it, and what it is built on if that goes away. */
function withoutHeld(steps: readonly Step[], retries: Retries, facts: Facts): Step[] {
  const held = steps.filter((step) => retries.isHeld(step.key)).map((step) => step.key);
  if (held.length === 0) return [...steps];
  const blocked = new Set<string>();
  const blocks = blocking(steps, facts);
  for (let key = held.pop(); key !== undefined; key = held.pop()) {
    if (blocked.has(key)) continue;
    blocked.add(key);
    held.push(...(blocks.get(key) ?? []));
  }
  return steps.filter((step) => !blocked.has(step.key));
}

/** By key: the steps that cannot be done before it. */
function blocking(steps: readonly Step[], facts: Facts): Map<string, string[]> {
  const blocks = new Map<string, string[]>();
  const add = (key: string, blocked: string) => {
    const list = blocks.get(key);
    if (list) list.push(blocked);
    else blocks.set(key, [blocked]);
  };
  const dependents = dependentsIn(facts);
  for (const step of steps) {
    if (step.item) for (const key of prerequisites(step.item)) add(key, step.key);
    if (step.action === "delete" || step.action === "replace")
      for (const seen of dependents.get(step.key) ?? []) add(seen.key, step.key);
  }
  return blocks;
}

function notKept({ key, why }: Step): PuntError {
  return new PuntError("punt.reconcile", "NOT_KEPT", `VPP confirmed ${key} and does not have it so: ${why}`, {
    item: key,
  });
}

function doneKey({ action, key }: Step): string {
  return `${action} ${key}`;
}

async function claimFor(steps: readonly Step[], hooks: ReconcilerHooks): Promise<void> {
  const claims = new Map<string, string>();
  for (const { item, key } of steps) {
    const claim = item && kindOf(item).claim?.(item.value);
    if (claim !== undefined) claims.set(key, claim);
  }
  if (claims.size > 0) await hooks.claim(claims);
}

function recordFailures(failures: Failures, steps: readonly Step[], retries: Retries, done: Map<string, number>): void {
  for (const step of steps) {
    const error = failures.get(step.key);
    if (error) retries.failed(step.key, error);
    else done.set(doneKey(step), (done.get(doneKey(step)) ?? 0) + 1);
  }
}
