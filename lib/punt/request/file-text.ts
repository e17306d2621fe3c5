// The text of a file that a user wrote.
import { PuntError } from "../../errors.js";
import { readBytes } from "../../files/index.js";

const OP = "punt.load";
const NEWLINE = 10;

/** Reads a file. @throws PuntError the errno name if it cannot be read; `ERR_INVALID_FILE`: it is not UTF-8, or has a NUL */
export async function readText(path: string): Promise<string> {
  try {
    return decodeText(await readBytes(path), path);
  } catch (cause) {
    if (cause instanceof PuntError) throw cause;
    const { code = "EIO", message } = cause as NodeJS.ErrnoException;
    throw new PuntError(OP, code, `cannot read ${path}: ${message}`, { path }, cause);
  }
}

/**
 * Decodes UTF-8 without NUL characters. `name` is the name of the file in errors.
 *
 * @throws PuntError `ERR_INVALID_FILE`, with the line of the first bad byte
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    throw badLine(name, bytes.subarray(0, nul).filter((byte) => byte === NEWLINE).length + 1, "has a NUL character");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw badLine(name, lineOfBadByte(bytes), "is not text in UTF-8");
  }
}

function badLine(name: string, line: number, fault: string): PuntError {
  const place = { line, column: 1 };
  const message = `the line ${fault}`;
  const details = { path: name, ...place, problems: [{ ...place, field: "", message }] };
  return new PuntError(OP, "ERR_INVALID_FILE", `${name}:${line}:1: ${message}`, details);
}

/** A byte that is not UTF-8 decodes to a replacement, which is longer or was not in the line before. */
function lineOfBadByte(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const text = bytes.subarray(start, end);
    if (!Buffer.from(Buffer.from(text).toString("utf8")).equals(text)) return line;
    start = end + 1;
  }
  return line;
}
