// Runs the processes of a trial.
import { type ChildProcess, spawn } from "node:child_process";
import { cpus } from "node:os";
import type { Result, Step } from "./trial.js";

/** A run that takes longer than this counts as hanging. */
const RUN_LIMIT_MS = 240_000;
/** Time for the other processes to exit after the last one has ended. */
const EXIT_LIMIT_MS = 10_000;

/** A signal that ends this process reaches it alone, unless it comes from a terminal. */
const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** A started step: its readiness and its output. */
class Running {
  readonly ready: Promise<void>;
  readonly done: Promise<Result>;
  readonly #child: ChildProcess;
  #output = "";

  constructor(step: Step) {
    const [program, ...args] = pinned(step);
    this.#child = spawn(program!, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...step.env },
    });
    alive.add(this.#child);
    this.#child.once("exit", () => alive.delete(this.#child));
    this.#child.stdin!.on("error", () => {}); // the process may exit before its stdin is closed
    const name = step.command.join(" ");
    this.done = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => {
        if (code === 0) resolve(lastObject(this.#output));
        else reject(new Error(`${name} ended with ${signal ?? code}`));
      });
    });
    this.ready = Promise.race([this.#saysReady(), this.done.then(() => undefined)]);
    this.done.catch(() => {}); // runSteps reports it
    this.ready.catch(() => {});
  }

  finish(): void {
    this.#child.stdin!.end();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #saysReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        if (/^ready$/m.test(this.#output)) resolve();
      });
    });
  }
}

/** Runs the steps together and returns their results in order. Leaves no process behind, whatever happens. */
export async function runSteps(steps: Step[]): Promise<Result[]> {
  const running: Running[] = [];
  try {
    for (const step of steps) {
      await running.at(-1)?.ready;
      running.push(new Running(step));
    }
    await within(running.at(-1)!.done, RUN_LIMIT_MS, steps.at(-1)!);
    for (const process of running) process.finish();
    return await Promise.all(running.map((process, i) => within(process.done, EXIT_LIMIT_MS, steps[i]!)));
  } finally {
    for (const process of running) process.kill();
  }
}

function pinned(step: Step): string[] {
  if (step.cpu === undefined || step.cpu >= cpus().length) return step.command;
  return ["taskset", "-c", String(step.cpu), ...step.command];
}

function lastObject(output: string): Result {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  return line.startsWith("{") ? (JSON.parse(line) as Result) : {};
}

async function within<T>(promise: Promise<T>, limit: number, step: Step): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${step.command.join(" ")} has not ended after ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
