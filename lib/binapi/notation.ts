// Reads the notation of builtin.ts: one definition on each line. A line that starts with blanks continues the previous line.
//
//   module memif                                    the .api file of the messages below
//   enum NAME[releases] BASE PREFIX_: A B=5 C       values count up from 0, or from the previous value
//   flags NAME[releases] BASE PREFIX_: A=1 B        an enum whose values are bits
//   alias NAME : type[4]
//   type NAME : type field, type[4] field, type[count] field, string[64] field, string field, bool field=true
//   union NAME : type arm, ...
//   > NAME[releases] CRC [+] [~DETAILS] [!EVENT] : fields      a request: _vl_msg_id, client_index, context, then these
//   < NAME[releases] CRC : fields                   a reply or details: _vl_msg_id, context, then these
//   ! NAME[releases] CRC : fields                   an event: _vl_msg_id, client_index, then these
//
// `[23.06-]`, `[-22.02]`, `[23.06-24.06]`: the releases that have the definition; without brackets, all. `+`: the reply has only a
// retval. `~DETAILS`: details that precede the reply. `!EVENT`: an event that the request asks for.
import { PuntError } from "../errors.js";
import type { FieldDef, MessageDef, ServiceDef, TypeDef } from "./definitions.js";

/** A definition and its releases: the indexes of the first and the last in the list of releases. */
export interface Ranged<T> {
  def: T;
  first: number;
  last: number;
}

export interface Definitions {
  types: Ranged<TypeDef>[];
  messages: Ranged<MessageDef>[];
}

const U16_ID: FieldDef = { name: "_vl_msg_id", type: "u16" };
const CLIENT_INDEX: FieldDef = { name: "client_index", type: "u32" };
const CONTEXT: FieldDef = { name: "context", type: "u32" };
const HEADERS: Record<string, FieldDef[]> = {
  ">": [U16_ID, CLIENT_INDEX, CONTEXT],
  "<": [U16_ID, CONTEXT],
  "!": [U16_ID, CLIENT_INDEX],
};
/** CRC of `X_reply { i32 retval }`, which is the same for every X. */
const PLAIN_REPLY_CRC = "e8d4e804";
const PLAIN_REPLY: FieldDef[] = [U16_ID, CONTEXT, { name: "retval", type: "i32" }];

/** Reads definitions in this notation. Brackets refer to `releases`, which are in order. */
export function parseNotation(text: string, releases: readonly string[]): Definitions {
  const parser = new NotationParser(releases);
  for (const line of text.replace(/\n +/g, " ").split("\n")) {
    if (line !== "" && !line.startsWith("#")) parser.line(line);
  }
  parser.addServices();
  return parser.result;
}

class NotationParser {
  readonly result: Definitions = { types: [], messages: [] };
  #module = "";
  readonly #releases: readonly string[];

  constructor(releases: readonly string[]) {
    this.#releases = releases;
  }

