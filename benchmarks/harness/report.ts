import { cpus, release } from "node:os";
import type { Outcome } from "./measure.js";

const COLUMNS = ["trial", "ours", "peer", "ratio", "min", "max", "target", ""] as const;

/** What the figures were measured on, in one line. */
export function machine(): string {
  const cores = cpus();
  return `${cores.length} x ${cores[0]?.model.trim() ?? "unknown CPU"}, Linux ${release()}, Node ${process.version}`;
}

/** The outcomes as a table for people. */
export function table(outcomes: readonly Outcome[]): string {
  const lines = [[...COLUMNS], ...outcomes.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The outcomes as the JSON object that `--json` prints. */
export function json(outcomes: readonly Outcome[]): string {
  const trials = outcomes.map(({ unit, name, ...figures }) => ({ name: `${name} (${unit})`, ...figures }));
  return JSON.stringify({ machine: machine(), trials });
}

function cells(o: Outcome): string[] {
  const figures = [`${short(o.ours)} ${o.unit}`, short(o.peer), short(o.ratio), short(o.min), short(o.max)];
  return [o.name, ...figures, o.target, o.ok ? "ok" : "MISSED"];
}

/** Three digits that count, which is more than these machines repeat. */
function short(value: number | null): string {
  if (value === null) return "-";
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${(value / 1e3).toPrecision(3)}k`;
  return size >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(3);
}
