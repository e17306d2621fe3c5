// Empty values of messages, for the fields of a reply that VPP does not fill in.
import type { Message, MessageValue } from "../../binapi/index.js";

const NO_INDEX = 0xffffffff;

const known = new WeakMap<Message, MessageValue>();

/** Returns a message with the zero that VPP sends in each field that it does not fill in. Not to be changed: all callers share it. */
export function emptyValue(message: Message): Readonly<MessageValue> {
  const found = known.get(message) ?? makeEmptyValue(message);
  known.set(message, found);
  return found;
}

function makeEmptyValue(message: Message): MessageValue {
  const counts = new Set(message.fields.map(({ lengthField }) => lengthField));
  const fields = message.fields.filter(({ name }) => !counts.has(name));
  return Object.fromEntries(fields.map((field) => [field.name, emptyField(field)]));
}

function emptyField({ type, length, lengthField, variable }: Message["fields"][number]): unknown {
  if (type === "string") return "";
  if (lengthField !== undefined || (variable ?? false)) return type === "u8" ? new Uint8Array(0) : [];
  if (length !== undefined) return type === "u8" ? new Uint8Array(length) : new Array(length).fill(0);
  if (type === "interface_index") return NO_INDEX;
  if (type === "bool") return false;
  if (type === "mac_address") return "00:00:00:00:00:00";
  if (type === "ip6_address") return "::";
  return type === "u64" || type === "i64" ? 0n : 0;
}
