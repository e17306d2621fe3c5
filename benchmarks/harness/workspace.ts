import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Workspace } from "./trial.js";

/** The package's root: this file is dist/benchmarks/harness/workspace.js in it. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const sources = join(root, "benchmarks/peers");
const programs = join(root, "dist/peers");

/** A workspace for one run; `dispose` removes its folder. */
export function openWorkspace(): Workspace & { dispose(): void } {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-bench-"));
  return {
    folder,
    peer: compilePeer,
    script: (name, ...args) => [
      process.execPath,
      "--expose-gc",
      join(root, "dist/benchmarks", `${name}.js`),
      ...args.map(String),
    ],
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Compiles `benchmarks/peers/<name>.c` if the program is older than any of the peers' sources, and returns its path. */
export function compilePeer(name: string, flags: readonly string[] = []): string {
  const program = join(programs, name);
  if (!isCurrent(program)) {
    mkdirSync(programs, { recursive: true });
    const compiler = process.env.CC ?? "cc";
    const options = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-pthread"];
    execFileSync(compiler, [...options, "-o", program, join(sources, `${name}.c`), ...flags], { stdio: "inherit" });
  }
  return program;
}

/** Headers are shared between the peers, so that any newer source counts. */
function isCurrent(program: string): boolean {
  if (!existsSync(program)) return false;
  const compiled = statSync(program).mtimeMs;
  return readdirSync(sources).every((name) => statSync(join(sources, name)).mtimeMs < compiled);
}
