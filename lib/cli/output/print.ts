// Formats of output: aligned columns, JSON and YAML.
import { yaml as loadYaml } from "../../lazily.js";
import { type Color, paint, terminalWidth } from "./terminal.js";

type Cell = string | number | undefined;

interface TableOptions {
  /** Columns of the terminal: the last column is cut to fit. Default: the terminal's, or no limit. */
  readonly width?: number | undefined;
  /** The color of a cell. */
  readonly color?: (text: string, column: number) => Color | undefined;
}

/** Control characters. A terminal obeys them, and a name or a message from elsewhere may contain them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is about them.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** `text` without the characters that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(CONTROL, "?");
}

/** Returns rows under headings: columns padded to their widest cell, numbers to the right, lines no wider than the terminal. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width = terminalWidth(), color }: TableOptions = {},
): string {
  const cells = [headings, ...rows].map((row) => headings.map((_, column) => printable(String(row[column] ?? ""))));
  const widths = narrow(
    headings.map((_, column) => Math.max(...cells.map((row) => row[column]!.length))),
    headings.map((heading) => heading.length),
    width,
  );
  const isNumeric = headings.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const pad = (text: string, column: number) =>
    isNumeric[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  const show = (row: readonly string[], isHeading: boolean) => {
    const padded = row.map((text, column) => {
      const cell = pad(cut(text, widths[column]!), column);
      const tint = isHeading ? undefined : color?.(text, column);
      return tint ? cell.replace(cell.trim(), (word) => paint(tint, word)) : cell;
    });
    return padded.join("  ").trimEnd();
  };
  return cells.map((row, index) => show(row, index === 0)).join("\n");
}

/** Narrows the widest columns until all fit into `limit`; none below its heading or 6 characters. */
function narrow(widths: number[], least: readonly number[], limit: number | undefined): number[] {
  const total = () => widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1);
  while (limit !== undefined && total() > limit) {
    const room = widths.map((width, column) => (width > Math.max(least[column]!, 6) ? width : 0));
    const widest = room.indexOf(Math.max(...room));
    if (room[widest] === 0) break;
    widths[widest]!--;
  }
  return widths;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Values that JSON lacks: bytes in hex, 64-bit integers as numbers where exact, else as decimal text. */
function plain(_key: string, item: unknown): unknown {
  if (item instanceof Uint8Array) return Buffer.from(item).toString("hex");
  if (typeof item !== "bigint") return item;
  return Number.isSafeInteger(Number(item)) ? Number(item) : item.toString();
}

/** Returns one JSON value, indented. */
export function json(value: unknown): string {
  return JSON.stringify(value, plain, 2);
}

/** Returns one JSON value on a line. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, plain);
}

/** Returns one YAML document. */
export function yaml(value: unknown): string {
  return loadYaml()
    .stringify(JSON.parse(jsonLine(value)), { lineWidth: 0 })
    .trimEnd();
}

/** Returns a number with the word for what it counts: "1 punt", "2 punts". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Returns `1 packet, 46 bytes`. */
export function traffic({ packets, bytes }: { readonly packets: number; readonly bytes: number }): string {
  return `${counted(packets, "packet")}, ${counted(bytes, "byte")}`;
}

const UNITS = ["", "k", "M", "G", "T"];

/** Returns three digits and a unit of thousands: `1.23k`. */
export function inThousands(value: number): string {
  if (value < 1000) return `${value}`;
  // The digits first: 999,999 is 1.00M.
  const rounded = Number(value.toPrecision(3));
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(rounded) / 3));
  const scaled = rounded / 1000 ** step;
  return `${scaled < 1000 ? scaled.toPrecision(3) : scaled}${UNITS[step]}`;
}
