// The project's own tests, run by a Node that this machine cannot start as it is: of another architecture, or C library.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nativeTestFiles } from "../../ci/sanitizers.mjs";
import { readTap } from "../../ci/tap.mjs";
import { assert, attempt, COMPILE_WITHIN_MS, root } from "./run.mjs";

/** A program in `folder` that stands for Node: it runs `command`, and so does whatever a test starts as `process.execPath`. */
export function nodeProgram(folder, command) {
  mkdirSync(folder, { recursive: true });
  const [program, preload] = [join(folder, "node"), join(folder, "exec-path.cjs")];
  writeFileSync(preload, `process.execPath = ${JSON.stringify(program)};\n`);
  writeFileSync(program, `#!/bin/sh\nNODE_OPTIONS="--require ${preload}" exec ${command.join(" ")} "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}

function reasons(shown) {
  const counts = {};
  for (const line of shown) {
    const [, reason] = line.match(/\[skipped: (.*)\]/) ?? [];
    if (reason) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return Object.entries(counts).map(([reason, count]) => `\n        ${count} skipped: ${reason}`);
}

/**
 * Runs tests over the addon in `addon` (as node-gyp-build finds it there): those of native code, which is what another machine
 * may make different, or `all` of them.
 */
export function runTests(node, addon, { all = false } = {}) {
  const ava = join(root, "scripts/ci/ava.mjs");
  const args = [node, ava, "--timeout", "10m", ...(all ? [] : nativeTestFiles())];
  const { status, output } = attempt("nice", args, { env: { VPP_PUNT_PREBUILD: addon }, timeout: COMPILE_WITHIN_MS });
  const { counts, shown } = readTap(output);
  assert(counts.failed === 0 && status === 0, `ended with ${status}:\n${shown.join("\n")}`);
  return `${counts.passed} tests${reasons(shown).join("")}`;
}
