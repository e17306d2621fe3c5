// VPP's own form of its API definitions: the .api.json files, and the answer to get_api_json.
import { PuntError } from "../errors.js";
import type { FieldDef, MessageDef, ServiceDef, TypeDef } from "./definitions.js";
import { conventionalService } from "./notation.js";

/** The parts of an .api.json file that this package reads. */
export interface ApiJson {
  module?: string;
  types: RawDefinition[];
  messages: RawDefinition[];
  unions: RawDefinition[];
  enums: RawDefinition[];
  enumflags?: RawDefinition[];
  services: Record<string, RawService>;
  aliases: Record<string, { type: string; length?: number }>;
}

/** `[name, [type, field, ...], ..., { options }]` */
export type RawDefinition = [name: string, ...parts: unknown[]];

export interface RawService {
  reply: string;
  stream?: boolean;
  stream_msg?: string;
  events?: string[];
}

/** A name that is safe in compiled code and as a key of an object. */
const IDENTIFIER = /^(?!__proto__$)[A-Za-z_]\w*$/;

/** Checks the outer form of an .api.json file. `source` names the file in errors. */
export function checkApiJson(json: unknown, source: string): ApiJson {
  const module = json as ApiJson | null;
  const lists = [module?.types, module?.messages, module?.unions, module?.enums, module?.enumflags ?? []];
  const isObject = (value: unknown) => typeof value === "object" && value !== null;
  if (lists.every(isListOfDefinitions) && isObject(module?.services) && isObject(module?.aliases))
    return module as ApiJson;
  throw badSchema(source, "is not an .api.json file (types, messages, unions, enums, services, aliases)");
}

function isListOfDefinitions(list: unknown): boolean {
  const isName = (name: unknown) => typeof name === "string" && IDENTIFIER.test(name);
  return Array.isArray(list) && list.every((entry) => Array.isArray(entry) && isName(entry[0]));
}

/** Returns the types of a file, each as a function, because most are never used. */
export function typesOf(json: ApiJson): [name: string, load: () => TypeDef][] {
  const load = (list: RawDefinition[] | undefined, make: (raw: RawDefinition) => TypeDef) =>
    (list ?? []).map((raw): [string, () => TypeDef] => [raw[0], () => make(raw)]);
  return [
    ...load(json.types, (raw) => ({ kind: "struct", name: raw[0], fields: fieldsOf(raw) })),
    ...load(json.unions, (raw) => ({ kind: "union", name: raw[0], arms: fieldsOf(raw) })),
    ...load(json.enums, (raw) => enumOf(raw, false)),
    ...load(json.enumflags, (raw) => enumOf(raw, true)),
    ...Object.entries(json.aliases).map(([name, raw]): [string, () => TypeDef] => [name, () => aliasOf(name, raw)]),
  ];
}

function aliasOf(name: string, raw: { type?: unknown; length?: unknown } | null): TypeDef {
  const { type, length } = raw ?? {};
  const isLength = length === undefined || (Number.isSafeInteger(length) && (length as number) >= 0);
  if (typeof type !== "string" || !isLength) throw badSchema(name, `is a bad alias ${JSON.stringify(raw)}`);
  return { kind: "alias", name, type: typeName(type), ...(length === undefined ? {} : { length: length as number }) };
}

/** Returns the CRC of a message: eight hex digits. */
export function crcOf(raw: RawDefinition): string {
  const crc = (raw.at(-1) as { crc?: unknown } | undefined)?.crc;
  if (typeof crc === "string" && /^0x[0-9a-f]{1,8}$/.test(crc)) return crc.slice(2).padStart(8, "0");
  throw badSchema(raw[0], "has no CRC");
}

export function messageOf(raw: RawDefinition, json: ApiJson, module: string): MessageDef {
  const fields = fieldsOf(raw);
  if (fields[0]?.name !== "_vl_msg_id") throw badSchema(raw[0], "does not start with _vl_msg_id");
  const service = serviceOf(raw[0], json);
  return { name: raw[0], crc: crcOf(raw), fields, module, ...(service === undefined ? {} : { service }) };
}

function serviceOf(name: string, json: ApiJson): ServiceDef | undefined {
  const raw = Object.hasOwn(json.services, name) ? json.services[name] : undefined;
  if (raw === undefined) return conventionalService(name, new Set(json.messages.map(([message]) => message)));
  if (!isService(raw)) throw badSchema(name, `has a bad service ${JSON.stringify(raw)}`);
  if (raw.reply === "null") return undefined;
  const service: ServiceDef = { reply: raw.reply };
  if (raw.stream === true) service.stream = true;
  if (raw.stream_msg !== undefined) service.streamMessage = raw.stream_msg;
  if (raw.events !== undefined) service.events = raw.events;
  return service;
}

function isService(raw: unknown): boolean {
  const { reply, stream_msg = "", events = [] } = Object(raw) as Partial<RawService>;
  const areTexts = Array.isArray(events) && events.every((event) => typeof event === "string");
  return typeof reply === "string" && typeof stream_msg === "string" && areTexts;
}

function fieldsOf(raw: RawDefinition): FieldDef[] {
  return raw.slice(1).flatMap((part) => (Array.isArray(part) ? [fieldOf(raw[0], part)] : []));
}

