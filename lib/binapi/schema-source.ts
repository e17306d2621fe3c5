// The sources of message definitions besides the built-in ones.
import { existsSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PuntError } from "../errors.js";
import type { MessageValue } from "./message.js";
import { Schema } from "./schema.js";

/** The folder into which VPP's packages install the .api.json files. */
export const DEFAULT_API_FOLDER = "/usr/share/vpp/api";

/** The same folder, below the prefix of an installed VPP. */
const API_FOLDER_IN_PREFIX = "share/vpp/api";

/**
 * The source of definitions, before the built-in ones, which are the last resort:
 * "auto": the running VPP itself (24.06 and newer), else share/vpp/api below the prefix of its program, else /usr/share/vpp/api;
 * "builtin": no other source; `{ folder }`: a folder of .api.json files; or a `Schema`.
 */
export type SchemaSource = "auto" | "builtin" | { folder: string } | Schema;

/** Sends a request to the connected VPP. */
type Ask = (request: string) => Promise<MessageValue>;

/** Loads definitions for one VPP after the other. It loads nothing for a VPP with the same message table as the last. */
export class SchemaLoader {
  #loaded: { table: string; schema: Schema | undefined } | undefined;
  readonly #source: SchemaSource;

  constructor(source: SchemaSource) {
    this.#source = source;
  }

  /** Returns the preferred schema for a VPP with this message table; undefined if only the built-in definitions exist. */
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
    const folder = await apiFolderOf(ask);
    // The built-in definitions serve as well where a folder is empty or has a bad file.
    return folder === undefined ? undefined : Schema.fromDirectory(folder).catch(() => undefined);
  }
}

/**
 * Returns the folder of .api.json files of the running VPP: below the prefix of its program, if this process can see that, or else
 * the folder of VPP's packages.
 */
async function apiFolderOf(ask: Ask): Promise<string | undefined> {
  const { vpe_pid } = await ask("control_ping");
  const prefix = await prefixOf(Number(vpe_pid));
  const folders = [...(prefix === undefined ? [] : [join(prefix, API_FOLDER_IN_PREFIX)]), DEFAULT_API_FOLDER];
  return folders.find((folder) => existsSync(folder));
}

/** Returns the prefix of the program with this process id. In another pid namespace the id may belong to another process. */
async function prefixOf(pid: number): Promise<string | undefined> {
  const program = await readlink(`/proc/${pid}/exe`).catch(() => undefined);
  return program !== undefined && /^vpp(?!\w)/.test(basename(program)) ? dirname(dirname(program)) : undefined;
}

function hasGetApiJson(table: ReadonlyMap<string, number>): boolean {
  return Schema.builtin()
    .crcs("get_api_json")
    .some((crc) => table.has(`get_api_json_${crc}`));
}

/** Fetches the definitions of all messages from a VPP (24.06 or newer). */
async function fetchSchema(ask: Ask): Promise<Schema> {
  const { json } = await ask("get_api_json");
  if (typeof json !== "string")
    throw new PuntError("binapi.schema", "ERR_BAD_SCHEMA", "get_api_json: VPP gave no text");
  // VPP's length includes the terminator of its C string.
  return Schema.fromApiJsonText(json.replace(/\0+$/, ""), "the running VPP");
}
