// Shows outcomes: as a table for people, and as JSON.
import { cpus, release } from "node:os";
import type { Outcome } from "./measure.js";

const COLUMNS = ["trial", "ours", "peer", "ratio", "min", "max", "target", ""] as const;

/** Returns the machine that the figures belong to, in one line. */
export function machine(): string {
  const cores = cpus();
  return `${cores.length} x ${cores[0]?.model.trim() ?? "unknown CPU"}, Linux ${release()}, Node ${process.version}`;
}

/** Returns the outcomes as a table. */
export function table(outcomes: readonly Outcome[]): string {
  const lines = [[...COLUMNS], ...outcomes.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The output of `--json` and `--save`. */
export interface Report {
  readonly machine: string;
  readonly date: string;
  readonly trials: readonly Outcome[];
}

export function reportOf(outcomes: readonly Outcome[]): Report {
  return { machine: machine(), date: new Date().toISOString(), trials: outcomes };
}

function cells(outcome: Outcome): string[] {
  const { name, unit, ours, peer, ratio, min, max, target, ok, disturbed } = outcome;
  const figures = [`${short(ours)} ${unit}`, short(peer), short(ratio), short(min), short(max)];
  const verdict = `${ok ? "ok" : "MISSED"}${disturbed > 0 ? `, ${disturbed} runs disturbed` : ""}`;
  return [name, ...figures, target, verdict];
}

/** Returns three significant digits, which is more than these machines repeat. */
export function short(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${(value / 1e3).toPrecision(3)}k`;
  return size >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(3);
}
