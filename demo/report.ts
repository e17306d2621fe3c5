// The demo's output: lines for a person as it goes, or one JSON object at the end.
import { table } from "../lib/cli/output/print.js";

/** Where the demo tells what it does. With `--json` all of it is silent. */
export interface Report {
  heading(text: string): void;
  line(text: string): void;
  /** A line that is replaced by the next one, where the output is a terminal. */
  live(text: string): void;
  table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
}

const CLEAR_LINE = "\r\x1b[2K";

class ConsoleReport implements Report {
  private isLive = false;

  heading(text: string): void {
    this.line(`\n== ${text}`);
  }

  line(text: string): void {
    this.endLive();
    console.log(text);
  }

  live(text: string): void {
    if (process.stdout.isTTY) process.stdout.write(`${CLEAR_LINE}${text}`);
    else console.log(text);
    this.isLive = process.stdout.isTTY;
  }

  table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    this.line(table(headings, rows));
  }

  private endLive(): void {
    if (this.isLive) process.stdout.write("\n");
    this.isLive = false;
  }
}

const silent: Report = { heading() {}, line() {}, live() {}, table() {} };

export function createReport(isSilent: boolean): Report {
  return isSilent ? silent : new ConsoleReport();
}
