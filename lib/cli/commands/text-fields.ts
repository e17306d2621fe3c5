// Bytes and 64-bit integers in a request written as JSON: text in the forms that `api` prints.
import { PuntError } from "../../errors.js";

type Value = Record<string, unknown>;

/** Pairs of hexadecimal digits, with or without a colon between the bytes. */
const HEX = /^([\da-f]{2})(:?[\da-f]{2})*$/i;

/** A 64-bit integer in decimal, as a reply prints it. */
const DECIMAL = /^-?\d{1,20}$/;

/**
 * Calls `send` with the fields. JSON has neither bytes nor 64-bit integers, and only the codec knows which fields are: where it refuses a
 * text and names the field, the text is read as an integer, then as hex, and the fields are sent again. Nothing has reached VPP by then.
 *
 * @throws PuntError the codec's first error for a field that is none of these
 */
export async function withTexts<T>(fields: Value, send: (fields: Value) => Promise<T>): Promise<T> {
  const value = structuredClone(fields);
  const left = new Map<string, { readonly error: unknown; readonly forms: unknown[] }>();
  for (;;) {
    try {
      return await send(value);
    } catch (error) {
      const path = refusedField(error);
      if (path === undefined) throw error;
      const place = placeOf(value, path);
      const tried = left.get(path) ?? { error, forms: formsOf(place?.holder[place.name]) };
      left.set(path, tried);
      if (place === undefined || tried.forms.length === 0) throw tried.error;
      place.holder[place.name] = tried.forms.shift();
    }
  }
}

/** The field that the codec could not encode. */
function refusedField(error: unknown): string | undefined {
  if (!(error instanceof PuntError) || error.op !== "binapi.encode") return undefined;
  const { path } = error.details;
  return typeof path === "string" && path !== "" ? path : undefined;
}

/** Finds the place of a field, such as `client.id` or `keys[1]`. */
function placeOf(value: Value, path: string): { readonly holder: Value; readonly name: string } | undefined {
  const parts = path.split(/[.[\]]+/).filter((part) => part !== "");
  const name = parts.pop()!;
  const holder = parts.reduce<unknown>((at, part) => (at as Value | undefined)?.[part], value) as Value | undefined;
  return holder && { holder, name };
}

/** Returns the values that a text may stand for where the codec refuses text. */
function formsOf(text: unknown): unknown[] {
  if (typeof text !== "string") return [];
  const bytes = () => new Uint8Array(Buffer.from(text.replaceAll(":", ""), "hex"));
  return [...(DECIMAL.test(text) ? [BigInt(text)] : []), ...(HEX.test(text) || text === "" ? [bytes()] : [])];
}
