// Files of punts: YAML or JSON, `punts:` with a list of requests.
import { readFile } from "node:fs/promises";
import { type Document, LineCounter, parseDocument, type YAMLParseError } from "yaml";
import { PuntError } from "../../errors.js";
import { idKey, idText, type PuntRequest, parseRequest } from "./request.js";

const op = "punt.load";

/**
 * Reads a file of punts. JSON is YAML, so one reader takes both.
 *
 * @throws PuntError naming the file and the line or field: the errno name if it cannot be read, `INVALID_FILE` if it is no YAML
 * or has another shape, or has a punt twice, `INVALID_REQUEST` if a request in it is not valid.
 */
export async function loadRequests(path: string): Promise<PuntRequest[]> {
  return parseRequests(await read(path), path);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new PuntError(op, (cause as NodeJS.ErrnoException).code ?? "EIO", `cannot read ${path}`, { path }, cause);
  }
}

/** The same, of a text; `name` is what its errors call it. */
export function parseRequests(content: string, name: string): PuntRequest[] {
  const punts = listOf(parseYaml(content, name), name);
  const requests = punts.map((punt, index) => parseRequest(punt, `${name}: punts[${index}]`, op));
  requireDistinct(requests, name);
  return requests;
}

function requireDistinct(requests: readonly PuntRequest[], name: string): void {
  const seen = new Map<string, number>();
  for (const [index, request] of requests.entries()) {
    const first = seen.get(idKey(request));
    if (first !== undefined) throw invalid(name, `punts[${index}] is punt ${idText(request)}, as punts[${first}] is`);
    seen.set(idKey(request), index);
  }
}

function parseYaml(content: string, name: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines });
  const [error] = document.errors;
  if (!error) return resolveAliases(document, name);
  const { line, col } = lines.linePos(error.pos[0]);
  throw new PuntError(op, "INVALID_FILE", `${name}:${line}:${col}: ${textOf(error)}`, {
    path: name,
    line,
    column: col,
  });
}

function textOf({ code, message }: YAMLParseError): string {
  return code === "MULTIPLE_DOCS"
    ? "a file of punts is one YAML document; here another begins"
    : message.split("\n")[0]!;
}

/** Aliases are resolved only now: one without its anchor, or a "billion laughs", is found here. */
function resolveAliases(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw invalid(name, (cause as Error).message);
  }
}

function listOf(content: unknown, name: string): unknown[] {
  const punts = (content as { punts?: unknown } | null | undefined)?.punts;
  if (!Array.isArray(punts)) throw invalid(name, "punts: this field is expected, with a list of punt requests");
  const other = Object.keys(content as object).find((key) => key !== "punts");
  if (other !== undefined) throw invalid(name, `${other}: is not a field of a file of punts`);
  return punts;
}

function invalid(path: string, message: string): PuntError {
  return new PuntError(op, "INVALID_FILE", `${path}: ${message}`, { path });
}
