// Colors and the width of the terminal. A pipe or a file has neither.

/** Columns of the terminal, or undefined where standard output is not one. `COLUMNS` decides in tests and scripts. */
export function terminalWidth(): number | undefined {
  const columns = Number(process.env.COLUMNS);
  if (Number.isInteger(columns) && columns > 0) return columns;
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

let refused = false;

/** `--no-color` was given. */
export function refuseColors(): void {
  refused = true;
}

/** Colors go to a terminal only. NO_COLOR (any text but "") and TERM=dumb refuse them; FORCE_COLOR asks for them everywhere. */
function hasColors(): boolean {
  const { NO_COLOR = "", FORCE_COLOR = "", TERM } = process.env;
  if (refused || NO_COLOR !== "") return false;
  if (FORCE_COLOR !== "" && FORCE_COLOR !== "0") return true;
  return Boolean(process.stdout.isTTY) && TERM !== "dumb";
}

const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const;
export type Color = keyof typeof CODES;

/** `text` in a color, where the terminal has colors. */
export function paint(color: Color, text: string): string {
  return hasColors() ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text;
}

const STATE_COLORS: Readonly<Record<string, Color>> = {
  CREATED: "green",
  PENDING: "yellow",
  DEGRADED: "yellow",
  FAILED: "red",
};

/** The color of a punt's state. */
export function stateColor(state: string): Color | undefined {
  return STATE_COLORS[state];
}

export function isProgressShown(): boolean {
  return process.stderr.isTTY === true;
}

/** Shows progress on one line of standard error, on a terminal only. */
export function progress(text: string): void {
  if (isProgressShown()) process.stderr.write(`\r\u001b[K${text}`);
}
