// An error in a field of a message, with the path of the field.
/**
 * What a codec throws: the problem, and the path of the field it is in, which grows on the way out. The message that was
 * being encoded or decoded turns it into a PuntError.
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

/** An error on its way out of the field `segment`. Anything but a FieldError is a bug and passes unchanged. */
export function within(error: unknown, segment: string): unknown {
  return error instanceof FieldError ? error.within(segment) : error;
}

/** A value for an error message: short, whatever it is. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}
