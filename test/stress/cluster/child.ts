// A process of the cluster that can be killed, stopped and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";

export interface ChildOptions {
  readonly words: readonly string[];
  /** File that gets what it prints. */
  readonly log: string;
  readonly ipc?: boolean;
  /** Called with each line of its standard error. */
  readonly onLine?: (line: string) => void;
}

export class Child {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;

  constructor({ words, log, ipc = false, onLine }: ChildOptions) {
    const [name, ...args] = words;
    const stdio = ["ignore", "pipe", "pipe", ...(ipc ? ["ipc" as const] : [])] as const;
    this.process = spawn(name!, args, { stdio: [...stdio] });
    this.exited = once(this.process, "exit").then(() => {});
    const file = createWriteStream(log, { flags: "a" });
    this.process.stdout!.pipe(file, { end: false });
    this.process.stderr!.pipe(file, { end: false });
    void once(this.process, "close").then(() => file.end());
    if (onLine) this.#lines(onLine);
  }

  get pid(): number {
    return this.process.pid!;
  }

  get isAlive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.isAlive) return;
    this.process.kill("SIGCONT");
    this.process.kill(signal);
    await this.exited;
  }

  #lines(onLine: (line: string) => void): void {
    let rest = "";
    this.process.stderr!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) onLine(line);
    });
  }
}

/** Does something later, or waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
