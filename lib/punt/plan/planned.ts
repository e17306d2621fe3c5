// Describes what a plan and its open steps would change.
import { prerequisites, type Step } from "./diff.js";
import { DryRun, type PlannedPunt, type PlannedStep } from "./dry-run.js";
import type { Plan } from "./plan.js";

interface Due {
  readonly plan: Plan;
  /** The steps that are left, by key. */
  readonly open: ReadonlyMap<string, Step>;
}

/** Returns what a manager would do: the steps in their order, and the state that each punt of the plan would have. */
export function dryRun({ plan, open }: Due): DryRun {
  const punts = [...plan.punts].map(([key, punt]): PlannedPunt => {
    if (punt.state === "waiting")
      return { id: idFrom(key), state: "PENDING", reasons: punt.missing.map((lack) => lack.text) };
    if (punt.state === "refused") return { id: idFrom(key), state: "FAILED", reasons: [punt.problem.message] };
    const reasons = punt.caveats.filter(({ degrades }) => degrades).map(({ text }) => text);
    return { id: idFrom(key), state: reasons.length > 0 ? "DEGRADED" : "CREATED", reasons };
  });
  return new DryRun(ordered([...open.values()]).map(plannedStep), punts);
}

function plannedStep({ action, key, why, item, seen }: Step): PlannedStep {
  const value = item?.value ?? seen?.value;
  return { action, item: key, why, punts: (item?.users ?? []).map(idFrom), ...(value && { value }) };
}

function idFrom(key: string): { cnf: string; key: string; label: string } {
  const [cnf, name, label] = JSON.parse(key);
  return { cnf, key: name, label };
}

function ordered(steps: readonly Step[]): Step[] {
  const made = steps.filter(({ action }) => action !== "delete");
  const byKey = new Map(made.map((step) => [step.key, step]));
  const sorted = new Set<Step>();
  const visit = (step: Step) => {
    if (sorted.has(step)) return;
    for (const key of prerequisites(step.item!)) if (key !== step.key && byKey.has(key)) visit(byKey.get(key)!);
    sorted.add(step);
  };
  made.forEach(visit);
  return [...steps.filter(({ action }) => action === "delete"), ...sorted];
}
