// Standard output and standard error of a command. Any write may fail: the reader may be gone, the disk full, the terminal closed.
import { PuntError } from "../../errors.js";

/** The first write to standard output that failed. */
let failure: NodeJS.ErrnoException | undefined;
let isUsed = false;
const listeners = new Set<() => void>();

/** Takes the errors of both outputs, which end the process with a stack trace otherwise. */
export function guardOutputs(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (failure !== undefined) return;
    failure = error;
    for (const listener of listeners) listener();
  });
  // An error message that cannot be written has no other place to go.
  process.stderr.on("error", () => {});
}

/** Prints warnings, such as that of a small queue limit, as one line each, without Node's advice on how to trace them. */
export function plainWarnings(): void {
  // Without a listener, the user refuses warnings (--no-warnings).
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    if (name !== "ExperimentalWarning") printError(`vpp-punt: warning: ${message.replace(/\s*\n\s*/g, " ")}`);
  });
}

/** Whether standard output is lost, so that more of it is in vain. */
export function isOutputLost(): boolean {
  return failure !== undefined;
}

/** Calls `listener` once standard output is lost. */
export function onOutputLost(listener: () => void): void {
  if (failure !== undefined) listener();
  listeners.add(listener);
}

/**
 * Why standard output is not complete. A reader that has seen enough (`| head`) is not an error: undefined.
 * A full disk (ENOSPC) and a closed terminal (EIO) are errors.
 */
export function outputError(): PuntError | undefined {
  if (failure === undefined || failure.code === "EPIPE" || failure.code === "ERR_STREAM_DESTROYED") return undefined;
  const { code = "EIO", message } = failure;
  return new PuntError("vpp-punt", code, `cannot write standard output: ${message}`, {}, failure);
}

/** Writes text to standard output as it is. */
export function write(text: string | Uint8Array): void {
  isUsed = true;
  if (failure === undefined) process.stdout.write(text);
}

/** Writes a line to standard output. */
export function print(line: string): void {
  write(`${line}\n`);
}

/** Writes a line to standard error. */
export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Resolves when standard output has taken everything that was written, or is lost. */
export async function flushed(): Promise<void> {
  // A full disk does not matter to a command that has printed nothing.
  if (isUsed)
    await new Promise<void>((resolve) => {
      onOutputLost(resolve);
      process.stdout.write("", () => resolve());
    });
  // The error of a file comes in the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
}
