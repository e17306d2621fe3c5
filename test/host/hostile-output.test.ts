// Programs in a namespace decide on what `ip` prints of it: odd names, too much, nothing at all.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import test, { type ExecutionContext } from "ava";
import type { PuntError } from "../../lib/errors.js";
import { parseLinks } from "../../lib/host/ip-output.js";
import { LinuxHost } from "../../lib/punt/index.js";
import { runProgram } from "../../lib/run-program.js";
import { need } from "../support/need.js";

const NAMESPACE = "/run/netns/cnf1";

test("control characters, quotes and backslashes in names and aliases stay in them", (t) => {
  const namesIn = (text: string) => parseLinks(text).map(({ name }) => name);
  const other = '{"ifname":"tap-abcde"}';
  for (const odd of [
    "\x01",
    "\x1f",
    "\x7f",
    "\\u0001",
    "\\'",
    "'",
    '\\"',
    "\\\\",
    "\\\\'",
    "\\\\\x01",
    "\\n",
    "\ufffd",
  ])
    for (const field of ["ifname", "ifalias"])
      t.deepEqual(namesIn(`[{"${field}":"x${odd}"},${other}]\n`).at(-1), "tap-abcde");
  t.deepEqual(namesIn(`[{"ifname":"it\\'s"},\n\t{"ifname":"a\\\\'b"}]`), ["it's", "a\\'b"]);
});

need("root", "netns", "ip", "nsenter").test(
  "devices are listed beside a device whose name and alias are not text",
  async (t) => {
    const name = `punt-test-o${process.pid}`;
    execFileSync("ip", ["netns", "add", name]);
    t.teardown(() => execFileSync("ip", ["netns", "delete", name]));
    const inside = (script: string) => execFileSync("ip", ["netns", "exec", name, "sh", "-c", script]);
    inside(`ip link set lo alias "$(printf 'x\\001\\377\\n"\\\\')'"`);
    inside(`ip link set lo name "$(printf '\\001\\377"\\\\')'"`);
    inside("ip link add tap-abcde type veth peer name other");
    const names = (await new LinuxHost().links(`/run/netns/${name}`)).map((link) => link.name);
    t.deepEqual(names.sort(), ["other", "tap-abcde", "\ufffd\ufffd\"\\'"].sort());
  },
);

/** Puts a program in the place of `nsenter`. */
function standIn(t: ExecutionContext, script: string): LinuxHost {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-ip-"));
  writeFileSync(join(folder, "nsenter"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${folder}:${PATH}`;
  t.teardown(() => {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  });
  return new LinuxHost();
}

const SHOW = `host.ip: ip address show in ${NAMESPACE}: `;

for (const [what, script, code, message] of [
  ["prints without end", "cat /dev/zero", "ENOBUFS", "it printed more than 33554432 bytes"],
  ["prints something else", "echo '[{]'", "EIO", "its output is not the JSON of a list of devices"],
  ["prints nothing and fails", "exit 3", "EIO", "ip ended with status 3"],
])
  test.serial(`a program that ${what} fails the look at its namespace, by name`, async (t) => {
    const links = standIn(t, script!).links(NAMESPACE);
    const error = (await t.throwsAsync(links)) as PuntError;
    t.deepEqual([error.code, error.message], [code, SHOW + message]);
  });

test.serial("a program that does not end fails the look at its namespace, and each change of its batch", async (t) => {
  const host = standIn(t, "exec sleep 1000");
  mock.timers.enable({ apis: ["setTimeout"] });
  t.teardown(() => mock.timers.reset());
  const change = { change: "set-link", name: "tap-abcde", up: true } as const;
  const calls = [host.links(NAMESPACE), host.change(NAMESPACE, change), host.change(NAMESPACE, change)];
  const settled = Promise.allSettled(calls);
  // The batch begins in a turn of its own.
  await new Promise(setImmediate);
  mock.timers.tick(10_200);
  const words = ["address show", "link set dev tap-abcde up", "link set dev tap-abcde up"];
  t.deepEqual(
    (await settled).map((call) => call.status === "rejected" && [call.reason.code, call.reason.message]),
    words.map((command, index) => [
      "ETIMEDOUT",
      `host.ip: ip ${command} in ${NAMESPACE}: it did not end within ${index === 0 ? 10 : 10.2} s`,
    ]),
  );
});

test("a program gets its input, and what it prints comes as text, whatever the bytes", async (t) => {
  const result = await runProgram("sh", ["-c", "cat; printf '\\377' >&2; exit 7"], "in", { bytes: 3, ms: 60_000 });
  t.deepEqual(result, { status: 7, stdout: "in", stderr: "\ufffd" });
});

test("a program that is missing has the reason, and so has one for which there are no descriptors", async (t) => {
  const { status, stderr } = await runProgram("/nowhere/ip", [], "", { bytes: 1, ms: 60_000 });
  t.is(status, -1);
  t.regex(stderr, /ENOENT/);
  const script = `
    import { openSync } from "node:fs";
    import { runProgram } from "./dist/lib/run-program.js";
    try { for (;;) openSync("/dev/null"); } catch {}
    const { status, stderr } = await runProgram("true", [], "", { bytes: 1, ms: 60_000 });
    console.log(status, stderr);`;
  const command = `ulimit -n 64; exec "${process.execPath}" --input-type=module --eval '${script}'`;
  t.regex(execFileSync("sh", ["-c", command], { encoding: "utf8" }), /^-1 .*EMFILE/);
});

/** Whether a process has ended, whether or not its parent knows. */
function hasEnded(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

test("a program that reaches a limit is killed with the processes that it started", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-output-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [end, limits] of [
    ["wait", { bytes: 1000, ms: 2_000 }],
    ["yes", { bytes: 1000, ms: 60_000 }],
    ["exit 0", { bytes: 1000, ms: 2_000 }],
  ] as const) {
    // The output may be one chunk, which the limit drops.
    const path = join(folder, end);
    const { status } = await runProgram("sh", ["-c", `sleep 1000 & echo $! $$ > "${path}"; ${end}`], "", limits);
    t.is(status, -1, end);
    const pids = readFileSync(path, "utf8").split(" ").map(Number);
    t.is(pids.length, 2);
    while (!pids.every(hasEnded)) await new Promise(setImmediate);
  }
});
