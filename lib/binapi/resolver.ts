// Chooses the definition of each message that fits the connected VPP.
import { PuntError } from "../errors.js";
import type { Message } from "./message.js";
import type { Schema } from "./schema.js";

/** A request in the form that one running VPP accepts. */
export interface Outgoing {
  message: Message;
  id: number;
  /** The message that answers the request; undefined if none does. */
  reply: Message | undefined;
}

/**
 * The messages of one running VPP. VPP's table lists their ids and CRCs. The schemas, in order of preference, define their
 * fields.
 */
export class Resolver {
  readonly #table = new Map<string, { crc: string; id: number }>();
  readonly #names: string[] = [];
  readonly #outgoings = new Map<string, Outgoing>();
  /** The outcomes of `find`: a manager asks at each look for each message that it may use. */
  readonly #found = new Map<string, Message | undefined>();
  readonly #incomings: (Message | null)[] = [];
  readonly #peer: string;
  #schemas: readonly Schema[];

  /** `table` is VPP's own: `show_version_51077d14` -> id. `peer` names that VPP in errors. */
  constructor(peer: string, table: ReadonlyMap<string, number>, schemas: readonly Schema[]) {
    this.#peer = peer;
    this.#schemas = schemas;
    this.learn(table);
  }

  /** Adds messages to VPP's table. */
  learn(entries: Iterable<[string, number]>): void {
    for (const [key, id] of entries) {
      const name = key.slice(0, -9);
      this.#table.set(name, { crc: key.slice(-8), id });
      this.#names[id] = name;
    }
    this.#found.clear();
  }

  /** Makes `schema` the first choice. */
  prefer(schema: Schema): void {
    this.#schemas = [schema, ...this.#schemas];
    this.#found.clear();
    this.#outgoings.clear();
    this.#incomings.length = 0;
  }

  /** Reports whether VPP has `name`, and a schema has a definition that fits. */
  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** Returns the request `name`. @throws PuntError with VPP's CRCs and the CRCs of the schemas */
  outgoing(name: string): Outgoing {
    const known = this.#outgoings.get(name);
    if (known !== undefined) return known;
    const message = this.find(name);
    if (message === undefined) throw this.#explain(name);
    const { reply: replyName, streamMessage } = message.service ?? {};
    for (const answer of [replyName, streamMessage])
      if (answer !== undefined && !this.has(answer)) throw this.#explain(answer);
    const reply = replyName === undefined ? undefined : this.find(replyName);
    const outgoing = { message, id: this.#table.get(name)!.id, reply };
    this.#outgoings.set(name, outgoing);
    return outgoing;
  }

  /** Returns the message with VPP's number `id`; undefined if no schema defines it. */
  incoming(id: number): Message | undefined {
    const known = this.#incomings[id];
    if (known !== undefined) return known ?? undefined;
    const name = this.#names[id];
    const message = name === undefined ? undefined : this.find(name);
    this.#incomings[id] = message ?? null;
    return message;
  }

  /** Returns the definition that fits the message `name` of this VPP. */
  find(name: string): Message | undefined {
    if (this.#found.has(name)) return this.#found.get(name);
    const message = this.#search(name);
    this.#found.set(name, message);
    return message;
  }

  #search(name: string): Message | undefined {
    const theirs = this.#table.get(name);
    if (theirs === undefined) return undefined;
    for (const schema of this.#schemas) {
      const message = schema.find(name, theirs.crc);
      if (message !== undefined) return message;
    }
    return undefined;
  }

  #explain(name: string): PuntError {
    if (typeof name !== "string") {
      return new PuntError("binapi.resolve", "ERR_OPTION", `a message's name must be a string, not ${typeof name}`, {
        option: "name",
      });
    }
    const theirs = this.#table.get(name);
    const ours = this.#schemas.flatMap((schema) => schema.crcs(name).map((crc) => `${crc} (${schema.origin})`));
    const details = { message: name, vpp: theirs?.crc, known: ours };
    const error = (code: string, text: string) => new PuntError("binapi.resolve", code, text, details);
    if (theirs === undefined) return this.#explainMissing(name, ours, error);
    const has = `VPP at ${this.#peer} has ${name} with CRC ${theirs.crc}`;
    if (ours.length > 0) return error("ERR_CRC_MISMATCH", `${has}; the definitions here are of CRC ${ours.join(", ")}`);
    const sources = this.#schemas.map((schema) => schema.origin).join(", ");
    return error("ERR_NO_DEFINITION", `${has}; there is no definition of it (${sources})`);
  }

  #explainMissing(name: string, ours: string[], error: (code: string, text: string) => PuntError): PuntError {
    const lacks = `VPP at ${this.#peer} has no message ${name}`;
    const base = name.replace(/_v\d+(?=_|$)/, "");
    const others = this.#names.filter((other) => other !== undefined && other.replace(/_v\d+(?=_|$)/, "") === base);
    if (others.length > 0) return error("ERR_OTHER_VERSION", `${lacks}, but it has ${others.join(", ")}`);
    const definition = this.#schemas.map((schema) => schema.find(name)).find((message) => message !== undefined);
    const from =
      definition === undefined ? "and this client has no definition" : `which is of ${definition.module}.api`;
    const known = ours.length > 0 ? ` and known here with CRC ${ours.join(", ")}` : "";
    return error("ERR_MESSAGE_MISSING", `${lacks}, ${from}${known}`);
  }
}
