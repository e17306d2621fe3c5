// Zero values that mean "not set", as in the daemon's contract and in StoneWork's.

type Fields = Readonly<Record<string, unknown>>;

/** Optional fields that do not allow 0, "" or an empty list as a value. */
const OF_REQUEST = ["interconnect", "direction", "families"];
const OF_HAIRPIN_INTERFACE = ["physAddress", "mtu"];

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(fields: Fields, names: readonly string[]): Fields {
  const isZero = (value: unknown) => value === 0 || value === "" || (Array.isArray(value) && value.length === 0);
  const isSet = ([name, value]: [string, unknown]) => !(names.includes(name) && isZero(value));
  return Object.fromEntries(Object.entries(fields).filter(isSet));
}

/** Returns a request as it was given, without the fields that are not set. */
export function withoutUnset(input: unknown): unknown {
  if (!isFields(input)) return input;
  const fields = without(input, OF_REQUEST);
  const { hairpinInterface } = fields;
  if (!isFields(hairpinInterface)) return fields;
  return { ...fields, hairpinInterface: without(hairpinInterface, OF_HAIRPIN_INTERFACE) };
}
