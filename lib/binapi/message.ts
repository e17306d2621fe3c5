// One message of a definition: its header, its codec and its parts.
import { PuntError } from "../errors.js";
import type { Codec } from "./codec/index.js";
import { Reader, Writer } from "./cursor.js";
import type { FieldDef, MessageDef, ServiceDef } from "./definitions.js";
import { FieldError } from "./field-error.js";

/** A message's value in JavaScript: all fields by VPP's names, without the header's. */
export type MessageValue = Record<string, unknown>;

/** The fields that the client sets itself. They are not part of a message's value. */
export interface MessageHeader {
  /** `_vl_msg_id`: the message's number in the running VPP. */
  id: number;
  clientIndex: number;
  /** A number that VPP returns unchanged. */
  context: number;
}

const HEADER_FIELDS = new Set(["client_index", "context"]);

/**
 * One definition of a message of VPP's API, by name and CRC.
 * @example
 * ```ts
 * import { Schema } from "vpp-punt/binapi";
 *
 * const message = Schema.builtin().message("sw_interface_set_flags");
 * const bytes = message.encode({ sw_if_index: 1, flags: 1 }, { id: 300, context: 7 });
 * console.log(message.key, message.header(bytes).context, message.decode(bytes)["sw_if_index"]);
 * ```
 */
export class Message {
  readonly name: string;
  /** Eight hex digits. */
  readonly crc: string;
  /** Name and CRC, as in VPP's message table: `show_version_51077d14`. */
  readonly key: string;
  /** Name of the .api file that defines the message. */
  readonly module: string;
  /** The answers to the message, if it is a request. */
  readonly service: ServiceDef | undefined;
  /** Offsets of `client_index` and `context` in the message; -1 if it has none. */
  readonly clientIndexOffset: number;
  readonly contextOffset: number;
  readonly headerSize: number;
  /** The fields behind the header, in order. */
  readonly fields: readonly FieldDef[];

  readonly #compile: () => Codec;
  #compiled: Codec | undefined;

  constructor(def: MessageDef, compile: (fields: readonly FieldDef[]) => Codec) {
    this.name = def.name;
    this.crc = def.crc;
    this.key = `${def.name}_${def.crc}`;
    this.module = def.module;
    this.service = def.service;
    const header = headerFields(def.fields);
    this.clientIndexOffset = offsetIn(header, "client_index");
    this.contextOffset = offsetIn(header, "context");
    this.headerSize = 2 + 4 * header.length;
    this.fields = def.fields.slice(1 + header.length);
    this.#compile = () => compile(this.fields);
  }

  /** Reports whether the message has a field `name` behind the header. */
  hasField(name: string): boolean {
    return this.fields.some((field) => field.name === name);
  }

  /**
   * Encodes the message, beginning with `_vl_msg_id`. Fields of the header that are not given are 0.
   *
   * @throws PuntError ERR_INVALID_VALUE and others: the value does not fit the definition; `details.path` names the field
   */
  encode(value: MessageValue = {}, header: Partial<MessageHeader> = {}): Uint8Array {
    const writer = new Writer(256);
    this.write(writer, header.id ?? 0, header.clientIndex ?? 0, header.context ?? 0, value);
    return new Uint8Array(writer.bytes.buffer, 0, writer.at);
  }

  /** Appends the message to `writer`. If the value is bad, throws as `encode` does and appends nothing. */
  write(writer: Writer, id: number, clientIndex: number, context: number, value: MessageValue): void {
    const start = writer.skip(this.headerSize);
    writer.view.setUint16(start, id);
    if (this.clientIndexOffset >= 0) writer.view.setUint32(start + this.clientIndexOffset, clientIndex);
    if (this.contextOffset >= 0) writer.view.setUint32(start + this.contextOffset, context);
    try {
      (this.#compiled ?? this.#codec()).write(writer, value);
    } catch (error) {
      writer.at = start;
      throw this.#explain("encode", error);
    }
  }

  /**
   * Decodes a message that begins with `_vl_msg_id`.
   *
   * @throws PuntError ERR_TRUNCATED and others: the bytes are not such a message; `details.path` names the field
   */
  decode(bytes: Uint8Array): MessageValue {
    return this.read(new Reader(bytes));
  }

  /** Decodes the message at the reader's position. @throws PuntError as `decode` does */
  read(reader: Reader): MessageValue {
    const start = reader.at;
    try {
      reader.take(this.headerSize);
      return (this.#compiled ?? this.#codec()).read(reader) as MessageValue;
    } catch (error) {
      throw this.#explain("decode", error, reader.at - start);
    }
  }

  /** Reads the header of a message. Fields that the message doesn't have are 0. */
  header(bytes: Uint8Array): MessageHeader {
    const reader = new Reader(bytes);
    if (bytes.length < this.headerSize) throw this.#explain("decode", new FieldError("no header", "ERR_TRUNCATED"), 0);
    const u32At = (offset: number) => (offset < 0 ? 0 : reader.view.getUint32(offset));
    return { id: reader.u16(), clientIndex: u32At(this.clientIndexOffset), context: u32At(this.contextOffset) };
  }

  #codec(): Codec {
    this.#compiled = this.#compile();
    return this.#compiled;
  }

  #explain(verb: "encode" | "decode", error: unknown, offset?: number): unknown {
    if (!(error instanceof FieldError)) return error;
    const where = error.path === "" ? this.name : `${this.name}.${error.path}`;
    const at = offset === undefined ? "" : ` (at byte ${offset})`;
    const details = { message: this.name, path: error.path, ...(offset === undefined ? {} : { offset }) };
    return new PuntError(`binapi.${verb}`, error.code, `${where}: ${error.problem}${at}`, details);
  }
}

/** Returns `client_index` and `context`, if they directly follow the id in this order. */
function headerFields(fields: readonly FieldDef[]): FieldDef[] {
  const header: FieldDef[] = [];
  for (const field of fields.slice(1, 3)) {
    if (field.type !== "u32" || !HEADER_FIELDS.has(field.name) || header[0]?.name === "context") break;
    header.push(field);
  }
  return header;
}

function offsetIn(header: readonly FieldDef[], name: string): number {
  const index = header.findIndex((field) => field.name === name);
  return index < 0 ? -1 : 2 + 4 * index;
}
