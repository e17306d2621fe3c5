// Commands that steps of the package's check run.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
/** Programs of a user of the package. */
export const consumerPrograms = join(root, "scripts/packaging/consumers");
const FIVE_MINUTES = 300_000;
/** A busy machine takes its time over some 60 files of C++. */
export const COMPILE_WITHIN_MS = 1_800_000;

/** Runs to the end; resolves to `{ status, output }`. */
export function attempt(command, args, { cwd = root, env = {}, timeout = FIVE_MINUTES } = {}) {
  const merged = { ...process.env, ...env };
  // The variables of the surrounding npm run must not reach the user's npm.
  for (const name of ["npm_config_build_from_source", "npm_package_json", "INIT_CWD"])
    if (env[name] === undefined) delete merged[name];
  const result = spawnSync(command, args, { cwd, env: merged, timeout, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.error) throw new Error(`${command}: ${result.error.message}`);
  return { status: result.status ?? result.signal, output: `${result.stdout}${result.stderr}` };
}

/** Runs to the end; throws with what it printed unless it ends with 0. */
export function run(command, args, options) {
  const { status, output } = attempt(command, args, options);
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} ended with ${status}:\n${output.trim()}`);
  return output;
}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

/** Thrown by a step for which this machine lacks something. */
export class Skip extends Error {}

const TRAPPED = ["c++", "g++", "clang++", "cc", "gcc", "make", "node-gyp"];

/** A folder for PATH in which every compiler fails and leaves a mark; `used()` lists the compilers that were called. */
export function compilerTraps(folder) {
  const marks = join(folder, "compiled");
  mkdirSync(folder, { recursive: true });
  for (const tool of TRAPPED) {
    const file = join(folder, tool);
    writeFileSync(file, `#!/bin/sh\necho ${tool} >> ${marks}\nexit 1\n`);
    chmodSync(file, 0o755);
  }
  return {
    path: [folder, process.env.PATH].join(delimiter),
    used: () => (existsSync(marks) ? readFileSync(marks, "utf8").trim().split("\n") : []),
  };
}
