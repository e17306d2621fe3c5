// Running one command of the checks, with its output kept.
import { spawn } from "node:child_process";
import { setPriority } from "node:os";

/**
 * Runs `command`; resolves with its exit status (null after a signal or the time limit) and what it printed. `niceness`: of the
 * command and of all that it starts.
 */
export function run(command, args, { env = {}, timeoutMs = 1_200_000, niceness = 0 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    if (niceness > 0 && child.pid !== undefined) setPriority(child.pid, niceness);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"])
      child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
    // The whole group, or the time limit would end npm and leave what it started.
    const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), timeoutMs);
    child.on("error", (error) => (output.stderr += `${command}: ${error.message}\n`));
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, ...output });
    });
  });
}
