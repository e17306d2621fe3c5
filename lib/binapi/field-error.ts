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
