// Derives the situation of each punt from the plan and the steps that are left.
import { messageOf, type PuntError } from "../../errors.js";
import { hiddenBy, type Notes } from "../items/index.js";
import type { PuntPlan, Step } from "../plan/index.js";
import type { Reconciled, Retries } from "../reconcile/index.js";
import { failureText } from "../state.js";
import type { Caveat } from "../types/index.js";
import type { Entry, Situation } from "./entry.js";
import { failureOf, notedFailure } from "./failure-notes.js";
import { itemsOf } from "./leaving.js";

/** Returns the situation of a punt, or undefined while the manager works on it. */
export function judge(entry: Entry, plan: PuntPlan, result: Reconciled): Situation | undefined {
  if (plan.state === "waiting") {
    return {
      state: "PENDING",
      missing: plan.missing,
      cause: `waits for ${plan.missing.map((lack) => lack.text).join(", ")}`,
    };
  }
  if (plan.state === "refused") return refused(entry, plan.problem, result.nextLook);
  const steps = plan.items.flatMap((key) => result.open.get(key) ?? []);
  return steps.length === 0 ? complete(plan.caveats) : failureIn(steps, result.retries);
}

/** Steps that a situation names. */
const MOST_NAMED = 3;

/** Returns the situation of a punt that another process has to create. `notes` has the failures of that process. */
export function unfinished(plan: PuntPlan, { open }: Reconciled, notes: Notes): Situation | undefined {
  if (plan.state !== "ready") return undefined;
  const steps = plan.items.flatMap((key) => open.get(key) ?? []);
  for (const { key } of steps) {
    const failure = notedFailure(notes, key);
    if (failure) return { state: "FAILED", failure, cause: failureText(failure) };
  }
  const names = steps.slice(0, MOST_NAMED).map(({ action, key }) => `${action} ${key}`);
  const more = steps.length > names.length ? [`and ${steps.length - names.length} more`] : [];
  const count = steps.length === 1 ? "1 step" : `${steps.length} steps`;
  const text = `${count} that the manager of the store has to do: ${[...names, ...more].join(", ")}`;
  return { state: "PENDING", missing: [{ kind: "manager", name: "manager", text }], cause: `waits for ${text}` };
}

/**
 * Returns the situation of a deleted punt: DELETED when no object of it still has to be deleted, or to become another punt's. The items of a punt that this process has
 * only seen waiting are not known, so that each deletion may be of one of them.
 */
export function judgeLeaving(entry: Entry, result: Reconciled): Situation | undefined {
  const { open, leaving, retries } = result;
  const waiting = leaving?.punts.get(entry.key);
  if (entry.items === undefined && waiting === undefined) return undefined;
  const steps = entry.everyItem?.flatMap((key) => open.get(key) ?? []) ?? [...open.values()];
  const removals = steps.filter((step) => step.action === "delete" || entry.isHandedOn(step));
  if (removals.length > 0) return failureIn(removals, retries);
  const items = [...(entry.items ?? itemsOf(waiting!)), ...(entry.former ?? [])];
  return hidden(entry, items, result) ?? { state: "DELETED", cause: "nothing of it is left" };
}

/** Returns the situation of a deleted punt with an object of which nothing is known, and that no other punt has. */
function hidden(entry: Entry, items: readonly string[], { facts, plan, nextLook }: Reconciled): Situation | undefined {
  for (const item of items) {
    if (plan.items.has(item) || plan.kept.has(item)) continue;
    const error = hiddenBy(item, facts);
    if (!error) continue;
    const message = `${item} cannot be removed: ${messageOf(error)}`;
    return refused(entry, { item, code: error.code, message }, nextLook);
  }
  return undefined;
}

function complete(caveats: readonly Caveat[]): Situation {
  const degrading = caveats.filter(({ degrades }) => degrades);
  if (degrading.length === 0) return { state: "CREATED", cause: "VPP has every item of it" };
  const reasons = degrading.map(({ code, text, remedy }) => ({ code, text, remedy }));
  return { state: "DEGRADED", reasons, cause: reasons.map(({ text }) => text).join("; ") };
}

function refused(entry: Entry, problem: { item: string; code: string; message: string }, nextLook: number): Situation {
  const same = entry.situation.failure?.message === problem.message;
  const failure = {
    item: problem.item,
    code: problem.code,
    message: problem.message,
    attempts: same ? entry.situation.failure!.attempts : 1,
  };
  return { state: "FAILED", failure: { ...failure, nextTry: new Date(nextLook) }, cause: problem.message };
}

function failureIn(steps: readonly Step[], retries: Retries): Situation | undefined {
  for (const { key } of steps) {
    const failed = retries.get(key);
    if (failed) {
      const failure = failureOf(failed);
      return { state: "FAILED", failure, cause: failureText(failure) };
    }
  }
  return undefined;
}

/** Returns the situation of a punt while VPP as a whole cannot be read or changed. `nextTry`: milliseconds since the epoch. */
export function failedAtVpp(
  { code, message }: Pick<PuntError, "code" | "message">,
  attempts: number,
  nextTry: number,
): Situation {
  const failure = { item: "vpp", code, message, attempts, nextTry: new Date(nextTry) };
  return { state: "FAILED", failure, cause: message };
}
