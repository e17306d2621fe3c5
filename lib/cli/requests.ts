// The requests that a command is given: a file of punts, standard input, or one request by itself.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { PuntError } from "../errors.js";
import { type PuntRequest, parseRequest, parseRequests } from "../punt/index.js";

const OP = "punt.load";

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads a file; `-` is standard input. */
async function textOf(path: string): Promise<string> {
  try {
    return await (path === "-" ? standardInput() : readFile(path, "utf8"));
  } catch (cause) {
    const { code = "EIO", message } = cause as NodeJS.ErrnoException;
    throw new PuntError(OP, code, `cannot read ${path}: ${message}`, { path }, cause);
  }
}

/** Reads a file of punts; `-` is standard input. @throws PuntError with every problem of the file */
export async function requestsOf(path: string): Promise<PuntRequest[]> {
  return parseRequests(await textOf(path), path === "-" ? "standard input" : path);
}

/** Reads one request: the text given, a file, or standard input. */
export async function requestOf(text: string | undefined, file: string | undefined): Promise<PuntRequest> {
  const content = text === undefined || text === "-" ? await textOf(file ?? "-") : text;
  return parseRequest(parsed(content), "request", "punt.add");
}

function parsed(content: string): unknown {
  try {
    return parse(content);
  } catch (cause) {
    const message = (cause as Error).message.split("\n")[0];
    throw new PuntError("punt.add", "ERR_USAGE", `the request is not JSON or YAML: ${message}`, {}, cause);
  }
}
