// Runs another program, with limits on its output and its time: the text that it prints may come from an attacker.
import { type ChildProcess, spawn } from "node:child_process";

export interface ProgramOptions {
  /** Most bytes that it may print. */
  readonly bytes: number;
  /** Most milliseconds that it may take. */
  readonly ms: number;
  /** An open descriptor that it gets as its descriptor 3. */
  readonly fd?: number | undefined;
}

export interface ProgramResult {
  /** -1 if the program could not be started or did not end by itself. */
  readonly status: number;
  readonly stdout: string;
  /** The program's own words; why it could not be started, or why it was ended. */
  readonly stderr: string;
}

/** Runs a program with an input. If it reaches a limit of the options, it is killed, and so are the processes that it started. */
export function runProgram(
  program: string,
  args: readonly string[],
  input: string,
  { bytes, ms, fd }: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const passed = fd === undefined ? [] : [fd];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe", ...passed], detached: true });
    const printed = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let room = bytes;
    const settle = (status: number, why?: string) => {
      clearTimeout(deadline);
      const [stdout, stderr] = [printed.stdout, printed.stderr].map((chunks) => Buffer.concat(chunks).toString());
      resolve({ status, stdout: stdout!, stderr: why ?? stderr! });
    };
    const stop = (why: string) => {
      settle(-1, why);
      kill(child);
    };
    const deadline = setTimeout(() => stop(`it did not end within ${ms / 1000} s`), ms);
    child.on("error", ({ message }) => settle(-1, message));
    child.on("close", (status) => settle(status ?? -1));
    // Without free descriptors there are no streams.
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.on("data", (chunk: Buffer) => {
        room -= chunk.length;
        if (room < 0) stop(`it printed more than ${bytes} bytes`);
        else printed[name].push(chunk);
      });
    // A program that ended before it read its input has printed the reason on stderr.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Kills the program's process group. Does not wait: a process may be stuck in the kernel. */
function kill(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // All of them have ended since.
  }
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  child.unref();
}
