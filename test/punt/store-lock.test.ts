// A store has one manager: the lock, its holders, and the files that they leave.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { PuntManager } from "../../lib/punt/index.js";
import { FileStore } from "../../lib/punt/store/index.js";
import { need } from "../support/need.js";
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

/** Starts a process that keeps the store open until it reads a line. */
async function holder(path: string, under: readonly string[] = []): Promise<ChildProcess> {
  const code = `
    import { FileStore } from ${JSON.stringify(new URL("../../lib/punt/store/index.js", import.meta.url).href)};
    await new FileStore(${JSON.stringify(path)}).open();
    console.log("open");
    process.stdin.once("data", () => process.exit(0));`;
  const [program, ...args] = [...under, process.execPath, "--input-type=module", "-e", code];
  const child = spawn(program!, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

test("an open store refuses others, a closed one accepts them, and no lock file stays", (t) =>
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

test("a store that another process has open is refused with the pid; the end of that process, even by kill -9, frees the store", (t) =>
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

test("a lock file that was left behind does no harm, whatever it contains", (t) =>
  inFolder(async (path, folder) => {
    for (const left of [`${process.ppid}`, JSON.stringify({ pid: 1, started: "1", boot: "x" }), "", "\0"]) {
      await writeFile(`${path}.lock`, left);
      const store = new FileStore(path);
      await store.open();
      await isBusy(t, path, process.pid);
      await store.close();
    }
    t.deepEqual(await readdir(folder), []);
  }));

need("root", "unshare").test("a holder in another pid namespace with our number is not taken for this process", (t) =>
  inFolder(async (path) => {
    // Both are process 1, each of its own namespace.
    const child = await holder(path, ["unshare", "--pid", "--fork", "--kill-child"]);
    const code = `
      import { FileStore } from ${JSON.stringify(new URL("../../lib/punt/store/index.js", import.meta.url).href)};
      await new FileStore(${JSON.stringify(path)}).open().catch((error) => console.log(error.code, error.message));`;
    const args = ["--pid", "--fork", "--kill-child", process.execPath, "--input-type=module", "-e", code];
    const { stdout } = await promisify(execFile)("unshare", args);
    t.regex(
      stdout,
      /^ERR_STORE_BUSY .* belongs to a process with the same number as this one \(1\), in another PID namespace/,
    );
    child.stdin!.end("\n");
    await once(child, "exit");
  }),
);

need("root", "unshare").test("a living manager in another pid namespace keeps its store", async (t) => {
  await inFolder(async (path) => {
    const child = await holder(path, ["unshare", "--pid", "--fork", "--kill-child"]);
    t.teardown(() => child.kill("SIGKILL"));
    // In the pid namespace of the holder.
    await isBusy(t, path, 1);
  });
});

test("two names of one store have one lock, and a symbolic link stays a link", (t) =>
  inFolder(async (path, folder) => {
    const link = join(folder, "link.json");
    await symlink("state.json", link);
    const store = new FileStore(link);
    await store.open();
    await isBusy(t, path, process.pid);
    await store.save({ punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} });
    t.true((await lstat(link)).isSymbolicLink());
    t.truthy(await new FileStore(path).load());
    await store.close();
    t.deepEqual(await readdir(folder), ["link.json", "state.json"]);
  }));

test("a store whose folder was removed and made again is not written any more", (t) =>
  inFolder(async (_, folder) => {
    const path = join(folder, "inner", "state.json");
    const store = new FileStore(path);
    await store.open();
    await rm(join(folder, "inner"), { recursive: true });
    const other = new FileStore(path);
    await other.open();
    const state = { punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} };
    await t.throwsAsync(store.save(state), { code: "ERR_STORE_LOST" });
    await other.save(state);
    await store.close();
    await isBusy(t, path, process.pid);
    await other.close();
  }));

test("a store whose folder became a file is not written any more", (t) =>
  inFolder(async (_, folder) => {
    const store = new FileStore(join(folder, "inner", "state.json"));
    await store.open();
    await rm(join(folder, "inner"), { recursive: true });
    await writeFile(join(folder, "inner"), "");
    const state = { punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} };
    await t.throwsAsync(store.save(state), { code: "ERR_STORE_LOST" });
    await store.close();
  }));

need("root", "unshare").test("a store that is a mount point throws EBUSY, and leaves nothing beside it", async (t) => {
  await inFolder(async (path, folder) => {
    const code = `
      import { FileStore } from ${JSON.stringify(new URL("../../lib/punt/store/index.js", import.meta.url).href)};
      const state = { punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} };
      await new FileStore(process.argv[1]).save(state).catch((error) => console.log(error.code, error.message));`;
    const mounted = 'touch "$1" "$1.host" && mount --bind "$1.host" "$1" && exec "$2" --input-type=module -e "$3" "$1"';
    const args = ["--mount", "sh", "-c", mounted, "sh", path, process.execPath, code];
    const { stdout, stderr } = await promisify(execFile)("unshare", args);
    t.regex(stdout, /^EBUSY .*mount its folder/, stderr);
    t.deepEqual(await readdir(folder), ["state.json", "state.json.host"]);
  });
});

test("the error for a lock file that cannot be written names its path", async (t) => {
  const error = await t.throwsAsync(new FileStore("/dev/null/state.json").open(), { instanceOf: PuntError });
  t.regex(error.message, /punt\.store: .*\/dev\/null\/state\.json\.lock/);
  t.regex(error.code, /^(EEXIST|ENOTDIR)$/);
  await inFolder(async (path) => {
    await mkdir(`${path}.lock`);
    const isFolder = await t.throwsAsync(new FileStore(path).open(), { code: "EISDIR" });
    t.is(isFolder!.message.split("cannot lock").length, 2, isFolder!.message);
  });
});

test("a second manager is refused, a read-only one is not, and a manager that cannot start closes the store", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await inFolder(async (path, folder) => {
    const start = (readOnly: boolean) => {
      const memifDirectory = join(folder, "memif");
      const store = new FileStore(path);
      return PuntManager.start({ vpp: it.client, host: it.host, store, owner: "other", memifDirectory, readOnly });
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
