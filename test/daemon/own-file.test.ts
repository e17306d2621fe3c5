// Socket files of the daemon's own: when they count as there, whose they are, and how they are placed, looked at and removed.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { lookAt, OwnFile } from "../../lib/daemon/doors/own-file.js";
import { PlacedFile } from "../../lib/daemon/doors/placed.js";
import { settled } from "../support/module/life.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const doors = fileURLToPath(new URL("../../lib/daemon/doors/index.js", import.meta.url));

/** A file, and how another program takes its place. */
function fileIn(t: ExecutionContext, folder = socketFolder(t)) {
  const path = join(folder, "s.sock");
  writeFileSync(path, "own");
  const replace = () => {
    writeFileSync(`${path}.new`, "other");
    renameSync(`${path}.new`, path);
  };
  return { file: new OwnFile(path), path, replace };
}

test("a file is there once it was taken, until it is removed", (t) => {
  const { file, path } = fileIn(t);
  t.false(file.isThere);
  file.remove();
  t.true(existsSync(path), "it is not ours");
  file.take();
  t.true(file.isThere);
  file.remove();
  t.false(existsSync(path) || file.isThere);
  t.notThrows(() => file.remove());
});

test("a file that another program has replaced, or that was let go of, is left alone", (t) => {
  const { file, path, replace } = fileIn(t);
  file.take();
  replace();
  t.false(file.isThere);
  file.remove();
  t.is(readFileSync(path, "utf8"), "other");
  file.take();
  t.true(file.isThere);
  file.forget();
  t.false(file.isThere);
  file.remove();
  t.true(existsSync(path));
});

test("a file to which no path leads is not there, and is there again afterwards", (t) => {
  const folder = join(socketFolder(t), "run");
  mkdirSync(folder);
  const { file } = fileIn(t, folder);
  file.take();
  renameSync(folder, `${folder}.old`);
  symlinkSync(folder, folder);
  t.false(file.isThere);
  renameSync(`${folder}.old`, `${folder}.new`);
  renameSync(folder, `${folder}.loop`);
  renameSync(`${folder}.new`, folder);
  t.true(file.isThere);
});

test("a placed file takes the place of the file that is there, in one step", (t) => {
  const folder = socketFolder(t);
  const path = join(folder, "s.sock");
  writeFileSync(path, "earlier");
  const file = new PlacedFile(path);
  t.is(file.path, path);
  t.regex(file.made, /\/\.[0-9a-z]{1,4}$/);
  t.is(join(folder, file.made.split("/").at(-1)!), file.made);
  writeFileSync(file.made, "next");
  file.place();
  t.is(readFileSync(path, "utf8"), "next");
  t.true(file.isThere && !existsSync(file.made));
  file.remove();
  t.false(existsSync(path));
});

test.serial("each look tells the files that are gone, one look at a time, until it is closed", async (t) => {
  const [first, second] = [fileIn(t), fileIn(t)];
  for (const { file } of [first, second]) file.take();
  const { setInterval: set, clearInterval: clear } = globalThis;
  t.teardown(() => Object.assign(globalThis, { setInterval: set, clearInterval: clear }));
  let look = () => {};
  const timer = { unref: () => timer };
  const cleared: unknown[] = [];
  const started = (run: () => void) => {
    look = run;
    return timer;
  };
  Object.assign(globalThis, { setInterval: started, clearInterval: (each: unknown) => void cleared.push(each) });
  const told: string[][] = [];
  let go = () => {};
  const looks = lookAt(
    () => [first.file, second.file],
    (gone) => {
      told.push(gone.map(({ path }) => path));
      return new Promise((resolve) => (go = resolve));
    },
  );
  look();
  await settled();
  t.deepEqual(told, []);
  second.replace();
  look();
  look();
  await settled();
  t.deepEqual(told, [[second.path]]);
  go();
  await settled();
  first.file.remove();
  look();
  await settled();
  t.deepEqual(told.slice(1), [[first.path, second.path]]);
  let isClosed = false;
  const closing = looks.close().then(() => (isClosed = true));
  await settled();
  t.deepEqual([cleared, isClosed], [[timer], false]);
  go();
  await closing;
  t.true(isClosed);
});

need("root").test("a daemon that may not give its socket away says to whom, and leaves no socket behind", (t) => {
  const folder = socketFolder(t);
  chmodSync(folder, 0o777);
  const path = join(folder, "s.sock");
  const code = `
    const { openUnixDoor } = await import(${JSON.stringify(doors)});
    const refused = [];
    for (const to of [{ owner: 0 }, { group: 0 }, { owner: 0, group: 0 }])
      await openUnixDoor({ path: ${JSON.stringify(path)}, mode: 0o600, handler: () => {}, ...to }).catch(
        ({ op, code, message }) => refused.push([op, code, message]),
      );
    const { existsSync } = await import("node:fs");
    console.log(JSON.stringify([...refused, existsSync(${JSON.stringify(path)})]));`;
  const as = { uid: 65_534, gid: 65_534, encoding: "utf8", timeout: 60_000 } as const;
  // A socket that still listens keeps the process running.
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", code], as);
  t.deepEqual([status, stderr], [0, ""]);
  const words = (to: string) => ["daemon.start", "EPERM", `daemon.start: cannot give the socket to ${to}: ${path}`];
  t.deepEqual(JSON.parse(stdout), [words("user 0"), words("group 0"), words("user 0 and group 0"), false]);
});
