// Whether a program or a test file notices a mutant, and which mutants each of them reaches.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { corpusOf, nativeTargets } from "../../fuzz/native.mjs";
import { clearAll, runTest } from "../run-test.mjs";
import { addon, copy, list, programs, root, TARGETS } from "./copy.mjs";

const TEST_FOLDERS = ["memif", "punt-socket", "native"];

/** Mutants that only a program with ThreadSanitizer notices. */
export const WEAKENED = "order weakened";

/** Inputs of a program with threads, each of which runs them in another order. */
const THREAD_RUNS = 300;

/** A judge that passes takes less, also on a busy machine. */
const LIMIT_MS = 180_000;

const HITS_BYTES = 65_536;

/** The programs that run now, each with its folder. */
const running = new Set();

/** Ends all programs and test files. */
export function stop() {
  for (const { child, folder } of running) {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
  clearAll();
}

/** Runs a fuzzing program over its kept inputs: "passed", "failed" or "timed out". */
function runProgram(name, variables, limit) {
  const { sanitize, longest } = nativeTargets[name];
  const folder = mkdtempSync(join(tmpdir(), "vpm-"));
  const corpus = join(folder, "corpus");
  cpSync(join(root, "test/fuzz/corpus", corpusOf(name)), corpus, { recursive: true });
  const runs = sanitize === "thread" ? THREAD_RUNS : 0;
  const args = [
    `-runs=${runs}`,
    "-seed=1",
    `-max_len=${longest}`,
    "-handle_bus=0",
    `-artifact_prefix=${folder}/`,
    corpus,
  ];
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(join(programs, name), args, { env: { ...process.env, ...variables }, stdio: "ignore" });
    const own = { child, folder };
    running.add(own);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, limit);
    child.on("close", (status) => {
      clearTimeout(timer);
      running.delete(own);
      rmSync(folder, { recursive: true, force: true });
      const outcome = timedOut ? "timed out" : status === 0 ? "passed" : "failed";
      resolve({ outcome, ms: Math.round(performance.now() - started), output: "" });
    });
  });
}

/** Runs a judge, which is the name of a program or a test file. */
export function judge(name, variables, limit = LIMIT_MS) {
  if (name in nativeTargets) return runProgram(name, variables, limit);
  return runTest(root, name, { ...variables, VPP_PUNT_PREBUILD: addon }, limit);
}

/** All judges: the programs, and the test files of native code. */
export function judges() {
  const files = TEST_FOLDERS.flatMap((folder) =>
    readdirSync(join(root, "dist/test", folder), { recursive: true })
      .filter((name) => name.endsWith(".test.js"))
      .map((name) => join("dist/test", folder, name)),
  );
  return [...TARGETS, ...files];
}

/** A digest of the compiled part and of what runs over it. */
function keyOf(name) {
  const isProgram = name in nativeTargets;
  const { key } = JSON.parse(readFileSync(list, "utf8"))[isProgram ? name : "the addon"];
  const hash = createHash("sha256").update(key);
  const folder = isProgram ? join(root, "test/fuzz/corpus", corpusOf(name)) : undefined;
  const names = isProgram ? readdirSync(folder).sort() : [];
  const files = isProgram ? names.map((file) => join(folder, file)) : [join(root, name)];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex");
}

/** Resolves with the mutants that the judge reaches and its time in ms; with undefined if it fails without a mutant. */
export async function measure(name, report) {
  const kept = join(copy, "reached", `${name.replaceAll("/", "+")}.json`);
  const key = keyOf(name);
  const old = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : undefined;
  if (old?.key === key) return { file: name, ms: old.ms, hits: new Set(old.hits) };
  mkdirSync(join(copy, "reached"), { recursive: true });
  const hitsFile = join(copy, "reached", `hits-${process.pid}-${name.replaceAll("/", "+")}`);
  writeFileSync(hitsFile, Buffer.alloc(HITS_BYTES));
  const { outcome, ms, output } = await judge(name, { VPP_PUNT_MUTANT_HITS: hitsFile });
  const hits = [...readFileSync(hitsFile)].flatMap((byte, id) => (byte === 0 ? [] : [id]));
  rmSync(hitsFile);
  if (outcome !== "passed") {
    report(`${name} ${outcome} without a mutant and is left out: ${/^not ok .*/m.exec(output)?.[0] ?? ""}`);
    return undefined;
  }
  writeFileSync(kept, JSON.stringify({ key, ms, hits }));
  return { file: name, ms, hits: new Set(hits) };
}
