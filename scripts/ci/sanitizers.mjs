// The addon once more, compiled with AddressSanitizer and UndefinedBehaviorSanitizer, and the tests of native code over it.
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { run } from "./run.mjs";

const SANITIZERS = "address,undefined";
const folder = "build-sanitize";
const logs = join(folder, "logs");
/** Tests whose subject is native code. The others would only take longer. */
const nativeTests = /^((memif|native|packet-socket|punt-socket)\/|(binapi|sim)\/stats).*\.test\.js$/;
/** Tests that mostly wait, for timers and for hundreds of links: .ci/nightly has them. */
const longTests = /^memif\/(blocking|close|guard|life)\.test\.js$/;

/** The files of those tests, from the project's root. */
export function nativeTestFiles() {
  const files = readdirSync("dist/test", { recursive: true }).filter((name) => nativeTests.test(name));
  return files.map((name) => join("dist/test", name));
}

/** Compiles the addon in a folder of its own: node-gyp always builds in ./build, and that one stays as it is. */
export async function compileSanitized(into, sanitizers, niceness = 0) {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(join(into, "logs"), { recursive: true });
  // Programs of other users report, too: a program that cannot write its report ends.
  chmodSync(join(into, "logs"), 0o1777);
  for (const name of ["native", "binding.gyp", "package.json", "scripts"])
    cpSync(name, join(into, name), { recursive: true });
  const script = `cd ${into} && node scripts/install.mjs --rebuild`;
  return run("bash", ["-c", script], { env: { VPP_PUNT_SANITIZE: sanitizers }, niceness });
}

export const buildSanitized = (niceness) => compileSanitized(folder, SANITIZERS, niceness);

/**
 * Environment variables with which Node, and no other program, runs the addon of a folder. The sanitizers' runtimes are loaded before
 * Node, which is not linked with them.
 */
export async function nodeEnvironment(into, sanitizers, libraries) {
  const paths = [];
  for (const name of libraries) paths.push((await run("g++", [`-print-file-name=${name}`])).stdout.trim());
  const preload = paths.join(" ");
  const node = resolve(into, "node");
  writeFileSync(node, `#!/bin/sh\nLD_PRELOAD="${preload}" exec ${process.execPath} "$@"\n`, { mode: 0o755 });
  return {
    VPP_PUNT_PREBUILD: resolve(into),
    VPP_PUNT_SANITIZE: sanitizers,
    VPP_PUNT_NODE: node,
    LD_PRELOAD: preload,
    NODE_OPTIONS: `--require ${resolve("scripts/ci/preload-node-only.cjs")}`,
  };
}

/** MiB of freed memory that AddressSanitizer holds back. Its default of 256 costs a third of the time, in page faults; the nightly has it. */
const QUARANTINE = process.env.NIGHTLY === "1" ? 256 : 32;

/** Environment variables for the addon of buildSanitized. */
export async function environment() {
  const asan = ["detect_leaks=1", "allow_user_segv_handler=1", `quarantine_size_mb=${QUARANTINE}`];
  return {
    ...(await nodeEnvironment(folder, SANITIZERS, ["libasan.so", "libubsan.so"])),
    ASAN_OPTIONS: [...asan, `log_path=${process.cwd()}/${logs}/asan`].join(":"),
    // Node itself frees little at exit: leaks are read from the log, where ours can be told from Node's.
    LSAN_OPTIONS: "exitcode=0:report_objects=0:print_suppressions=0",
    UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:log_path=${process.cwd()}/${logs}/ubsan`,
  };
}

/** Node frees a promise's handle when the promise is settled only, which is impossible once its environment ends. */
const nodesOwn = /^ *#1 .* in napi_create_promise /m;

/** Returns the findings of one log: errors other than leaks as they are, and leaks of allocations that the addon asked for. */
function findings(text) {
  const blocks = text.split(/\n\s*\n/);
  const leaks = blocks.filter(
    (block) => /^Direct leak/m.test(block) && /^ *#[1-3] .* \.\.\/native\//m.test(block) && !nodesOwn.test(block),
  );
  const errors = /ERROR: (?!LeakSanitizer)|runtime error:/.test(text) ? [text] : [];
  return [...errors, ...leaks];
}

/** Runs the native tests, the long ones in the nightly; resolves with their TAP output and what the sanitizers found. */
export async function testSanitized() {
  const isLong = (file) => longTests.test(relative("dist/test", file));
  const files = nativeTestFiles().filter((file) => process.env.NIGHTLY === "1" || !isLong(file));
  const args = ["scripts/ci/ava.mjs", ...files];
  const result = await run(process.execPath, args, { env: await environment() });
  const found = readdirSync(logs).flatMap((name) => findings(readFileSync(join(logs, name), "utf8")));
  return { ...result, found };
}
