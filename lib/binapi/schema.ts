// Definitions of VPP's messages by name and CRC.
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { PuntError } from "../errors.js";
import { readRegularFile, unreadable } from "../files/index.js";
import { type ApiJson, checkApiJson, crcOf, messageOf, renderApiJson, typesOf } from "./api-json.js";
import { BUILTIN_DEFINITIONS, BUILTIN_RELEASES, type Release } from "./builtin.js";
import { Compiler } from "./codec/index.js";
import type { FieldDef, MessageDef, TypeDef, TypeLookup } from "./definitions.js";
import { FieldError } from "./field-error.js";
import { Message } from "./message.js";
import { type Definitions, parseNotation, type Ranged } from "./notation.js";

/** One definition of a message, which is loaded at its first use. */
interface Variant {
  crc: string;
  load(): { def: MessageDef; scope: Scope };
  message?: Message;
}

/** The types that the fields of a message refer to. */
interface Scope {
  types: TypeLookup;
  compiler: Compiler;
}

/**
 * Definitions of VPP's messages. A message may have several variants, which differ in their CRCs. Variants let one client talk to
 * any release.
 */
export class Schema {
  readonly #variants: ReadonlyMap<string, Variant[]>;

  /** `origin` names the source of the definitions in errors. */
  private constructor(
    readonly origin: string,
    variants: ReadonlyMap<string, Variant[]>,
  ) {
    this.#variants = variants;
  }

  /**
   * Returns the messages that this package uses, of one release or, without `release`, of all. In a schema of all releases,
   * `message(name)` is the newest variant, and `message(name, crc)` is any.
   *
   * @example
   * ```ts
   * import { Schema } from "vpp-punt/binapi";
   *
   * console.log(Schema.builtin("25.02").crcs("show_version"));
   * ```
   */
  static builtin(release?: Release): Schema {
    const index = release === undefined ? undefined : BUILTIN_RELEASES.indexOf(release);
    if (index === -1) {
      throw schemaError(
        "ERR_OUT_OF_RANGE",
        `no built-in release ${release} (there are ${BUILTIN_RELEASES.join(", ")})`,
      );
    }
    const known = builtinSchemas.get(release) ?? new Schema(originOf(release), builtinVariants(index));
    builtinSchemas.set(release, known);
    return known;
  }

  /**
   * Makes a schema from the parsed contents of .api.json files.
   *
   * @throws PuntError ERR_BAD_SCHEMA: a file does not have the form of an .api.json file
   * @example
   * ```ts
   * import { readFileSync } from "node:fs";
   * import { Schema } from "vpp-punt/binapi";
   *
   * const file = JSON.parse(readFileSync("/usr/share/vpp/api/core/ip.api.json", "utf8"));
   * console.log(Schema.fromApiJson([file], "ip.api.json").names());
   * ```
   */
  static fromApiJson(files: readonly unknown[], origin = "api.json"): Schema {
    if (!Array.isArray(files)) throw schemaError("ERR_BAD_SCHEMA", `${origin} is not an array of .api.json files`);
    const modules = files.map((file, i) => checkApiJson(file, `${origin}: file ${i}`));
    return new Schema(origin, jsonVariants(modules));
  }

  /**
   * Makes a schema from the answer to get_api_json: a JSON array of such files.
   *
   * @throws PuntError as `fromApiJson` does
   * @example
   * ```ts
   * import { Schema, Vpp } from "vpp-punt/binapi";
   *
   * await using vpp = await Vpp.connect();
   * const { json } = await vpp.call("get_api_json");
   * console.log(Schema.fromApiJsonText(json, vpp.endpoint).names().length);
   * ```
   */
  static fromApiJsonText(text: string, origin = "get_api_json"): Schema {
    return Schema.fromApiJson(parseJson(text, origin) as unknown[], origin);
  }

  /**
   * Reads all .api.json files below a folder, such as /usr/share/vpp/api. Rejects as `fromApiJson` throws.
   *
   * @example
   * ```ts
   * import { Schema, Vpp } from "vpp-punt/binapi";
   *
   * const schema = await Schema.fromDirectory("/usr/share/vpp/api");
   * await using vpp = await Vpp.connect({ schema });
   * ```
   */
  static async fromDirectory(folder: string): Promise<Schema> {
    const entries = await readdir(folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
      throw schemaError(cause.code ?? "EIO", `cannot read the folder ${folder}`, cause);
    });
    const names = entries.filter((name) => name.endsWith(".api.json")).sort();
    if (names.length === 0) throw schemaError("ENOENT", `there is no .api.json file under ${folder}`);
    const files: unknown[] = [];
    for (const name of names) files.push(await readApiFile(join(folder, name)));
    return Schema.fromApiJson(files, folder);
  }

  /** Returns the names of all messages. */
  names(): string[] {
    return [...this.#variants.keys()];
  }

  /** Returns all variants of all messages, in the form of VPP's message table: `show_version_51077d14`. */
  keys(): string[] {
    return this.names().flatMap((name) => this.crcs(name).map((crc) => `${name}_${crc}`));
  }

  /** Returns whether there is a message of that name. */
  has(name: string): boolean {
    return this.#variants.has(name);
  }

  /** Returns the CRCs of `name`, the newest last. */
  crcs(name: string): string[] {
    return (this.#variants.get(name) ?? []).map((variant) => variant.crc);
  }

  /**
   * Returns the message `name`: its newest variant, or the variant with this CRC.
   *
   * @throws PuntError ERR_UNKNOWN_MESSAGE: the schema has no such message
   */
  message(name: string, crc?: string): Message {
    const message = this.find(name, crc);
    if (message !== undefined) return message;
    const which = crc === undefined ? name : `${name} with CRC ${crc}`;
    throw schemaError("ERR_UNKNOWN_MESSAGE", `no definition of the message ${which} (${this.origin})`);
  }

  /** Returns the same as `message`, but undefined if the schema has no such message. */
  find(name: string, crc?: string): Message | undefined {
    const variants = this.#variants.get(name);
    const variant = crc === undefined ? variants?.at(-1) : variants?.find((one) => one.crc === crc);
    if (variant === undefined) return undefined;
    variant.message ??= this.#compile(variant);
    return variant.message;
  }

  /** Returns all messages, each in its newest variant. A message is compiled at its first use. */
  messages(): Message[] {
    return this.names().map((name) => this.message(name));
  }

  /** Returns the schema as .api.json files, one for each module: a VPP's answer to get_api_json. */
  toApiJson(): ApiJson[] {
    const modules = new Map<string, { def: MessageDef; scope: Scope }[]>();
    for (const variants of this.#variants.values()) {
      const loaded = variants.at(-1)!.load();
      const list = modules.get(loaded.def.module) ?? [];
      modules.set(loaded.def.module, list);
      list.push(loaded);
    }
    return [...modules].map(([module, list]) => renderModule(module, list));
  }

  /** Returns the definition of `message(name)`, for tools. @throws PuntError as `message` does */
  definition(name: string): { def: MessageDef; types: TypeLookup } {
    this.message(name);
    const { def, scope } = this.#variants.get(name)!.at(-1)!.load();
    return { def, types: scope.types };
  }

  #compile(variant: Variant): Message {
    const { def, scope } = variant.load();
    return new Message(def, (fields) => compileBody(def, scope, fields));
  }
}

