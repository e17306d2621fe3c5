// Exit statuses, and errors as text and as JSON.
import type { CommanderError } from "commander";
import { messageOf, PuntError, yamlErrorText } from "../../errors.js";
import type { FileProblem } from "../../punt/index.js";
import { printError } from "../output/index.js";
import { remedyFor } from "./remedies.js";

/** Exit statuses of `vpp-punt`. The texts are the table of docs/cli.md and of the man pages. */
export const EXIT_STATUSES = {
  success: { status: 0, meaning: "The command did what was asked." },
  failed: { status: 1, meaning: "The command failed. One line on standard error says why." },
  usage: { status: 2, meaning: "The command line or the file of punts is wrong. Nothing was done." },
  changes: { status: 3, meaning: "`plan --detailed-exitcode`: there is something to change." },
  notReady: {
    status: 4,
    meaning: "The punts are stored, but not all of them came into the state that was waited for.",
  },
  unreachable: { status: 5, meaning: "VPP, the daemon or etcd cannot be reached." },
  internal: { status: 70, meaning: "A fault of vpp-punt itself. VPP_PUNT_DEBUG=1 prints where." },
  hangup: { status: 129, meaning: "The terminal was closed (SIGHUP) before the command had done its work." },
  interrupt: { status: 130, meaning: "Interrupted (SIGINT, Ctrl-C) before the command had done its work." },
  terminated: { status: 143, meaning: "Terminated (SIGTERM) before the command had done its work." },
} as const;

export type Outcome = keyof typeof EXIT_STATUSES;

/** Sets the exit status. The process ends when nothing is left to do. */
export function exitWith(outcome: Outcome): void {
  process.exitCode = EXIT_STATUSES[outcome].status;
}

const UNREACHABLE = new Set(["ECONNREFUSED", "ERR_DISCONNECTED", "ERR_ETCD_AWAY"]);
const WRONG_INPUT = new Set([
  "ERR_FILTER",
  "ERR_INVALID_FILE",
  "ERR_INVALID_REQUEST",
  "ERR_INVALID_CIDR",
  "ERR_OPTION",
  "ERR_USAGE",
]);
const SIGNALS: Readonly<Record<string, Outcome>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGTERM: "terminated",
};

/** The operations that reach for VPP: ENOENT and EACCES of these are about its socket. */
const CONNECTING = /^(binapi\.connect|module\.connect)$/;

function outcomeOf({ op, code, details }: PuntError): Outcome {
  const signal = SIGNALS[String(details.signal)];
  if (code === "ERR_INTERRUPTED" && signal) return signal;
  if (UNREACHABLE.has(code) || CONNECTING.test(op)) return code === "ERR_OPTION" ? "usage" : "unreachable";
  if (code === "ERR_NOT_READY") return "notReady";
  // The fields of `vpp-punt api` do not fit the message.
  if (op === "binapi.encode") return "usage";
  return WRONG_INPUT.has(code) ? "usage" : "failed";
}

/** An error as `--json` prints it. */
export function errorObject(error: PuntError): object {
  const { op, code, message, details } = error;
  const remedy = remedyFor(error);
  return { op, code, message, details, ...(remedy && { remedy }) };
}

/** gRPC's words for an error, of which the error has what says something. */
const GRPC = /^\d+ [A-Z_]+: /;

/** Returns a message without the name that Node sets before an error of Linux: the code says it once. */
function plain(message: string, code: string | undefined): string {
  return code === undefined ? message : message.replace(`${code}: `, "");
}

/** An error on one line: what failed, the code, the causes and what to do. */
export function errorText(error: PuntError): string {
  const parts = [`${plain(error.message, error.code)} (${error.code})`];
  for (let { cause } = error; cause instanceof Error; cause = (cause as PuntError).cause as Error) {
    const text = cause instanceof PuntError ? messageOf(cause) : cause.message;
    const reason = plain(text, (cause as NodeJS.ErrnoException).code);
    // A YAML parser quotes the document below.
    const isSaid = parts.some((part) => part.includes(yamlErrorText({ message: reason })));
    if (!GRPC.test(reason) && !isSaid) parts.push(`because ${reason}`);
  }
  const remedy = remedyFor(error);
  return [parts.join(", "), ...(remedy ? [remedy] : [])].join(". ").replace(/\s*\n\s*/g, " ");
}

/** An error of the operating system, such as a file that cannot be read, keeps its errno name. Anything else is a fault of ours. */
function asPuntError(error: unknown): PuntError {
  if (error instanceof PuntError) return error;
  const { code, syscall, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) return new PuntError("vpp-punt", code, String(message), {}, error);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new PuntError("vpp-punt", "ERR_INTERNAL", `internal error: ${text}`, {}, error);
}

/** Says what went wrong on standard error and sets the exit status. */
export function fail(error: unknown, json: boolean): void {
  const known = asPuntError(error);
  exitWith(known.code === "ERR_INTERNAL" ? "internal" : outcomeOf(known));
  if (json) printError(JSON.stringify({ error: errorObject(known) }, bigintText));
  else for (const line of errorLines(known)) printError(line);
  if (process.env.VPP_PUNT_DEBUG) printError(String((error as Error)?.stack ?? error));
}

/** One line; of a file with several problems, one line for each. */
function errorLines(error: PuntError): string[] {
  const { path, problems } = error.details as { path?: string; problems?: readonly FileProblem[] };
  if (!Array.isArray(problems)) return [errorText(error)];
  return problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message} (${error.code})`);
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Ends a command line that Commander refused. Help and version come here too, with exit status 0. */
export function failUsage(error: CommanderError, json: boolean, help: string): void {
  if (error.exitCode === 0) return;
  exitWith("usage");
  const text = usageText(error, help);
  if (json) printError(JSON.stringify({ error: errorObject(new PuntError("vpp-punt", "ERR_USAGE", text)) }));
  else printError(`vpp-punt: ${text}`);
}

/** Commander's message on one line, its suggestion included. */
function usageText({ code, message }: CommanderError, help: string): string {
  if (code === "commander.help") {
    // Commander has no message for a command that is missing, or that `help` does not know.
    const [, , name, asked] = process.argv;
    return `${name === "help" ? `unknown command '${asked}'` : "a command is expected"}. See: ${help}`;
  }
  const [first, ...suggestion] = message
    .replace(/^error: /, "")
    .replace(/\.$/, "")
    .split("\n");
  const near = suggestion.join(" ").replace(/^\(Did you mean (.*)\?\)$/s, "did you mean $1?");
  return near === "" ? `${first}. See: ${help}` : `${first}, ${near} See: ${help}`;
}
