// How a command ends: exit statuses, and errors as a person or a program reads them.
import type { CommanderError } from "commander";
import { PuntError } from "../errors.js";

/** Exit statuses of `vpp-punt`. 0 is success. */
export const ExitStatus = {
  /** The command could not do what was asked. */
  failed: 1,
  /** The command line was wrong: nothing was done. */
  usage: 2,
} as const;

/** What `--json` prints on standard error for an error. */
function errorObject(error: PuntError): object {
  return { error: { op: error.op, code: error.code, message: error.message, details: error.details } };
}

function errorText(error: PuntError): string {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) causes.push(`  because: ${cause.message}`);
  return [`${error.message} (${error.code})`, ...causes].join("\n");
}

/** Says what went wrong on standard error and sets the exit status. What is no PuntError is a bug, shown with its stack. */
export function fail(error: unknown, json: boolean): void {
  process.exitCode = ExitStatus.failed;
  if (!(error instanceof PuntError)) console.error(error);
  else console.error(json ? JSON.stringify(errorObject(error)) : errorText(error));
}

/** Ends a command line that Commander refused, which has said why unless JSON was asked for. Help and version come here too. */
export function failUsage({ exitCode, message }: CommanderError, json: boolean): void {
  process.exitCode = exitCode === 0 ? 0 : ExitStatus.usage;
  if (exitCode === 0 || !json) return;
  const text = message.replace(/^error: /, "");
  console.error(JSON.stringify(errorObject(new PuntError("vpp-punt", "ERR_USAGE", text))));
}
