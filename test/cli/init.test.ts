// `vpp-punt init`: the project compiles and its tests pass as they are.
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { cli, main } from "../support/cli/command.js";
import { need } from "../support/need.js";

const run = promisify(execFile);

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "vpp-punt-init-"));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test("a new project compiles, and its tests pass on the embedded VPP", async (t) => {
  const cwd = folder(t);
  const { status, stdout } = await cli(["init", "my-cnf", "--udp", "5353"], { cwd });
  t.is(status, 0);
  t.regex(stdout, /Next: cd my-cnf && npm install && npm test\n$/);
  const project = join(cwd, "my-cnf");
  const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  t.is(manifest.name, "my-cnf");
  t.regex(manifest.dependencies["vpp-punt"], /^\^\d/);
  // npm would install these packages.
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  symlinkSync(resolve("."), join(project, "node_modules/vpp-punt"));
  symlinkSync(resolve("node_modules/@types/node"), join(project, "node_modules/@types/node"));
  await run(process.execPath, [resolve("node_modules/typescript/lib/tsc.js")], { cwd: project });
  const tested = await run(process.execPath, ["--test", "dist/test/"], { cwd: project });
  t.regex(tested.stdout, /pass 2\n/);
});

test("init overwrites nothing, and says what is wrong with a name or a folder", async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, "mine"), "");
  const full = await cli(["init", "."], { cwd });
  t.is(full.status, 1);
  t.regex(full.stderr, /has files already, such as mine: name a new one \(ENOTEMPTY\)/);
  const name = await cli(["init", "ok", "--name", "Ünn$"], { cwd });
  t.is(name.status, 2);
  t.regex(name.stderr, /"Ünn\$" cannot be the name of a CNF/);
  for (const path of ["/proc/x", "/nowhere/x"]) {
    const { status, stderr } = await cli(["init", path], { cwd });
    t.is(status, 1);
    t.regex(stderr, /cannot make the folder .* \(ENOENT\)/);
  }
});

const { test: withMounts } = need("root", "unshare");

withMounts("a full disk leaves nothing of a project, and what was there before", (t) => {
  const cwd = folder(t);
  // A page each for some of the files.
  const script = `mount -t tmpfs -o size=20k none "$1" && mkdir -p "$1/mine/.git" && for name in new mine
    do "$2" "$3" init "$1/$name"; echo "status $?"; done; cd "$1" && find .`;
  const { stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script, "sh", cwd, process.execPath, main], {
    encoding: "utf8",
  });
  t.deepEqual(stdout.trim().split("\n").sort(), [".", "./mine", "./mine/.git", "status 1", "status 1"]);
  t.is(stderr.match(/cannot write .*nothing of the project is left.*ENOSPC/g)?.length, 2, stderr);
});
