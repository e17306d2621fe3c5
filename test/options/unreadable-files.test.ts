// Files that a user names and that cannot be read: an error with the file's name, also where a named pipe has no writer.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Schema } from "../../lib/binapi/index.js";
import { Etcd } from "../../lib/cluster/index.js";
import { PuntError } from "../../lib/errors.js";

const folder = mkdtempSync(join(tmpdir(), "vpp-punt-unreadable-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

test("a definition of VPP's API that is a named pipe is refused at once", async (t) => {
  const path = join(folder, "pipe", "vpe.api.json");
  mkdirSync(join(folder, "pipe"));
  execFileSync("mkfifo", [path]);
  const error = await t.throwsAsync(Schema.fromDirectory(join(folder, "pipe")), {
    instanceOf: PuntError,
    code: "EINVAL",
  });
  t.is(error!.message, `binapi.schema: cannot read ${path}`);
});

test("a definition of VPP's API that is a folder is refused by name", async (t) => {
  const path = join(folder, "folder", "vpe.api.json");
  mkdirSync(path, { recursive: true });
  const error = await t.throwsAsync(Schema.fromDirectory(join(folder, "folder")), { instanceOf: PuntError });
  t.like(error, { code: "EISDIR", message: `binapi.schema: cannot read ${path}` });
});

test("a password for etcd that nothing writes into a pipe is given up", async (t) => {
  const passwordFile = join(folder, "password");
  execFileSync("mkfifo", [passwordFile]);
  const options = { endpoints: "http://127.0.0.1:2379", user: "punts", passwordFile };
  const error = await t.throwsAsync(Etcd.open(options), { instanceOf: PuntError, code: "ETIMEDOUT" });
  t.is(error!.message, `cluster.etcd: cannot read ${passwordFile}`);
});
