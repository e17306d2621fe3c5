// Compares outcomes with those of an earlier run.
import { readFileSync } from "node:fs";
import type { Outcome } from "./measure.js";
import { type Report, short } from "./report.js";

/** One figure beside that of the baseline. */
export interface Comparison {
  readonly name: string;
  readonly before: number;
  readonly now: number;
  /** Whether the figure is outside the spread of the baseline, on its bad side. */
  readonly worse: boolean;
}

/** @throws Error if the file can't be read or isn't a baseline */
export function readBaseline(file: string): Report {
  const report = JSON.parse(readFileSync(file, "utf8")) as Partial<Report>;
  if (!Array.isArray(report.trials)) throw new Error(`${file} isn't a baseline: it has no trials`);
  return report as Report;
}

/** Compares the figures of trials that both reports have: ratios where there is a peer, else ours. */
export function compare(baseline: Report, outcomes: readonly Outcome[]): Comparison[] {
  const earlier = new Map(baseline.trials.map((outcome) => [outcome.name, outcome]));
  return outcomes.flatMap((outcome) => {
    const before = earlier.get(outcome.name);
    return before === undefined ? [] : [comparison(before, outcome)];
  });
}

function comparison(before: Outcome, now: Outcome): Comparison {
  // A target says which side is the good one: `ratio >= 0.95` is a figure that should be high.
  const high = now.target.includes(">=");
  const figure = (outcome: Outcome) => outcome.ratio ?? outcome.ours;
  const worse = high ? figure(now) < before.min : figure(now) > before.max;
  return { name: now.name, before: figure(before), now: figure(now), worse };
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  const width = Math.max(0, ...comparisons.map(({ name }) => name.length));
  return comparisons
    .map(
      ({ name, before, now, worse }) =>
        `${name.padEnd(width)}  ${short(before)} -> ${short(now)}${worse ? "  WORSE" : ""}`,
    )
    .join("\n");
}
