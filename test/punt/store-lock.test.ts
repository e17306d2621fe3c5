// A store has one manager: the lock, its holders and what they leave.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { PuntManager } from "../../lib/punt/index.js";
import { FileStore } from "../../lib/punt/store/store.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

async function inFolder(work: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-lock-"));
  try {
    await work(join(folder, "state.json"), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function isBusy(t: ExecutionContext, path: string, pid: number): Promise<void> {
  const error = await t.throwsAsync(new FileStore(path).open(), { instanceOf: PuntError });
  t.is(error.code, "ERR_STORE_BUSY");
  t.deepEqual(error.details, { path, pid });
  t.true(error.message.includes(path) && error.message.includes(`${pid}`), error.message);
}

/** A process that has the store open, until a line comes on its input. */
async function holder(path: string): Promise<ChildProcess> {
  const code = `
    import { FileStore } from ${JSON.stringify(new URL("../../lib/punt/store/store.js", import.meta.url).href)};
    await new FileStore(${JSON.stringify(path)}).open();
    console.log("open");
    process.stdin.once("data", () => process.exit(0));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

test("a store that is open is refused to others, and is theirs when it was closed; nothing is left of the lock", (t) =>
  inFolder(async (path, folder) => {
    const first = new FileStore(path);
    await first.open();
    await isBusy(t, path, process.pid);
    await first.close();
    const second = new FileStore(path);
    await second.open();
    await first.close();
    await isBusy(t, path, process.pid);
    await second.close();
    t.deepEqual(await readdir(folder), []);
  }));

test("a store open in another process is refused with that one's pid; its end, normal or by kill -9, gives it free", (t) =>
  inFolder(async (path, folder) => {
    const killed = await holder(path);
    await isBusy(t, path, killed.pid!);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    t.deepEqual(await readdir(folder), ["state.json.lock"]);
    const ending = await holder(path);
    await isBusy(t, path, ending.pid!);
    ending.stdin!.write("end\n");
    await once(ending, "exit");
    t.deepEqual(await readdir(folder), []);
  }));

test("a lock whose pid is another process now, that is of another boot or that is no lock at all is replaced", (t) =>
  inFolder(async (path, folder) => {
    const store = new FileStore(path);
    await store.open();
    const own = JSON.parse(await readFile(`${path}.lock`, "utf8"));
    await store.close();
    for (const left of [{ ...own, started: "1" }, { ...own, boot: "another" }, { pid: -1 }, null, 7]) {
      await writeFile(`${path}.lock`, JSON.stringify(left));
      await store.open();
      t.deepEqual(JSON.parse(await readFile(`${path}.lock`, "utf8")), own);
      await store.close();
    }
    await writeFile(`${path}.lock`, "");
    await store.open();
    await store.close();
    t.deepEqual(await readdir(folder), []);
  }));

test("a lock that cannot be written is told with its path", async (t) => {
  const error = await t.throwsAsync(new FileStore("/dev/null/state.json").open(), { instanceOf: PuntError });
  t.regex(error.message, /punt\.store: .*\/dev\/null\/state\.json\.lock/);
  t.regex(error.code, /^(EEXIST|ENOTDIR)$/);
});

test("a second manager is refused and a read-only one is not; one that cannot start gives the store back", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await inFolder(async (path, folder) => {
    const start = (readOnly: boolean) => {
      const memifDirectory = join(folder, "memif");
      return PuntManager.start({ vpp: it.client, host: it.host, store: new FileStore(path), memifDirectory, readOnly });
    };
    await writeFile(path, "damage");
    await t.throwsAsync(start(false), { code: "ERR_STORE_DAMAGED" });
    await rm(path);
    const looking = await start(true);
    const first = await start(false);
    await t.throwsAsync(start(false), { code: "ERR_STORE_BUSY" });
    await looking.close();
    await t.throwsAsync(start(false), { code: "ERR_STORE_BUSY" });
    await first.close();
    await (await start(false)).close();
  });
});
