// Forms of the daemon's contract, which its answers have and files of punts may have: zero values that mean "not set", and its words.

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

/** Returns the request with our words in place of the contract's. */
function inOurWords(fields: Fields): Fields {
  const { direction, toHost } = fields;
  return {
    ...fields,
    ...(typeof direction === "string" && { direction: direction.toLowerCase() }),
    ...(isFields(toHost) && toHost.protocol === "ICMPV6" && { toHost: { ...toHost, protocol: "ICMPv6" } }),
  };
}

/** Returns a request as it was given, in our words and without the fields that are not set. */
export function withoutUnset(input: unknown): unknown {
  if (!isFields(input)) return input;
  const fields = inOurWords(without(input, OF_REQUEST));
  const { hairpinInterface } = fields;
  if (!isFields(hairpinInterface)) return fields;
  return { ...fields, hairpinInterface: without(hairpinInterface, OF_HAIRPIN_INTERFACE) };
}