  line(line: string): void {
    const [kind, head, ...rest] = line.split(" ");
    const range = this.#range(head!);
    const colon = rest.findIndex((word) => word.endsWith(":"));
    const before = colon < 0 ? rest : rest.slice(0, colon);
    const after = colon < 0 ? [] : rest.slice(colon + 1);
    switch (kind) {
      case "module":
        this.#module = head!;
        break;
      case "enum":
      case "flags":
        this.#addType(range, {
          kind,
          name: range.name,
          base: rest[0]!,
          values: enumValues(rest[colon]!.slice(0, -1), after),
        });
        break;
      case "alias":
        this.#addType(range, { kind, ...aliasOf(range.name, after[0]!) });
        break;
      case "type":
        this.#addType(range, { kind: "struct", name: range.name, fields: fieldsOf(after) });
        break;
      case "union":
        this.#addType(range, { kind, name: range.name, arms: fieldsOf(after) });
        break;
      default:
        this.#addMessage(range, kind!, before, fieldsOf(after));
    }
  }

  /** Reads `NAME[first-last]`. */
  #range(head: string): { name: string; first: number; last: number } {
    const [, name, first, last] = /^(\w+)(?:\[([\d.]*)-([\d.]*)\])?$/.exec(head) ?? fail(`"${head}" is not a name`);
    const index = (release: string | undefined, fallback: number) =>
      release === undefined || release === "" ? fallback : this.#releases.indexOf(release);
    return { name: name!, first: index(first, 0), last: index(last, this.#releases.length - 1) };
  }

  #addType({ first, last }: { first: number; last: number }, def: TypeDef): void {
    this.result.types.push({ def, first, last });
  }

  #addMessage(range: { name: string; first: number; last: number }, kind: string, words: string[], body: FieldDef[]) {
    const { name, first, last } = range;
    const header = HEADERS[kind] ?? fail(`"${kind} ${name}"`);
    const [crc, ...marks] = words;
    const def: MessageDef = { name, crc: crc!, fields: [...header, ...body], module: this.#module };
    const service = serviceOf(name, marks);
    if (service !== undefined) def.service = service;
    this.result.messages.push({ def, first, last });
    if (!marks.includes("+")) return;
    const reply = { name: `${name}_reply`, crc: PLAIN_REPLY_CRC, fields: PLAIN_REPLY, module: this.#module };
    this.result.messages.push({ def: reply, first, last });
  }

  /** Adds the answers that VPP's conventions define: X_reply answers X, and many X_details answer X_dump. */
  addServices(): void {
    const names = new Set(this.result.messages.map(({ def }) => def.name));
    for (const { def } of this.result.messages)
      def.service = { ...conventionalService(def.name, names), ...def.service! };
    for (const { def } of this.result.messages) if (def.service?.reply === undefined) delete def.service;
  }
}

/** Returns the answers to `name` by VPP's conventions, if these messages are among `names`. */
export function conventionalService(name: string, names: { has(name: string): boolean }): ServiceDef | undefined {
  if (names.has(`${name}_reply`)) return { reply: `${name}_reply` };
  const details = name.replace(/_dump(_v\d+)?$/, "_details$1");
  return details !== name && names.has(details) ? { reply: details, stream: true } : undefined;
}

function serviceOf(name: string, marks: string[]): ServiceDef | undefined {
  const marked = (mark: string) => marks.filter((word) => word.startsWith(mark)).map((word) => word.slice(1));
  const [streamMessage] = marked("~");
  const events = marked("!");
  if (streamMessage !== undefined) return { reply: `${name}_reply`, stream: true, streamMessage };
  return events.length > 0 ? { reply: `${name}_reply`, events } : undefined;
}

function enumValues(prefix: string, words: string[]): [string, number][] {
  let next = 0;
  return words.map((word) => {
    const [name, value] = word.split("=");
    const number = value === undefined ? next : Number(value);
    next = number + 1;
    return [prefix + name, number];
  });
}

function aliasOf(name: string, target: string): { name: string; type: string; length?: number } {
  const [, type, length] = /^(\w+)(?:\[(\d+)\])?$/.exec(target) ?? fail(`"${target}" is not a type`);
  return { name, type: type!, ...(length === undefined ? {} : { length: Number(length) }) };
}

function fieldsOf(words: string[]): FieldDef[] {
  if (words.length === 0) return [];
  return words
    .join(" ")
    .split(", ")
    .map((field) => fieldOf(field));
}

/** Reads `type[4] name=default`. */
function fieldOf(text: string): FieldDef {
  const [, type, size, name, value] =
    /^(\w+)(?:\[(\w+)\])? (\w+)(?:=(\w+))?$/.exec(text) ?? fail(`"${text}" is not a field`);
  const field: FieldDef = { name: name!, type: type! };
  if (size === undefined) {
    if (type === "string") field.variable = true;
  } else if (/^\d/.test(size)) {
    field.length = Number(size);
  } else {
    field.lengthField = size;
  }
  if (value !== undefined) field.default = type === "bool" ? value === "true" : Number(value);
  return field;
}

function fail(what: string): never {
  throw new PuntError("binapi.schema", "ERR_BAD_SCHEMA", `${what} in the built-in definitions`);
}
