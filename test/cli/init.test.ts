// `vpp-punt init`: the project compiles and its tests pass as they are.
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { cli, end, main, start } from "../support/cli/command.js";
import { need } from "../support/need.js";

const run = promisify(execFile);

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "vpp-punt-init-"));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

interface Project {
  readonly path: string;
  readonly manifest: {
    readonly name: string;
    readonly dependencies: Readonly<Record<string, string>>;
    readonly scripts: Readonly<Record<string, string>>;
  };
}

/** Makes a project, with the packages that npm would install. */
async function newProject(t: ExecutionContext): Promise<Project> {
  const cwd = folder(t);
  const { status, stdout } = await cli(["init", "my-cnf", "--udp", "5353"], { cwd });
  t.is(status, 0);
  t.regex(stdout, /Next: cd my-cnf && npm install && npm test\n$/);
  const project = join(cwd, "my-cnf");
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  symlinkSync(resolve("."), join(project, "node_modules/vpp-punt"));
  symlinkSync(resolve("node_modules/@types/node"), join(project, "node_modules/@types/node"));
  return { path: project, manifest: JSON.parse(readFileSync(join(project, "package.json"), "utf8")) };
}

test("a new project compiles, and its tests pass on the embedded VPP", async (t) => {
  const { path: project, manifest } = await newProject(t);
  t.is(manifest.name, "my-cnf");
  t.regex(manifest.dependencies["vpp-punt"]!, /^\^\d/);
  await run(process.execPath, [resolve("node_modules/typescript/lib/tsc.js")], { cwd: project });
  const tested = await run(process.execPath, ["--test", "dist/test/"], { cwd: project });
  t.regex(tested.stdout, /pass 2\n/);
});

test("a try of a new project says each thing that it does before it does it, and when the punt is there", async (t) => {
  const { path: cwd, manifest } = await newProject(t);
  const run = join(cwd, "run");
  const PATH = `${resolve("node_modules/.bin")}:${process.env.PATH}`;
  const tried = spawn("sh", ["-c", `exec 2>&1; ${manifest.scripts.try}`], {
    ...{ cwd, detached: true, env: { ...process.env, PATH }, stdio: ["ignore", "pipe", "inherit"] },
  });
  let daemon: ChildProcess | undefined;
  t.teardown(async () => {
    const ended = once(tried, "close");
    process.kill(-tried.pid!, "SIGKILL");
    await ended;
    if (daemon) await end(daemon, "SIGKILL");
  });
  const lines: string[] = [];
  for await (const line of createInterface(tried.stdout!)) {
    lines.push(line);
    if (line.startsWith("waiting: no daemon"))
      daemon ??= start(["daemon", "--sim", "--socket", join(run, "manager.sock"), "--state", join(run, "state")]);
    if (/^(ready|degraded)/.test(line)) break;
  }
  t.deepEqual(lines.slice(0, 3), ["compiling", "starting the CNF", "asking for UDP port 5353 of VPP"]);
  t.regex(lines[3]!, /^waiting: no daemon has answered yet \(.*ENOENT/);
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
