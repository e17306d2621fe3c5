// Scripts in processes of their own: their output and their ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ExecutionContext } from "ava";

export interface Ended {
  readonly output: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs a program; resolves with the output on both streams and how the program ended. It ends with the test at the latest. */
export async function runProgram(t: ExecutionContext, command: string, ...args: string[]): Promise<Ended> {
  const child = spawn(command, args);
  t.teardown(() => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      output += text;
    });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { output, code, signal };
}

/** Runs Node with these arguments. */
export function runNode(t: ExecutionContext, ...args: string[]): Promise<Ended> {
  return runProgram(t, process.execPath, ...args);
}

/** Arguments that make Node run a module's text. */
export const moduleText = (script: string): string[] => ["--expose-gc", "--input-type=module", "-e", script];
