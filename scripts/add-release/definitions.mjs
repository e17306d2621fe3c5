// Definitions of one release's .api.json files in the notation of lib/binapi/builtin.ts.

const HEADERS = { ">": ["_vl_msg_id", "client_index", "context"], "<": ["_vl_msg_id", "context"] };
HEADERS["!"] = ["_vl_msg_id", "client_index"];
const BASE_TYPES = new Set(["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f64", "bool", "string"]);

/** The text behind a message's name: `CRC + ~DETAILS !EVENT : fields`. Undefined if `schema` does not have the message. */
export function messageBody(schema, kind, name) {
  if (!schema.has(name)) return undefined;
  const { def } = schema.definition(name);
  const header = HEADERS[kind];
  if (header.some((field, index) => def.fields[index]?.name !== field))
    throw new Error(`${name} does not start with ${header.join(", ")}: it is not a message that "${kind}" can say`);
  const fields = def.fields.slice(header.length);
  return [def.crc, ...(kind === ">" ? marksOf(schema, def) : []), ...fieldsText(fields)].join(" ");
}

function marksOf(schema, { service }) {
  if (service === undefined) return [];
  return [
    ...(hasPlainReply(schema, service) ? ["+"] : []),
    ...(service.streamMessage === undefined ? [] : [`~${service.streamMessage}`]),
    ...(service.events ?? []).map((event) => `!${event}`),
  ];
}

/** Whether the reply has nothing but a retval: the notation then leaves it out. */
function hasPlainReply(schema, { reply, stream }) {
  if (stream || !schema.has(reply)) return false;
  return (
    schema
      .definition(reply)
      .def.fields.map(({ name }) => name)
      .join() === "_vl_msg_id,context,retval"
  );
}

/** The reply to the request `name` that needs a line of its own; undefined if there is none. */
export function ownReply(schema, name) {
  const service = schema.has(name) ? schema.definition(name).def.service : undefined;
  if (service === undefined || hasPlainReply(schema, service) || !schema.has(service.reply)) return undefined;
  return service.reply;
}

/** Names of the types that the message `name` refers to, and those of theirs: what a type needs comes first. */
export function typesOf(schema, name) {
  const { def, types } = schema.definition(name);
  const found = new Map();
  const visit = ({ type }) => {
    if (BASE_TYPES.has(type) || found.has(type)) return;
    const definition = types(type);
    if (definition === undefined) throw new Error(`${name} needs the type ${type}, which is in no file`);
    found.set(type, undefined);
    const parts = definition.fields ?? definition.arms ?? (definition.kind === "alias" ? [definition] : []);
    for (const part of parts) visit(part);
    found.delete(type);
    found.set(type, definition);
  };
  for (const field of def.fields) visit(field);
  return found;
}

/** The notation's word for a type: enum, flags, alias, type or union. */
export function kindOfType({ kind }) {
  return kind === "struct" ? "type" : kind;
}

/** The text behind a type's name. */
export function typeBody(definition) {
  const { kind, base, values, type, length, fields, arms } = definition;
  if (kind === "alias") return `: ${type}${length === undefined ? "" : `[${length}]`}`;
  if (kind === "struct" || kind === "union") return fieldsText(fields ?? arms).join(" ");
  const prefix = commonPrefix(values.map(([name]) => name));
  return [base, `${prefix}:`, ...valueWords(values, prefix)].join(" ");
}

function commonPrefix(names) {
  let [prefix] = names;
  while (!names.every((name) => name.startsWith(prefix))) prefix = prefix.slice(0, -1);
  return prefix.slice(0, prefix.lastIndexOf("_") + 1);
}

function valueWords(values, prefix) {
  let next = 0;
  return values.map(([name, value]) => {
    const word = value === next ? name.slice(prefix.length) : `${name.slice(prefix.length)}=${value}`;
    next = value + 1;
    return word;
  });
}

function fieldsText(fields) {
  return fields.length === 0 ? [] : [":", fields.map(fieldText).join(", ")];
}

function fieldText({ type, name, length, lengthField, variable, default: value }) {
  const size = lengthField ?? length ?? (variable && type !== "string" ? 0 : undefined);
  // A field that is left out is 0 anyway: only other defaults are said.
  return `${type}${size === undefined ? "" : `[${size}]`} ${name}${value ? `=${value}` : ""}`;
}

/** The same text for definitions that are the same on the wire: without defaults, with every value of an enum. */
export function essence(kind, body) {
  if (kind !== "enum" && kind !== "flags") return body.replace(/=\w+/g, "");
  const [base, prefix, ...words] = body.split(" ");
  let next = 0;
  const values = words.map((word) => {
    const [name, value = next] = word.split("=");
    next = Number(value) + 1;
    return `${prefix.slice(0, -1)}${name}=${value}`;
  });
  return [base, ...values].join(" ");
}
