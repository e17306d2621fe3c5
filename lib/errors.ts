// The one error class of the package.

/** Why an operation failed, as a word that a program can test for. Errors of the operating system keep their errno name (`EACCES`). */
export type ErrorCode = string;

/** Facts about an error beyond its message, such as the path of a bad field. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The one error class of this package.
 *
 * `op` names the operation that failed (`"memif.open"`, `"punt.add"`), `code` says why as a constant, the message says what and where
 * for a person, and `cause` is the error underneath, if there is one.
 * @example
 * ```ts
 * import { Memif, PuntError } from "vpp-punt";
 *
 * try {
 *   Memif.open({ role: "server", socket: "/run/cnf/memif.sock" });
 * } catch (error) {
 *   if (!(error instanceof PuntError) || error.code !== "EADDRINUSE") throw error;
 *   console.error(`${error.op}: another program serves the socket`);
 * }
 * ```
 */
export class PuntError extends Error {
  override readonly name = "PuntError";
  readonly op: string;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(op: string, code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(`${op}: ${message}`, cause === undefined ? undefined : { cause });
    this.op = op;
    this.code = code;
    this.details = details;
  }
}

/** Returns the message without the operation, which the constructor puts before it. */
export function messageOf({ op, message }: Pick<PuntError, "op" | "message">): string {
  return message.startsWith(`${op}: `) ? message.slice(op.length + 2) : message;
}

/** Returns an error as that of another operation. */
export function renamed(op: string, reason: PuntError): PuntError {
  const { code, details } = reason;
  return new PuntError(op, code, messageOf(reason), details, reason);
}

/** Returns what a YAML parser says, on one line. It ends the line with a colon, and quotes the document below. */
export function yamlErrorText({ message }: Pick<Error, "message">): string {
  return message.split("\n")[0]!.replace(/:$/, "");
}
