import { existsSync } from "node:fs";
import { PuntError } from "../errors.js";
import type { MessageValue } from "./message.js";
import { Schema } from "./schema.js";

/** Where VPP's packages put the .api.json files. */
export const DEFAULT_API_FOLDER = "/usr/share/vpp/api";

/**
 * Where definitions come from besides the built-in ones, which always remain as the last resort:
 * "auto": the running VPP itself (24.06 and newer), else /usr/share/vpp/api if it is there;
 * "builtin": nowhere else; `{ folder }`: a folder of .api.json files; or a schema at hand.
 */
export type SchemaSource = "auto" | "builtin" | { folder: string } | Schema;

/** Sends a request to the VPP in question. */
type Ask = (request: string) => Promise<MessageValue>;

/** Loads definitions for one VPP after the other; the same VPP again (by its message table) costs nothing. */
export class SchemaLoader {
  #loaded: { table: string; schema: Schema | undefined } | undefined;
  readonly #source: SchemaSource;

  constructor(source: SchemaSource) {
    this.#source = source;
  }

  /** The preferred schema for a VPP with this message table; undefined if the built-in definitions are all there is. */
  async load(table: ReadonlyMap<string, number>, ask: Ask): Promise<Schema | undefined> {
    if (this.#source instanceof Schema) return this.#source;
    if (this.#source === "builtin") return undefined;
    const keys = [...table.keys()].sort().join();
    if (this.#loaded?.table !== keys) this.#loaded = { table: keys, schema: await this.#find(table, ask) };
    return this.#loaded.schema;
  }

  async #find(table: ReadonlyMap<string, number>, ask: Ask): Promise<Schema | undefined> {
    if (typeof this.#source === "object" && !(this.#source instanceof Schema))
      return Schema.fromDirectory(this.#source.folder);
    if (hasGetApiJson(table)) return fetchSchema(ask);
    return existsSync(DEFAULT_API_FOLDER) ? Schema.fromDirectory(DEFAULT_API_FOLDER) : undefined;
  }
}

function hasGetApiJson(table: ReadonlyMap<string, number>): boolean {
  return Schema.builtin()
    .crcs("get_api_json")
    .some((crc) => table.has(`get_api_json_${crc}`));
}

/** The definitions of all messages that a VPP (24.06 or newer) has, from itself. */
export async function fetchSchema(ask: Ask): Promise<Schema> {
  const { json } = await ask("get_api_json");
  if (typeof json !== "string")
    throw new PuntError("binapi.schema", "ERR_BAD_SCHEMA", "get_api_json: VPP gave no text");
  // VPP counts its C string's terminator in.
  return Schema.fromApiJsonText(json.replace(/\0+$/, ""), "the running VPP");
}
