// Locks by the kernel: between holders of one process, between processes, and over files that are replaced.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import test from "ava";
import { FileLock } from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import { openDescriptors, socketFolder } from "../support/descriptor/peer.js";
import { need } from "../support/need.js";

const library = new URL("../../lib/descriptor/index.js", import.meta.url).href;
const HOLDER = `
  const { FileLock } = await import(${JSON.stringify(library)});
  FileLock.acquire(process.argv[1]);
  console.log("locked");
  setInterval(() => {}, 1000);`;

test("one holder at a time, also within a process; the next one when it is released", (t) => {
  const path = join(socketFolder(t), "lock");
  const lock = FileLock.acquire(path);
  t.is(readFileSync(path, "utf8"), `${process.pid}\n`);
  const error = t.throws(() => FileLock.acquire(path), { instanceOf: PuntError, code: "ERR_LOCKED" });
  t.deepEqual((error as PuntError).details, { path, holder: `${process.pid}` });
  lock.release();
  lock.release();
  t.false(existsSync(path));
  using next = FileLock.acquire(path);
  t.true(next.isStillThere());
});

test("a refusal leaves no descriptor open", (t) => {
  const path = join(socketFolder(t), "lock");
  using _lock = FileLock.acquire(path);
  const before = openDescriptors();
  for (let i = 0; i < 100; i++) t.throws(() => FileLock.acquire(path), { code: "ERR_LOCKED" });
  t.true(openDescriptors() <= before + 4, "others of the file run beside");
});

test("a killed process's lock is free, whatever it left in the file", async (t) => {
  const path = join(socketFolder(t), "lock");
  const child = spawn(process.execPath, ["--input-type=module", "-e", HOLDER, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const error = t.throws(() => FileLock.acquire(path), { instanceOf: PuntError, code: "ERR_LOCKED" });
  t.is((error as PuntError).details.holder, `${child.pid}`);
  child.kill("SIGKILL");
  await once(child, "exit");
  using lock = FileLock.acquire(path);
  t.is(readFileSync(lock.path, "utf8"), `${process.pid}\n`);
});

test("a child process of the holder does not inherit the lock", (t) => {
  const path = join(socketFolder(t), "lock");
  const lock = FileLock.acquire(path);
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  lock.release();
  FileLock.acquire(path).release();
  t.is(spawnSync("true").status, 0);
});

test("a terminated worker thread holds nothing any more", async (t) => {
  const path = join(socketFolder(t), "lock");
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(${JSON.stringify(library)}).then(({ FileLock }) => {
      globalThis.lock = FileLock.acquire(workerData);
      parentPort.postMessage("locked");
      setInterval(() => {}, 1000);
    });`;
  const worker = new Worker(code, { eval: true, workerData: path });
  await once(worker, "message");
  t.throws(() => FileLock.acquire(path), { code: "ERR_LOCKED" });
  await worker.terminate();
  using lock = FileLock.acquire(path);
  t.true(lock.isStillThere());
});

test("two names of one file are one lock", (t) => {
  const folder = socketFolder(t);
  mkdirSync(join(folder, "real"));
  symlinkSync("real", join(folder, "linked-folder"));
  symlinkSync("real/lock", join(folder, "linked-file"));
  using lock = FileLock.acquire(join(folder, "real/lock"));
  t.is(lock.path, join(folder, "real/lock"));
  for (const name of ["linked-folder/lock", "linked-file"]) {
    t.throws(() => FileLock.acquire(join(folder, name)), { code: "ERR_LOCKED" }, name);
  }
});

test("a lock notices that its file or folder was replaced, and removes nothing of the next holder", (t) => {
  const folder = join(socketFolder(t), "store");
  mkdirSync(folder);
  const path = join(folder, "lock");
  const file = FileLock.acquire(path);
  rmSync(path);
  t.false(file.isStillThere());
  const second = FileLock.acquire(path);
  file.release();
  t.true(existsSync(path));
  renameSync(folder, `${folder}-moved`);
  mkdirSync(folder);
  t.false(second.isStillThere());
  using third = FileLock.acquire(path);
  second.release();
  t.true(third.isStillThere());
});

test("a path that cannot be locked is an error with that path", (t) => {
  const folder = socketFolder(t);
  writeFileSync(join(folder, "file"), "");
  symlinkSync("nowhere", join(folder, "dangling"));
  spawnSync("mkfifo", [join(folder, "fifo")]);
  const codes = { "no/folder": "ENOENT", "file/lock": "ENOTDIR", ".": "EISDIR", dangling: "ELOOP", fifo: "ERR_OPTION" };
  for (const [name, code] of Object.entries(codes)) {
    const error = t.throws(() => FileLock.acquire(join(folder, name)), { instanceOf: PuntError, code }, name);
    t.true(error!.message.includes(name), error!.message);
  }
});

need("root", "unshare").test("a lock that cannot be written on a full disk leaves no file", (t) => {
  const folder = socketFolder(t);
  const code = `
    const { FileLock } = await import(${JSON.stringify(library)});
    const fs = await import("node:fs");
    const disk = process.argv[1] + "/disk";
    try { fs.writeFileSync(disk + "/ballast", Buffer.alloc(1 << 20)); } catch {}
    let error;
    try { FileLock.acquire(disk + "/lock"); } catch ({ code }) { error = code; }
    console.log(JSON.stringify({ error, names: fs.readdirSync(disk) }));`;
  const script =
    'mkdir "$1/disk" && mount -t tmpfs -o size=64k none "$1/disk" && exec "$2" --input-type=module -e "$3" "$1"';
  const args = ["--mount", "sh", "-c", script, "sh", folder, process.execPath, code];
  const { stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", timeout: 60_000 });
  t.deepEqual(JSON.parse(stdout || "{}"), { error: "ENOSPC", names: ["ballast"] }, stderr);
});
