// State as a text: a first line with format, version and checksum, and the state in the second line.
import { createHash } from "node:crypto";

/** The content of a text. */
export interface Sealed {
  readonly format: string;
  readonly version: number;
  /** The second line. */
  readonly body: string;
  /** Whether the checksum is that of the body. */
  readonly isWhole: boolean;
}

/** Returns the text of a state. `body` has no line break. */
export function seal(format: string, version: number, body: string): string {
  return `${JSON.stringify({ format, version, sha256: digest(body) })}\n${body}\n`;
}

/** Reads a text; returns undefined if its first line is of another kind. */
export function unseal(text: string): Sealed | undefined {
  const [head = "", body = ""] = text.split("\n");
  const { format, version = 0, sha256 } = headOf(head);
  if (format === undefined) return undefined;
  return { format, version, body, isWhole: digest(body) === sha256 };
}

function headOf(line: string): { format?: string; version?: number; sha256?: string } {
  try {
    return Object(JSON.parse(line));
  } catch {
    return {};
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
