// Bytes in a request written as JSON: text in hex, in the form that `api` prints.
import { PuntError } from "../../errors.js";

type Value = Record<string, unknown>;

/** Pairs of hexadecimal digits, with or without a colon between the bytes. */
const HEX = /^([\da-f]{2})(:?[\da-f]{2})*$/i;

/**
 * Calls `send` with the fields. JSON has no bytes, and only the codec knows which fields are bytes: where it refuses a text and
 * names the field, the text is read as hex and the fields are sent again. Nothing has reached VPP by then.
 *
 * @throws PuntError the codec's first error for a field that is not bytes either
 */
export async function withBytes<T>(fields: Value, send: (fields: Value) => Promise<T>): Promise<T> {
  const value = structuredClone(fields);
  const tried = new Set<string>();
  for (;;) {
    try {
      return await send(value);
    } catch (error) {
      const path = refusedField(error);
      if (path === undefined || tried.has(path) || !replaceText(value, path)) throw error;
      tried.add(path);
    }
  }
}

/** The field that the codec could not encode. */
function refusedField(error: unknown): string | undefined {
  if (!(error instanceof PuntError) || error.op !== "binapi.encode") return undefined;
  const { path } = error.details;
  return typeof path === "string" && path !== "" ? path : undefined;
}

/** Replaces the text at `path`, such as `client.id` or `keys[1]`, by its bytes; returns whether there was text in hex. */
function replaceText(value: Value, path: string): boolean {
  const parts = path.split(/[.[\]]+/).filter((part) => part !== "");
  const last = parts.pop()!;
  const holder = parts.reduce<unknown>((at, part) => (at as Value | undefined)?.[part], value) as Value | undefined;
  const text = holder?.[last];
  if (typeof text !== "string" || !(HEX.test(text) || text === "")) return false;
  holder![last] = new Uint8Array(Buffer.from(text.replaceAll(":", ""), "hex"));
  return true;
}
