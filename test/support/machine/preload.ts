// Libraries that stand between a child process and the C library: test/peers/<name>.c, preloaded.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = "dist/test-peers";

/** Compiles the library, unless that has been done. Returns the variables of an environment in which programs have it. */
export function preloaded(name: string): NodeJS.ProcessEnv {
  const source = `test/peers/${name}.c`;
  const library = join(folder, `${name}.so`);
  if (!(mtime(library) > mtime(source))) build(source, library);
  // Sanitizers must come first.
  return { LD_PRELOAD: [process.env.LD_PRELOAD, resolve(library)].filter(Boolean).join(" ") };
}

function build(source: string, library: string): void {
  mkdirSync(folder, { recursive: true });
  // Test files run side by side: each compiles for itself, and the last one to finish wins.
  const own = mkdtempSync(join(folder, "build-"));
  const made = join(own, "made.so");
  const flags = ["-shared", "-fPIC", "-O1", "-Wall", "-D_GNU_SOURCE"];
  const built = spawnSync("cc", [...flags, source, "-o", made, "-ldl"], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`cc ${source}: ${built.stderr}`);
  renameSync(made, library);
  rmSync(own, { recursive: true });
}

function mtime(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
