// The requests that a command is given: a file of punts, standard input, or one request by itself.
import { parseDocument } from "yaml";
import { PuntError } from "../../errors.js";
import {
  decodeText,
  lacksSocketPath,
  type PuntRequest,
  type PuntRequestInput,
  parseRequest,
  parseRequests,
  readText,
} from "../../punt/index.js";

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return decodeText(Buffer.concat(chunks), "standard input");
}

/** Reads a file; `-` is standard input. */
function textOf(path: string): Promise<string> {
  return path === "-" ? standardInput() : readText(path);
}

/** Reads a file of punts; `-` is standard input. @throws PuntError with every problem of the file */
export async function requestsOf(path: string): Promise<PuntRequest[]> {
  return parseRequests(await textOf(path), path === "-" ? "standard input" : path);
}

/** Reads one request: the text given, a file, or standard input. A request without the path of its socket is left to a daemon, which has one. */
export async function requestOf(text: string | undefined, file: string | undefined): Promise<PuntRequestInput> {
  const content = text === undefined || text === "-" ? await textOf(file ?? "-") : text;
  const input = parsed(content);
  if (input === null) {
    const message = "a request is expected: as an argument, in a file (-f) or on standard input";
    throw new PuntError("punt.add", "ERR_USAGE", message, { remedy: "`vpp-punt schema` has its fields" });
  }
  return lacksSocketPath(input) ? (input as PuntRequestInput) : parseRequest(input, "request", "punt.add");
}

function parsed(content: string): unknown {
  try {
    const document = parseDocument(content, { merge: true, logLevel: "error" });
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const message = (cause as Error).message.split("\n")[0]!.replace(/:$/, "");
    throw new PuntError("punt.add", "ERR_USAGE", `the request is not JSON or YAML: ${message}`);
  }
}
