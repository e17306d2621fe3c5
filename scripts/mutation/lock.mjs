// One run at a time uses a copy.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const fileOf = (copy) => `${copy}.pid`;

/** The process that uses the copy, or undefined. A killed process has left the file. */
function owner(copy) {
  const pid = existsSync(fileOf(copy)) ? Number(readFileSync(fileOf(copy), "utf8")) : 0;
  return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
}

/** Returns undefined once the copy, a folder's path, is this process's, or the process that has it. */
export function take(copy) {
  const other = owner(copy);
  if (other !== undefined) return other;
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(fileOf(copy), String(process.pid));
}

export function release(copy) {
  rmSync(fileOf(copy), { force: true });
}