function compileBody(def: MessageDef, scope: Scope, fields: readonly FieldDef[]) {
  try {
    return scope.compiler.struct(fields);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw schemaError("ERR_BAD_SCHEMA", `the definition of ${def.name} is bad: ${error.path}: ${error.problem}`);
  }
}

function makeScope(types: TypeLookup): Scope {
  return { types, compiler: new Compiler(types) };
}

/** The built-in schemas that were asked for. Each client would compile the messages of a schema of its own again. */
const builtinSchemas = new Map<Release | undefined, Schema>();

function originOf(release: Release | undefined): string {
  return release === undefined ? "built in" : `built in for ${release}`;
}

let builtin: Definitions | undefined;

function builtinVariants(release: number | undefined): Map<string, Variant[]> {
  builtin ??= parseNotation(BUILTIN_DEFINITIONS, BUILTIN_RELEASES);
  const { types, messages } = builtin;
  const scopes = BUILTIN_RELEASES.map((_, index) => makeScope(typesOfRelease(types, index)));
  const variants = new Map<string, Variant[]>();
  for (const { def, first, last } of messages) {
    if (release !== undefined && (release < first || release > last)) continue;
    const list = variants.get(def.name) ?? [];
    variants.set(def.name, list);
    list.push({ crc: def.crc, load: () => ({ def, scope: scopes[release ?? last]! }) });
  }
  return variants;
}

function typesOfRelease(types: readonly Ranged<TypeDef>[], release: number): TypeLookup {
  const valid = types.filter(({ first, last }) => first <= release && release <= last);
  const byName = new Map(valid.map(({ def }) => [def.name, def]));
  return (name) => byName.get(name);
}

function jsonVariants(modules: readonly ApiJson[]): Map<string, Variant[]> {
  const loaders = new Map(modules.flatMap((module) => typesOf(module)));
  const types = new Map<string, TypeDef>();
  const scope = makeScope((name) => {
    const known = types.get(name) ?? loaders.get(name)?.();
    if (known !== undefined) types.set(name, known);
    return known;
  });
  const variants = new Map<string, Variant[]>();
  for (const [i, json] of modules.entries()) {
    const module = json.module ?? `file ${i}`;
    for (const raw of json.messages) {
      variants.set(raw[0], [{ crc: crcOf(raw), load: () => ({ def: messageOf(raw, json, module), scope }) }]);
    }
  }
  return variants;
}

function renderModule(module: string, loaded: readonly { def: MessageDef; scope: Scope }[]): ApiJson {
  const types = new Map<string, TypeDef>();
  for (const { def, scope } of loaded) collectTypes(def.fields, scope.types, types);
  return renderApiJson(
    module,
    loaded.map(({ def }) => def),
    [...types.values()],
  );
}

function collectTypes(fields: readonly FieldDef[], lookup: TypeLookup, found: Map<string, TypeDef>): void {
  for (const { type } of fields) {
    const def = lookup(type);
    if (def === undefined || found.has(type)) continue;
    found.set(type, def);
    collectTypes(fieldsIn(def), lookup, found);
  }
}

function fieldsIn(def: TypeDef): readonly FieldDef[] {
  if (def.kind === "struct") return def.fields;
  if (def.kind === "union") return def.arms;
  return def.kind === "alias" ? [{ name: def.name, type: def.type }] : [];
}

/** Bytes of a file of definitions. The longest one of VPP has 150 kB. */
const LONGEST_FILE = 16 << 20;

/** Reads a file. Its name gives the module if its text does not, as before VPP 26.06. */
async function readApiFile(path: string): Promise<unknown> {
  const bytes = await readRegularFile(path, LONGEST_FILE).catch((cause) => {
    throw unreadable("binapi.schema", path, cause);
  });
  const json = parseJson(bytes.toString("utf8"), path);
  return typeof json === "object" && json !== null ? { module: basename(path, ".api.json"), ...json } : json;
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PuntError("binapi.schema", "ERR_BAD_SCHEMA", `${source}: ${(cause as Error).message}`, {}, cause);
  }
}

function schemaError(code: string, message: string, cause?: unknown): PuntError {
  return new PuntError("binapi.schema", code, message, {}, cause);
}
