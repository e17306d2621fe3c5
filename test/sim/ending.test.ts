// An embedded VPP leaves nothing behind, in whatever way it ends.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { until } from "../support/until.js";

const LIBRARY = new URL("../../lib/sim/index.js", import.meta.url).href;

/** Runs a program with \`EmbeddedVpp\` in scope until it has printed a line; gives the process and the line's words. */
async function run(program: string): Promise<[child: ChildProcess, words: string[]]> {
  const source = `import { EmbeddedVpp } from ${JSON.stringify(LIBRARY)}; import { Worker } from "node:worker_threads"; ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout!, "data");
  return [child, String(line).trim().split(" ")];
}

function isAlive(pid: string): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

test("a spawned VPP ends with its parent, however that ends, and takes its folder along", async (t) => {
  for (const signal of ["SIGKILL", "SIGINT", "SIGHUP"] as const) {
    const [parent, [folder, pid]] = await run(
      `const vpp = await EmbeddedVpp.spawn({ interfaces: ["eth0"] }); console.log(vpp.directory, vpp.pid);`,
    );
    t.true(existsSync(folder!));
    parent.kill(signal);
    await once(parent, "exit");
    await until(() => !existsSync(folder!) && !isAlive(pid!));
  }
});

test("a spawned VPP whose parent goes while it answers ends without a word", async (t) => {
  const script = fileURLToPath(new URL("../../lib/sim/spawned-main.js", import.meta.url));
  const child = fork(script, { stdio: ["ignore", "ignore", "pipe", "ipc"], serialization: "advanced" });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-ending-"));
  child.send({ options: { directory }, ownsDirectory: true });
  await once(child, "message");
  // The process finds the calls and the end of the channel at once.
  child.kill("SIGSTOP");
  for (let id = 1; id <= 50; id++) child.send({ id, method: "counters", args: [] });
  child.disconnect();
  child.kill("SIGCONT");
  const [[status]] = await Promise.all([once(child, "exit"), once(child.stderr!, "end")]);
  t.is(said, "");
  t.is(status, 0);
  t.false(existsSync(directory));
});

test("a process that exits without close() leaves no folder", async (t) => {
  const [child, [folder]] = await run(
    `const vpp = await EmbeddedVpp.start(); console.log(vpp.directory); setTimeout(() => process.exit(0), 50);`,
  );
  const [code] = await once(child, "exit");
  t.is(code, 0);
  t.false(existsSync(folder!));
});

test("a worker thread may end with an embedded VPP in it", async (t) => {
  const body = `import { parentPort } from "node:worker_threads"; const { EmbeddedVpp } = await import("${LIBRARY}");
    const vpp = await EmbeddedVpp.start(); parentPort.postMessage(vpp.directory); setInterval(() => undefined, 1000);`;
  const [child] = await run(
    `const worker = new Worker(${JSON.stringify(body)}, { eval: true });
    worker.once("message", async (folder) => { await worker.terminate(); console.log(folder); });`,
  );
  const [code, signal] = await once(child, "exit");
  t.deepEqual([code, signal], [0, null]);
});