/** Reads `[type, name]`, `[type, name, size]` or `[type, name, size, length field]`. Options may follow each. */
function fieldOf(owner: string, raw: unknown[]): FieldDef {
  const [type, name, ...rest] = raw;
  if (typeof type !== "string" || typeof name !== "string" || !IDENTIFIER.test(name)) {
    throw badSchema(owner, `has a bad field ${JSON.stringify(raw)}`);
  }
  const field: FieldDef = { name, type: typeName(type) };
  const [size, lengthField] = rest.filter((part) => typeof part !== "object");
  if (typeof lengthField === "string") field.lengthField = lengthField;
  else if (size === 0) field.variable = true;
  else if (Number.isSafeInteger(size)) field.length = size as number;
  else if (type === "string") field.variable = true;
  for (const part of rest) if (typeof part === "object" && part !== null) addOptions(field, part);
  return field;
}

/** Ignores unknown options: newer generators add some. */
function addOptions(
  field: FieldDef,
  options: { default?: unknown; limit?: unknown; discriminator?: unknown; case?: unknown },
) {
  const value = options.default;
  if (field.type === "bool" && value !== undefined) field.default = value !== "false" && Boolean(value);
  else if (typeof value === "number" || typeof value === "string") field.default = value;
  if (typeof options.limit === "number") field.limit = options.limit;
  if (typeof options.discriminator === "string") field.discriminator = options.discriminator;
  if (typeof options.case === "string") field.case = options.case;
}

function enumOf(raw: RawDefinition, declaredFlags: boolean): TypeDef {
  const values = raw.slice(1).filter((part): part is [string, number] => Array.isArray(part));
  for (const value of values) {
    const [name, number] = value;
    if (typeof name !== "string" || !Number.isSafeInteger(number))
      throw badSchema(raw[0], `has a bad value ${JSON.stringify(value)}`);
  }
  const { enumtype: base = "u32" } = Object(raw.at(-1)) as { enumtype?: unknown };
  if (typeof base !== "string") throw badSchema(raw[0], `has a bad enumtype ${JSON.stringify(base)}`);
  const kind = declaredFlags || looksLikeFlags(raw[0], values) ? "flags" : "enum";
  return { kind, name: raw[0], base, values };
}

/**
 * VPP declares most of its flags as plain enums (if_status_flags, tap_flags). An enum holds flags if its name says so, or if
 * each value is a single bit and the largest is 4 or more, so that the values are not a count.
 */
function looksLikeFlags(name: string, values: readonly (readonly [string, number])[]): boolean {
  if (/flags$/.test(name)) return true;
  return values.every(([, value]) => (value & (value - 1)) === 0) && values.some(([, value]) => value >= 4);
}

/** Turns `vl_api_mac_address_t` into the type's name, mac_address. */
function typeName(type: string): string {
  return type.startsWith("vl_api_") && type.endsWith("_t") ? type.slice(7, -2) : type;
}

function badSchema(what: string, problem: string): PuntError {
  return new PuntError("binapi.schema", "ERR_BAD_SCHEMA", `${what} ${problem}`);
}

/** Makes an .api.json file from definitions: the messages of one module and all types that they use. */
export function renderApiJson(module: string, messages: readonly MessageDef[], types: readonly TypeDef[]): ApiJson {
  const json: ApiJson = {
    module,
    types: [],
    messages: [],
    unions: [],
    enums: [],
    enumflags: [],
    services: {},
    aliases: {},
  };
  for (const type of types) renderType(json, type);
  for (const message of messages) {
    json.messages.push([message.name, ...message.fields.map(renderField), { crc: `0x${message.crc}`, options: {} }]);
    if (message.service !== undefined) json.services[message.name] = renderService(message.service);
  }
  return json;
}

function renderType(json: ApiJson, type: TypeDef): void {
  if (type.kind === "struct") json.types.push([type.name, ...type.fields.map(renderField)]);
  else if (type.kind === "union") json.unions.push([type.name, ...type.arms.map(renderField)]);
  else if (type.kind === "alias") json.aliases[type.name] = renderAlias(type);
  else {
    const list = type.kind === "flags" ? json.enumflags! : json.enums;
    list.push([type.name, ...type.values, { enumtype: type.base }]);
  }
}

function renderAlias({ type, length }: { type: string; length?: number }): { type: string; length?: number } {
  return { type: renderTypeName(type), ...(length === undefined ? {} : { length }) };
}

function renderField(field: FieldDef): unknown[] {
  const raw: unknown[] = [renderTypeName(field.type), field.name];
  if (field.lengthField !== undefined) raw.push(0, field.lengthField);
  else if (field.variable) raw.push(0);
  else if (field.length !== undefined) raw.push(field.length);
  const { default: value, limit, discriminator } = field;
  const options = { default: value, limit, discriminator, case: field.case };
  if (Object.values(options).some((option) => option !== undefined)) raw.push(JSON.parse(JSON.stringify(options)));
  return raw;
}

const BASE_TYPES = new Set(["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f64", "bool", "string"]);

function renderTypeName(type: string): string {
  return BASE_TYPES.has(type) ? type : `vl_api_${type}_t`;
}

function renderService({ reply, stream, streamMessage, events }: ServiceDef): RawService {
  return JSON.parse(JSON.stringify({ reply, stream, stream_msg: streamMessage, events })) as RawService;
}
