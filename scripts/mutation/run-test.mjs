// Runs one test file of a copy, or of the project, in processes and a temporary folder of its own, and leaves neither.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const AVA = "node_modules/ava/entrypoints/cli.mjs";
const MARK = "VPP_PUNT_MUTATION_RUN";

/** The runs that have not ended: each with its folder and its process. */
const running = new Set();

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** The processes that inherited the mark of a run, whatever group and parent they have now. */
function marked(folder) {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(`${MARK}=${folder}\0`);
    } catch {
      return false;
    }
  });
}

function clear(run) {
  kill(-run.child.pid);
  for (const pid of marked(run.folder)) kill(Number(pid));
  rmSync(run.folder, { recursive: true, force: true, maxRetries: 3 });
  running.delete(run);
}

/** Ends every run now. */
export function clearAll() {
  for (const run of running) clear(run);
}

function start(tree, file, variables) {
  // Paths of sockets have 107 bytes: the folder's name is short.
  const folder = mkdtempSync("/tmp/vpm-");
  // Some tests start processes of other users.
  chmodSync(folder, 0o1777);
  const env = { ...process.env, ...variables, TMPDIR: folder, [MARK]: folder };
  const args = [join(tree, AVA), "--tap", "--fail-fast", file];
  const child = spawn(process.execPath, args, { cwd: tree, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const run = { folder, child };
  running.add(run);
  return run;
}

/** Runs the file of the folder `tree`. Resolves to "passed", "failed" at the first test that fails, or "timed out" after `limit` ms. */
export function runTest(tree, file, variables, limit) {
  const run = start(tree, file, variables);
  const started = performance.now();
  return new Promise((resolve) => {
    const end = (outcome) => {
      if (!running.has(run)) return;
      clearTimeout(timer);
      const ms = Math.round(performance.now() - started);
      clear(run);
      resolve({ outcome, ms, output });
    };
    const timer = setTimeout(() => end("timed out"), limit);
    let output = "";
    run.child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (/^not ok .*\n/m.test(output)) end("failed");
    });
    run.child.stderr.resume();
    run.child.on("exit", (code) => end(code === 0 ? "passed" : "failed"));
  });
}
