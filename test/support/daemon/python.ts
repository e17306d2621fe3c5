// Calls of a daemon by Python's grpcio.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The name of a call, and its message as JSON. */
export type PythonCall = readonly [name: string, message: object];

/** The answer to a call, as JSON has it. */
export interface PythonAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: a message of any call
  readonly reply?: any;
  /** gRPC's name of the status. */
  readonly error?: string;
  readonly detail?: { readonly op: string; readonly code: string };
}

/** Does the calls one after the other, in one process. */
export async function python(socket: string, ...calls: readonly PythonCall[]): Promise<PythonAnswer[]> {
  const script = "test/support/daemon/client.py";
  const { stdout } = await run("/usr/bin/python3", [script, socket, JSON.stringify(calls)], { timeout: 120_000 });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
