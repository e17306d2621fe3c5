// Compiles and runs the memif peers in C++.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";

const folder = "dist/test-peers";
/** The addon's sources that the peers use: the wire format and the guards of memory, not the engine. */
const shared = [
  ...["control/channel", "shared/ringer", "shared/sigbus"].map((name) => `native/memif/${name}.cc`),
  ...["hang_up", "passing"].map((name) => `native/util/${name}.cc`),
  "test/fuzz/native/close_here.cc",
];

function mtime(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Compiles test/peers/<name>.cc, unless that has been done; returns the program. */
export function buildPeer(name: string): string {
  const source = `test/peers/${name}.cc`;
  const program = join(folder, name);
  const inputs = [
    source,
    "test/peers/raw_memif.h",
    "native/memif/shared/wire.h",
    "native/memif/shared/ring.h",
    ...shared,
  ];
  if (mtime(program) > Math.max(...inputs.map(mtime))) return program;
  mkdirSync(folder, { recursive: true });
  // Test files run side by side: each compiles for itself, and the last one to finish wins.
  const own = mkdtempSync(join(folder, "build-"));
  const flags = ["-std=c++20", "-O1", "-D_GNU_SOURCE", "-Inative", "-Itest/peers"];
  const built = spawnSync("g++", [...flags, source, ...shared, "-o", join(own, name)], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`g++ ${source}: ${built.stderr}`);
  renameSync(join(own, name), program);
  rmSync(own, { recursive: true });
  return program;
}

/** A running peer, and its output so far. */
export interface Peer {
  readonly process: ChildProcessWithoutNullStreams;
  readonly lines: string[];
  /** Everything it said, once it has ended. */
  readonly ended: Promise<string[]>;
}

/** Starts a peer, which ends with the test at the latest. */
export function startPeer(t: ExecutionContext, name: string, ...args: string[]): Peer {
  const child = spawn(buildPeer(name), args);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  child.stderr.on("data", (text) => t.log(`${name}: ${text}`));
  t.teardown(() => child.kill("SIGKILL"));
  const ended = new Promise<string[]>((resolve) => child.once("close", () => resolve(lines)));
  return { process: child, lines, ended };
}
