// Gives each run a folder, and compiles the peers.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { lazily } from "../../lib/lazily.js";
import type { Workspace } from "./trial.js";

/** The package's root: this file is dist/benchmarks/harness/workspace.js in it. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const sources = join(root, "benchmarks/peers");
/** The rooms of the memif engine below its binding to JavaScript. */
const engine = ["shared", "control", "port"].map((room) => join(root, "native/memif", room));
/** The files of native/util that the engine needs. */
const util = ["bound_path", "folder_lock", "thread"].map((name) => join(root, "native/util", `${name}.cc`));
const WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pthread"];
const programs = join(root, "dist/peers");

/** Makes a workspace for one run; `dispose`, or the end of this process, removes its folder. */
export function openWorkspace(): Workspace & { dispose(): void } {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  return {
    folder,
    peer: compilePeer,
    source: (name) => join(sources, name),
    entry: (name) => join(packedEntries(), `${name}.js`),
    script: (name, ...args) => [
      process.execPath,
      "--expose-gc",
      join(root, "dist/benchmarks", `${name}.js`),
      ...args.map(String),
    ],
    dispose: () => {
      process.off("exit", remove);
      remove();
    },
  };
}

/** Returns the folder of the package's entries as `npm pack` bundles them. */
const packedEntries = lazily(() => {
  const folder = join(root, "dist/packed");
  const code = `import { bundle } from ${JSON.stringify(join(root, "scripts/packaging/bundle.mjs"))}; await bundle(${JSON.stringify(folder)});`;
  execFileSync(process.execPath, ["--input-type=module", "--eval", code], { stdio: "inherit" });
  return folder;
});

/** Compiles `benchmarks/peers/<name>.c` or `.cc` unless the program is newer than all sources of the peers; returns its path. */
export function compilePeer(name: string, flags: readonly string[] = []): string {
  const program = join(programs, name);
  if (!isCurrent(program)) {
    mkdirSync(programs, { recursive: true });
    const [compiler, ...options] = existsSync(join(sources, `${name}.cc`)) ? withEngine(name) : plain(name);
    execFileSync(compiler!, [...options, ...WARNINGS, "-o", program, ...flags], { stdio: "inherit" });
  }
  return program;
}

function plain(name: string): string[] {
  return [process.env.CC ?? "cc", "-O2", "-std=gnu11", join(sources, `${name}.c`)];
}

/** Links a peer in C++ with the addon's memif engine, without N-API. */
function withEngine(name: string): string[] {
  const files = [...filesIn(engine).filter((file) => file.endsWith(".cc")), ...util];
  const flags = ["-O2", "-std=c++20", "-fno-exceptions", "-D_GNU_SOURCE", `-I${join(root, "native")}`];
  return [process.env.CXX ?? "c++", ...flags, join(sources, `${name}.cc`), ...files];
}

/** The peers share headers, so every newer source makes a program stale. */
function isCurrent(program: string): boolean {
  if (!existsSync(program)) return false;
  const compiled = statSync(program).mtimeMs;
  return filesIn([sources, ...engine]).every((file) => statSync(file).mtimeMs < compiled);
}

function filesIn(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
}
