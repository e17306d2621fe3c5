// The text of a file that a user wrote.
import { PuntError } from "../../errors.js";
import { readBytes } from "../../read-file.js";

const OP = "punt.load";

/** Reads a file. @throws PuntError the errno name if it cannot be read; `ERR_INVALID_FILE`: it is not UTF-8 */
export async function readText(path: string): Promise<string> {
  try {
    return decodeText(await readBytes(path), path);
  } catch (cause) {
    if (cause instanceof PuntError) throw cause;
    const { code = "EIO", message } = cause as NodeJS.ErrnoException;
    throw new PuntError(OP, code, `cannot read ${path}: ${message}`, { path }, cause);
  }
}

/** Decodes UTF-8. `name` is the name of the file in errors. @throws PuntError `ERR_INVALID_FILE`, with the line of the first bad byte */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const place = { line: lineOfBadByte(bytes), column: 1 };
    const message = "the line is not text in UTF-8";
    const problems = [{ ...place, field: "", message }];
    const text = `${name}:${place.line}:1: ${message}`;
    throw new PuntError(OP, "ERR_INVALID_FILE", text, { path: name, ...place, problems });
  }
}

/** A byte that is not UTF-8 decodes to a replacement, which is longer or was not in the line before. */
function lineOfBadByte(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    const text = bytes.subarray(start, end);
    if (!Buffer.from(Buffer.from(text).toString("utf8")).equals(text)) return line;
    start = end + 1;
  }
  return line;
}
