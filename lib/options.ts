// The checks of options that an application passes: one wording and one error for the whole package.
import { type ErrorDetails, messageOf, PuntError } from "./errors.js";

/** The longest path that `sockaddr_un` holds together with its NUL, in bytes. */
export const MAX_SOCKET_PATH = 107;

/** The longest time that `setTimeout` takes, in ms: it fires at once for a longer one. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Returns the options that are set. An undefined option has its default, as if it was left out. */
export function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Runs an operation whose options are the group `group` of others. Its errors name that group too, as in `manager.owner`. */
export async function fromGroup<T>(group: string, operation: () => T): Promise<Awaited<T>> {
  try {
    return await operation();
  } catch (error) {
    const { op, code, details = {}, cause } = error as PuntError;
    const name = details.option;
    if (!(error instanceof PuntError) || typeof name !== "string") throw error;
    const option = `${group}.${name}`;
    const message = messageOf(error).replace(name, option);
    throw new PuntError(op, code, message, { ...details, option }, cause);
  }
}

/** Tells whether a value is an AbortSignal, of Node's or of a library that has its own. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}

/**
 * Checks the options of one operation, and returns each value with its type.
 *
 * Every method throws a PuntError `ERR_OPTION` with `details.option` when the value breaks its rule. The message names the
 * option, lists what is allowed, and shows the value.
 */
export class OptionCheck {
  readonly op: string;
  readonly #subject: string;
  readonly #details: ErrorDetails;

  /** `subject` precedes the option in messages, such as the name of a request; `details` go into every error. */
  constructor(op: string, subject = "", details: ErrorDetails = {}) {
    this.op = op;
    this.#subject = subject === "" ? "" : `${subject}: `;
    this.#details = details;
  }

  /** Requires an object that has no names but the given ones. `group` names a nested object, such as `retry`. */
  known(options: unknown, names: Iterable<string>, group?: string): void {
    this.object(group ?? "options", options);
    const allowed = [...names];
    const unknown = Object.keys(options as object).find((name) => !allowed.includes(name));
    if (unknown === undefined) return;
    const option = group === undefined ? unknown : `${group}.${unknown}`;
    this.refuse(option, `does not exist; the options are ${allowed.join(", ")}`);
  }

  /** Refuses names that another option stands for, or that make no sense in this place; the values say why. */
  without(group: string, options: object, reasons: Readonly<Record<string, string>>): void {
    for (const [name, reason] of Object.entries(reasons))
      if ((options as Record<string, unknown>)[name] !== undefined) this.refuse(`${group}.${name}`, reason);
  }

  object(option: string, value: unknown): object {
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.#mustBe(option, "an object", value);
    return value;
  }

  list(option: string, value: unknown): readonly unknown[] {
    if (!Array.isArray(value)) this.#mustBe(option, "a list", value);
    return value;
  }

  /** A whole number from `min` to `max`. */
  integer(option: string, value: unknown, min: number, max: number): number {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    this.#mustBe(option, `a whole number from ${min} to ${max}`, value);
  }

  /** A number from `min` to `max`; `unit` is its unit, for the message. */
  number(option: string, value: unknown, min: number, max: number, unit = ""): number {
    if (typeof value === "number" && value >= min && value <= max) return value;
    const unitOf = unit === "" ? "" : ` of ${unit}`;
    this.#mustBe(option, `a number${unitOf} from ${min} to ${max}`, value);
  }

  /** A time in ms that a timer can wait. */
  milliseconds(option: string, value: unknown, min = 0): number {
    return this.number(option, value, min, MAX_TIMEOUT_MS, "ms");
  }

  boolean(option: string, value: unknown): boolean {
    if (typeof value !== "boolean") this.#mustBe(option, "true or false", value);
    return value;
  }

  oneOf<T extends string | number | boolean>(option: string, value: unknown, allowed: readonly T[]): T {
    if (allowed.includes(value as T)) return value as T;
    this.#mustBe(option, `one of ${allowed.map((word) => JSON.stringify(word)).join(", ")}`, value);
  }

  /** Text of `min` to `max` bytes without NUL. */
  text(option: string, value: unknown, max: number = Number.POSITIVE_INFINITY, min = 0): string {
    if (typeof value !== "string") this.#mustBe(option, "a string", value);
    if (value.includes("\0")) this.#mustBe(option, "free of NUL characters", value);
    const bytes = Buffer.byteLength(value);
    if (bytes < min) this.#mustBe(option, `at least ${min} bytes long`, value);
    if (bytes > max) this.#mustBe(option, `at most ${max} bytes long`, value, `${bytes} bytes`);
    return value;
  }

  /** An absolute path of at most `max` bytes. */
  path(option: string, value: unknown, max: number = Number.POSITIVE_INFINITY): string {
    if (typeof value !== "string" || !value.startsWith("/")) this.#mustBe(option, "an absolute path", value);
    return this.text(option, value, max);
  }

  /** An absolute path that fits into a socket address. */
  socketPath(option: string, value: unknown): string {
    return this.path(option, value, MAX_SOCKET_PATH);
  }

  callback<T>(option: string, value: T): T {
    if (typeof value !== "function") this.#mustBe(option, "a function", value);
    return value;
  }

  /** @throws PuntError ERR_OPTION: `problem` continues the sentence "option NAME ..." */
  refuse(option: string, problem: string): never {
    const message = `${this.#subject}option ${option} ${problem}`;
    throw new PuntError(this.op, "ERR_OPTION", message, { ...this.#details, option });
  }

  #mustBe(option: string, rule: string, value: unknown, shown = show(value)): never {
    this.refuse(option, `must be ${rule}; got ${shown}`);
  }
}

/** The most characters of a value that a message shows. */
const SHOWN = 120;

/** Describes any value for an error message, in short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
