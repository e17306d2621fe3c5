// Links that another user plants at the paths of a daemon's files: their target stays as it is.
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, unlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { HISTORY } from "../../lib/cluster/history.js";
import { AuditLog } from "../../lib/daemon/audit.js";
import { SESSIONS } from "../../lib/daemon/session-memory.js";
import type { PuntError } from "../../lib/errors.js";
import { StateFile, writeDurably } from "../../lib/files/index.js";
import { FileStore } from "../../lib/punt/index.js";
import { setSocketRights } from "../../lib/sockets/index.js";
import { announce } from "../../lib/stonework/announcement.js";
import { need } from "../support/need.js";
import { Planted } from "../support/planted.js";

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-links-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Plants links, writes twice, and looks at the target and at what is at the paths then. */
async function surviving(t: ExecutionContext, planted: Planted, paths: readonly string[], write: () => Promise<void>) {
  planted.at(...paths);
  for (let n = 0; n < 2; n++) await write();
  planted.assertUntouched(t, paths.join(", "));
  for (const path of paths) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    t.false(found?.isSymbolicLink() ?? false, path);
  }
}

test("a file is replaced durably, and neither its path nor the draft's is followed", async (t) => {
  const folder = folderOf(t);
  const planted = new Planted(folder);
  const [path, draft] = [join(folder, "a"), join(folder, ".draft")];
  await surviving(t, planted, [path, draft], () => writeDurably(path, "text", { mode: 0o644, draft }));
  t.is(readFileSync(path, "utf8"), "text");
  t.is(statSync(path).mode & 0o777, 0o644);
  await surviving(t, planted, [`${path}2`, `${path}2.new`], () => writeDurably(`${path}2`, "text"));
  t.is(statSync(`${path}2`).mode & 0o777, 0o600);
});

test("a file that cannot be replaced stays, and no draft does", async (t) => {
  const folder = folderOf(t);
  await t.throwsAsync(writeDurably(folder, "text"), { message: /EISDIR/ });
  t.is(lstatSync(`${folder}.new`, { throwIfNoEntry: false }), undefined);
});

test("sessions, a history and an announcement do not write to the targets of links", async (t) => {
  const folder = folderOf(t);
  const planted = new Planted(folder);
  const paths = (name: string) => [join(folder, name), join(folder, `${name}.new`)];
  const sessions = new StateFile(join(folder, "sessions.json"), SESSIONS);
  await surviving(t, planted, paths("sessions.json"), () => sessions.save([]));
  const history = new StateFile(join(folder, "etcd.json"), HISTORY);
  await surviving(t, planted, paths("etcd.json"), () => history.save({ revision: 1 }));
  const discovery = join(folder, "discovery");
  const announcement = { pid: 1, label: "cnf", address: "10.0.0.1", grpcPort: 1, httpPort: 2 };
  await announce(discovery, announcement);
  unlinkSync(join(discovery, "cnf.pid"));
  const places = [join(discovery, "cnf.pid"), join(folder, ".cnf.new"), join(discovery, ".cnf.new")];
  planted.at(...places);
  for (let n = 0; n < 2; n++) await announce(discovery, announcement);
  planted.assertUntouched(t, places.join(", "));
  t.true(lstatSync(places[0]!).isFile());
  t.is(JSON.parse(readFileSync(places[0]!, "utf8"))["ms-label"], "cnf");
});

const STATE = { punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} };

need("root").test("a store does not follow another user's link, and replaces it where it has no state", async (t) => {
  const folder = folderOf(t);
  const planted = new Planted(folder);
  const path = join(folder, "punts.json");
  planted.at(path, `${path}.new`, `${path}.backup`);
  await t.throwsAsync(new FileStore(path).load(), { code: "ERR_STORE_DAMAGED" });
  const store = new FileStore(path);
  await store.open();
  for (let n = 0; n < 2; n++) await store.save(STATE);
  await store.close();
  planted.assertUntouched(t, path);
  t.true(lstatSync(path).isFile());
  planted.at(`${path}.lock`);
  // The lock's text would be written to the target.
  await t.throwsAsync(new FileStore(path).open(), { code: "ELOOP", message: /a symbolic link of another user/ });
  planted.assertUntouched(t, `${path}.lock`);
});

need("root").test("an audit log refuses another user's link by name, and takes one of its own user", async (t) => {
  const folder = folderOf(t);
  const planted = new Planted(folder);
  const path = join(folder, "audit.log");
  planted.at(path);
  const fail = (error: unknown) => t.fail(`${error}`);
  const error = await t.throwsAsync<PuntError>(AuditLog.open(path, fail));
  t.like(error, { op: "daemon.audit", code: "ELOOP", details: { path } });
  t.is(error.message, `daemon.audit: cannot write ${path}: a symbolic link of another user is there`);
  planted.assertUntouched(t, path);
  unlinkSync(path);
  symlinkSync(join(folder, "elsewhere.log"), path);
  const log = await AuditLog.open(path, fail);
  log.write({ caller: "root", call: "Add", decision: "allowed" });
  await log.close();
  t.is(JSON.parse(readFileSync(join(folder, "elsewhere.log"), "utf8")).call, "Add");
});

need("root").test(
  "a link that takes an audit log's place while it runs is not followed when the log is opened again",
  async (t) => {
    const folder = folderOf(t);
    const planted = new Planted(folder);
    const path = join(folder, "audit.log");
    const problems: unknown[] = [];
    const log = await AuditLog.open(path, (error) => problems.push(error));
    unlinkSync(path);
    planted.at(path);
    log.reopen();
    log.write({ caller: "root", call: "Add", decision: "allowed" });
    await log.close();
    planted.assertUntouched(t, path);
    t.like(problems[0], { code: "ELOOP" });
  },
);

function listening(t: ExecutionContext, path: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(path, () => resolve(server));
    t.teardown(() => void server.close());
  });
}

test("a socket's rights are given to the socket, and to nothing that has taken its place", async (t) => {
  const folder = folderOf(t);
  const planted = new Planted(folder);
  const path = join(folder, "a.sock");
  await listening(t, path);
  setSocketRights(path, { mode: 0o620 });
  t.is(statSync(path).mode & 0o777, 0o620);
  setSocketRights(path, { group: process.getgid!() });
  t.is(statSync(path).mode & 0o777, 0o620);
  unlinkSync(path);
  planted.at(path);
  const rights = { owner: process.getuid!(), group: process.getgid!(), mode: 0o666 };
  t.throws(() => setSocketRights(path, rights), { code: "EEXIST", message: /another file has taken the place/ });
  planted.assertUntouched(t, path);
  t.throws(() => setSocketRights(join(folder, "none"), rights), { code: "ENOENT" });
});
