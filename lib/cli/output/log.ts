// The daemon's log: pino, without the secrets that a field may hold at any depth.
import type pino from "pino";

/** Names of fields that hold secrets. */
const SECRET = /^(secret|password|token|privateKey)$/;
const HIDDEN = "[Redacted]";
/** A value deeper than this is left out: a secret may be in it. */
const DEEPEST = 10;

/** Returns the value with each secret replaced, at any depth. */
function redacted(value: unknown, depth = DEEPEST): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (depth === 0) return HIDDEN;
  if (Array.isArray(value)) return value.map((each) => redacted(each, depth - 1));
  const fields = Object.entries(value).map(([name, each]) => {
    return [name, SECRET.test(name) && each !== "" ? HIDDEN : redacted(each, depth - 1)];
  });
  return Object.fromEntries(fields);
}

/** Returns the options of the log. pino's own list of paths knows no depth. */
export function logOptions(load: typeof pino): pino.LoggerOptions {
  const err = (error: Error) => redacted(load.stdSerializers.err(error));
  return {
    serializers: { err },
    formatters: {
      // An error has its serializer.
      log: ({ err: error, ...fields }) => ({
        ...(redacted(fields) as Record<string, unknown>),
        ...(error !== undefined && { err: error }),
      }),
    },
  };
}
