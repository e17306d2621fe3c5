// One run at a time uses the copy.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const file = "dist/mutation.pid";

/** The process that uses the copy, or undefined. A killed process has left the file. */
function owner() {
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
}

/** Returns undefined once the copy is this process's, or the process that has it. */
export function take() {
  const other = owner();
  if (other === undefined) writeFileSync(file, String(process.pid));
  return other;
}

export function release() {
  rmSync(file, { force: true });
}
