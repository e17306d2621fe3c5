// The requests that a command is given: a file of punts, standard input, or one request by itself.
import { parseDocument } from "yaml";
import { PuntError, yamlErrorText } from "../../errors.js";
import {
  decodeText,
  lacksSocketPath,
  type PathlessRequest,
  type PuntRequest,
  type PuntRequestInput,
  parsePathless,
  parsePathlessRequests,
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

/** The requests of a file of punts. */
export interface FileOfPunts {
  /** A daemon chooses the path of a punt socket that has none. */
  readonly requests: readonly PathlessRequest[];
  /** Returns the requests as a manager takes them. @throws PuntError with the places where the path of a punt socket is missing */
  withPaths(): PuntRequest[];
}

/** Reads a file of punts; `-` is standard input. @throws PuntError with every problem of the file */
export async function requestsOf(path: string): Promise<FileOfPunts> {
  const [text, name] = [await textOf(path), path === "-" ? "standard input" : path];
  const requests = parsePathlessRequests(text, name);
  // A second parse names the places; there is none where nothing is missing.
  const withPaths = () =>
    requests.some(lacksSocketPath) ? parseRequests(text, name) : (requests as readonly PuntRequest[] as PuntRequest[]);
  return { requests, withPaths };
}

/** Reads one request: the text given, a file, or standard input. A request without the path of its socket is left to a daemon, which has one. */
export async function requestOf(text: string | undefined, file: string | undefined): Promise<PuntRequestInput> {
  if (text !== undefined && file !== undefined)
    throw new PuntError("punt.add", "ERR_USAGE", "a request and -f are two ways to give one: one of them is expected");
  const content = text === undefined || text === "-" ? await textOf(file ?? "-") : text;
  const input = parsed(content);
  if (input === null) {
    const message = "a request is expected: as an argument, in a file (-f) or on standard input";
    throw new PuntError("punt.add", "ERR_USAGE", message, { remedy: "`vpp-punt schema` has its fields" });
  }
  return parsePathless(input, "request", "punt.add") as PuntRequestInput;
}

function parsed(content: string): unknown {
  try {
    const document = parseDocument(content, { merge: true, logLevel: "error" });
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new PuntError("punt.add", "ERR_USAGE", `the request is not JSON or YAML: ${yamlErrorText(cause as Error)}`);
  }
}
