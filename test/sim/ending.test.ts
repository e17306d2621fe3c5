// An embedded VPP leaves nothing behind, in whatever way it ends.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";

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

async function vanishes(path: string): Promise<boolean> {
  for (let i = 0; i < 500 && existsSync(path); i++) await sleep(20);
  return !existsSync(path);
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
    t.true(await vanishes(folder!), signal);
    for (let i = 0; i < 500 && isAlive(pid!); i++) await sleep(20);
    t.false(isAlive(pid!), signal);
  }
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
