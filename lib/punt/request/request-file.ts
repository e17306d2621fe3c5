// Files of punts: YAML or JSON, `punts:` with a list of requests.
import type { Document, Node, YAMLError } from "yaml";
import { PuntError, yamlErrorText } from "../../errors.js";
import { yaml } from "../../lazily.js";
import { OptionCheck } from "../../options.js";
import { readText } from "./file-text.js";
import { idKey, idText, type PuntId, type PuntRequest, parseRequest } from "./request.js";
import { type PathlessRequest, parsePathless } from "./short-forms.js";

const OP = "punt.load";

/** One problem of a file, with its place. */
export interface FileProblem {
  /** From 1. The line of the field, or of the nearest place that the file has. */
  readonly line: number;
  readonly column: number;
  /** Such as `punts[2].vppInterface`; "" for the whole file. */
  readonly field: string;
  readonly message: string;
}

/**
 * Reads a file of punts in YAML or JSON.
 *
 * @throws PuntError `ERR_INVALID_FILE`: the file is not YAML, has another shape, or contains a punt twice; `ERR_INVALID_REQUEST`: a request
 * is not valid. `details.problems` (`FileProblem`) and the message have every problem of the file, with line and column. The errno name if
 * the file cannot be read
 * @example
 * ```ts
 * import { loadRequests, PuntError } from "vpp-punt";
 *
 * try {
 *   for (const { cnf, type } of await loadRequests("punts.yaml")) console.log(cnf, type);
 * } catch (error) {
 *   if (error instanceof PuntError) console.error(error.message);
 * }
 * ```
 */
export async function loadRequests(path: string): Promise<PuntRequest[]> {
  new OptionCheck(OP).text("path", path);
  return parseRequests(await readText(path), path);
}

/**
 * Parses the text of a file of punts, as `loadRequests` does. `name` is the name of the file in errors.
 *
 * @throws PuntError as `loadRequests`
 * @example
 * ```ts
 * import { parseRequests } from "vpp-punt";
 *
 * const text = "punts: [{ cnf: monitor, type: SPAN, interconnect: MEMIF, vppInterface: eth0 }]";
 * console.log(parseRequests(text, "punts.yaml").length); // 1
 * ```
 */
export function parseRequests(content: string, name: string): PuntRequest[] {
  return requestsIn(content, name, parseRequest);
}

/** Parses the text of a file of punts whose requests may lack the paths of their punt sockets. @throws PuntError as `loadRequests` */
export function parsePathlessRequests(content: string, name: string): PathlessRequest[] {
  return requestsIn(content, name, parsePathless);
}

type Parse<R> = (punt: unknown, where: string, op: string) => R;

function requestsIn<R extends PuntId>(content: string, name: string, parse: Parse<R>): R[] {
  new OptionCheck(OP).text("content", content);
  new OptionCheck(OP).text("name", name);
  const file = new PuntFile(content, name);
  const requests = file.list().map((punt, index) => file.request(punt, index, parse));
  file.requireDistinct(requests);
  file.requireGood();
  return requests as R[];
}

/** A file under check: collects its problems. */
class PuntFile {
  readonly #name: string;
  readonly #lines = new (yaml().LineCounter)();
  readonly #document: Document.Parsed;
  readonly #problems: FileProblem[] = [];
  #code = "ERR_INVALID_FILE";

  constructor(content: string, name: string) {
    this.#name = name;
    this.#document = yaml().parseDocument(content, { lineCounter: this.#lines, merge: true, logLevel: "error" });
    const { errors, warnings } = this.#document;
    for (const error of [...errors, ...warnings]) this.#addAt(error.pos[0], "", textOf(error));
    this.requireGood();
  }

  /** Returns the list under `punts:`. */
  list(): unknown[] {
    const content = this.#toJS() as { punts?: unknown } | null | undefined;
    for (const key of yaml().isMap(this.#document.contents) ? Object.keys(content ?? {}) : [])
      if (key !== "punts") this.#add([key], `${key}: is not a field of a file of punts; there is punts`);
    if (Array.isArray(content?.punts)) return content.punts;
    this.#add(["punts"], "punts: this field is expected, with a list of punt requests");
    this.requireGood();
    return [];
  }

  /** Resolves aliases: finds an alias without its anchor, and a "billion laughs". */
  #toJS(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: 100 });
    } catch (cause) {
      this.#add([], (cause as Error).message);
      this.requireGood();
      return undefined;
    }
  }

  /** Returns the request, or undefined after it has noted the problems. */
  request<R>(punt: unknown, index: number, parse: Parse<R>): R | undefined {
    try {
      return parse(punt, `punts[${index}]`, OP);
    } catch (error) {
      if (!(error instanceof PuntError)) throw error;
      this.#code = error.code;
      for (const { field, message } of error.details.issues as { field: string; message: string }[]) {
        const path = ["punts", index, ...field.split(/[.[\]]+/).filter((part) => part !== "")];
        this.#add(path, `punts[${index}]: ${field === "" ? message : `${field}: ${message}`}`);
      }
      return undefined;
    }
  }

  requireDistinct(requests: readonly (PuntId | undefined)[]): void {
    const seen = new Map<string, number>();
    for (const [index, request] of requests.entries()) {
      if (request === undefined) continue;
      const first = seen.get(idKey(request));
      if (first === undefined) seen.set(idKey(request), index);
      else this.#add(["punts", index], `punts[${index}] is punt ${idText(request)}, as punts[${first}] is`);
    }
  }

  /** @throws PuntError with every problem so far */
  requireGood(): void {
    const [first] = this.#problems.sort((a, b) => a.line - b.line || a.column - b.column);
    if (!first) return;
    const texts = this.#problems.map(({ line, column, message }) => `${this.#name}:${line}:${column}: ${message}`);
    const { line, column } = first;
    throw new PuntError(OP, this.#code, texts.join("; "), { path: this.#name, line, column, problems: this.#problems });
  }

  #add(path: readonly (string | number)[], message: string): void {
    this.#addAt(this.#offsetOf(path), fieldText(path), message);
  }

  #addAt(offset: number, field: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.#problems.push({ line: Math.max(line, 1), column: Math.max(col, 1), field, message });
  }

  /** Returns the offset of the node at `path`, or of the nearest one above it that the file has. */
  #offsetOf(path: readonly (string | number)[]): number {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return node.range[0];
    }
    return this.#document.contents?.range?.[0] ?? 0;
  }
}

/** Returns a path as text, such as `punts[2].vppInterface`. */
function fieldText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (/^\d+$/.test(String(part))) return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${part}`;
  }, "");
}

function textOf(error: YAMLError): string {
  return error.code === "MULTIPLE_DOCS"
    ? "a file of punts is one YAML document; here another begins"
    : yamlErrorText(error);
}
