// What commands print: aligned columns for a person, JSON for a program.

type Cell = string | number | undefined;

/** Rows under headings, columns padded to their widest cell, numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = [headings, ...rows].map((row) => headings.map((_, column) => String(row[column] ?? "")));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const isNumeric = headings.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const pad = (text: string, column: number) =>
    isNumeric[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  return cells.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** One JSON value for a program to read; 64-bit integers as numbers where exact, else as decimal strings. */
export function json(value: unknown): string {
  const replace = (_key: string, item: unknown) => {
    if (item instanceof Uint8Array) return Buffer.from(item).toString("hex");
    if (typeof item !== "bigint") return item;
    return Number.isSafeInteger(Number(item)) ? Number(item) : item.toString();
  };
  return JSON.stringify(value, replace, 2);
}
