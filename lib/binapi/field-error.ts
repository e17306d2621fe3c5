// An error in a field of a message, with the path of the field.
/**
 * A codec's error: the problem, and the path of the field that has it. The path grows while the error leaves nested codecs. The
 * message that was being encoded or decoded turns the error into a PuntError.
 */
export class FieldError extends Error {
  path = "";

  constructor(
    readonly problem: string,
    readonly code = "ERR_INVALID_VALUE",
  ) {
    super(problem);
  }

  /** Puts `segment` (a field's name, or `[3]`) in front of the path. */
  within(segment: string): this {
    const joint = this.path === "" || this.path.startsWith("[") ? "" : ".";
    this.path = `${segment}${joint}${this.path}`;
    return this;
  }
}

/** Adds the field `segment` to the path of an error. Any error but a FieldError is a bug, and is returned unchanged. */
export function within(error: unknown, segment: string): unknown {
  return error instanceof FieldError ? error.within(segment) : error;
}

/** Describes any value for an error message, in short. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}
