// The changes that a plan would make, for people and programs.

import { idText } from "../request/index.js";
import { prerequisites, type Step, type StepAction } from "./diff.js";
import type { Plan } from "./plan.js";

export interface PlannedStep {
  readonly action: StepAction;
  readonly item: string;
  readonly why: string;
  /** Identities of the punts that want the item; empty if none does. */
  readonly punts: readonly { cnf: string; key: string; label: string }[];
  readonly value?: object;
}

export interface PlannedPunt {
  readonly id: { cnf: string; key: string; label: string };
  readonly state: "PENDING" | "FAILED" | "CREATED" | "DEGRADED";
  /** The things that the punt waits for, or the reason why it is refused or would be DEGRADED. */
  readonly reasons: readonly string[];
}

/**
 * What a manager would do: the steps, and the state that each punt would have. Nothing has been changed.
 * @example
 * ```ts
 * import { PuntManager } from "vpp-punt";
 * import { Vpp } from "vpp-punt/binapi";
 *
 * await using vpp = await Vpp.connect();
 * await using manager = await PuntManager.start({ vpp });
 * const change = { type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth0" } as const;
 * const dryRun = await manager.plan({ add: [change] });
 * console.log(`${dryRun}`);
 * for (const { state, reasons } of dryRun.punts) console.log(state, reasons);
 * ```
 */
export class DryRun {
  /** Deletions first, then creations in the order of their dependencies. */
  readonly steps: readonly PlannedStep[];
  /** The state that each punt would have. */
  readonly punts: readonly PlannedPunt[];

  constructor(plan: Plan, steps: readonly Step[]) {
    this.steps = ordered(steps).map(plannedStep);
    this.punts = [...plan.punts].map(([key, punt]) => {
      if (punt.state === "waiting")
        return { id: idFrom(key), state: "PENDING", reasons: punt.missing.map((lack) => lack.text) };
      if (punt.state === "refused") return { id: idFrom(key), state: "FAILED", reasons: [punt.problem.message] };
      const reasons = punt.caveats.filter(({ degrades }) => degrades).map(({ text }) => text);
      return { id: idFrom(key), state: reasons.length > 0 ? "DEGRADED" : "CREATED", reasons };
    });
  }

  /** Returns one line for each step: `create xconnect/eth0  (wanted, and not there; for cnf1/if1)`. */
  toString(): string {
    if (this.steps.length === 0) return "nothing to do";
    return this.steps
      .map(
        ({ action, item, why, punts }) =>
          `${action.padEnd(7)} ${item}  (${[why, forWhom(punts)].filter(Boolean).join("; ")})`,
      )
      .join("\n");
  }
}

function plannedStep({ action, key, why, item, seen }: Step): PlannedStep {
  const value = item?.value ?? seen?.value;
  return { action, item: key, why, punts: (item?.users ?? []).map(idFrom), ...(value && { value }) };
}

function idFrom(key: string): { cnf: string; key: string; label: string } {
  const [cnf, name, label] = JSON.parse(key);
  return { cnf, key: name, label };
}

function forWhom(punts: PlannedStep["punts"]): string {
  const names = punts.map(idText);
  return names.length === 0 ? "" : `for ${names.join(", ")}`;
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
