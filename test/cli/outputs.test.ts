// Every output may break: the reader goes, the disk is full, the terminal is closed.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import test from "ava";
import { end, LONGEST_RUN_MS, main, SPAN, site, start } from "../support/cli/command.js";
import { need } from "../support/need.js";

const ITEMS = Array.from({ length: 40 }, (_, index) => SPAN.replace("monitor", `cnf${index}`));

/** Runs a program on a terminal of its own, closes that after the first output, and says how the program and its children ended. */
const HANG_UP = `
import ctypes, os, pty, signal, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
os.read(terminal, 1)
os.close(terminal)
while True:
    try:
        status = os.waitstatus_to_exitcode(os.wait()[1])
    except ChildProcessError:
        break
    print("ended by " + signal.Signals(-status).name if status < 0 else "exit status %d" % status)
`;

/** Runs a line of the shell in which `$V` is the program; the statuses of its pipe are the last line. */
async function shell(line: string, env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const script = `V="${process.execPath} ${main}"; ${line}; echo "\${PIPESTATUS[*]}"`;
  return promisify(execFile)("bash", ["-c", script], { env: { ...process.env, ...env }, timeout: LONGEST_RUN_MS });
}

test("a command ends quietly if its reader ends early", async (t) => {
  const vpp = await site(t);
  const file = await vpp.file(ITEMS);
  const memif = vpp.options.join(" ");
  for (const command of [
    `$V apply ${file} ${memif}`,
    `$V list ${memif}`,
    `$V list --json ${memif}`,
    `$V plan ${file} ${memif}`,
    "$V schema",
    "$V info",
    '$V api sw_interface_dump \'{"name_filter_valid":false,"name_filter":"","sw_if_index":4294967295}\'',
    "$V --help",
  ]) {
    const { stdout, stderr } = await shell(`${command} | head -c 1 >/dev/null`, vpp.env);
    t.is(stdout, "0 0\n", command);
    t.is(stderr, "", command);
  }
});

test("a capture without a reader ends quietly, before a packet comes", async (t) => {
  const vpp = await site(t);
  await vpp.punts("apply", await vpp.file([SPAN]));
  for (const command of ["attach", "dump --write -"]) {
    const line = `(sleep 1; exec $V ${command} monitor/eth0 ${vpp.options.join(" ")}) | exec 0<&-`;
    const { stdout, stderr } = await shell(line, vpp.env);
    t.is(stdout, "0 0\n", command);
    // The end of the reader may be seen after the connection.
    t.is(stderr.replace(/^attached to .*\n/, ""), "", command);
  }
});

test("a full disk does not hide why a command that has printed nothing was refused", async (t) => {
  const { stdout, stderr } = await shell("$V generate > /dev/full", {});
  t.is(stdout, "2\n");
  t.regex(stderr, /^.*option '--out <file>' not specified.*\n$/);
});

test("without a daemon, an error says where it was looked for, why, and what to do", async (t) => {
  const file = join(tmpdir(), `vpp-punt-none-${process.pid}.sock`);
  const { stdout, stderr } = await shell(`$V list --socket ${file}`, {});
  t.is(stdout, "5\n");
  t.is(
    stderr,
    `punt.list: no daemon answers at ${file} (ERR_DISCONNECTED), because connect ENOENT ${file}. Start one with \`vpp-punt daemon\`, or name its socket with --socket; to use it, run as root or as a member of the socket's group\n`,
  );
});

test("a cause that only repeats the error is left out", async (t) => {
  const vpp = await site(t);
  mkdirSync(vpp.at("store.json.lock"));
  const { stderr } = await vpp.punts("add", SPAN);
  t.regex(
    stderr,
    /^punt\.store: cannot lock [^\n]*: illegal operation on a directory, [^\n]* \(EISDIR\)\. Name a file/,
  );
});

test("a watch ends when its reader goes, though nothing changes any more", async (t) => {
  const vpp = await site(t);
  await vpp.punts("apply", await vpp.file([SPAN]));
  for (const command of ["watch", "list --watch"]) {
    const { stdout, stderr } = await shell(`$V ${command} ${vpp.options.join(" ")} | head -1 >/dev/null`, vpp.env);
    t.is(stdout, "0 0\n", command);
    t.is(stderr, "", command);
  }
});

test("a full disk is an error on one line", async (t) => {
  const vpp = await site(t);
  const memif = vpp.options.join(" ");
  for (const command of [
    "list",
    "list --json",
    `apply ${await vpp.file([SPAN])}`,
    "schema",
    "info",
    "api show_version",
  ]) {
    const withMemif = /list|apply/.test(command) ? `${command} ${memif}` : command;
    const { stdout, stderr } = await shell(`$V ${withMemif} > /dev/full`, vpp.env);
    t.is(stdout, "1\n", command);
    t.regex(stderr, /^.*vpp-punt: cannot write standard output: .*no space left on device, write.*\n$/, command);
  }
});

test("a closed terminal ends a command that runs until interrupted, and nothing is left behind", async (t) => {
  const vpp = await site(t);
  await vpp.punts("apply", await vpp.file([SPAN]));
  const watch = start(["watch", ...vpp.options], vpp.env);
  await once(watch.stdout!, "data");
  t.deepEqual(await end(watch, "SIGHUP"), [0, null]);
  t.is((await vpp.punts("delete", "monitor/eth0")).status, 0, "the store is free again");
  const sim = start(["sim", "--json"]);
  const [json] = await once(sim.stdout!, "data");
  const { apiSocket } = JSON.parse(String(json));
  t.true(existsSync(apiSocket));
  t.deepEqual(await end(sim, "SIGHUP"), [0, null]);
  t.false(existsSync(apiSocket));
  t.deepEqual(await end(vpp.sim, "SIGHUP"), [0, null]);
  t.false(readdirSync(vpp.folder).some((name) => name.endsWith(".sock")));
});

test("sim says which of its lines the command line of VPP does not take", async (t) => {
  const lines = ["set interface ip address eth0 10.0.0.1/24", "no such line", "set interface state eth9 up"];
  const sim = start(["sim", "--interface", "eth0", ...lines.flatMap((line) => ["--exec", line])]);
  t.teardown(() => end(sim, "SIGKILL"));
  const errors = text(sim.stderr!);
  await once(sim.stdout!, "data");
  t.deepEqual(await end(sim), [0, null]);
  t.deepEqual((await errors).trim().split("\n"), [
    "exec: no such line: unknown input `no such line'",
    "exec: set interface state eth9 up: vpp: unknown interface `eth9'",
  ]);
});

/** @returns the lines of HANG_UP */
async function hungUp(words: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const options = { env: { ...process.env, ...env }, timeout: LONGEST_RUN_MS };
  const { stdout } = await promisify(execFile)("python3", ["-c", HANG_UP, process.execPath, ...words], options);
  return stdout.trim().split("\n");
}

const { test: withPython } = need("python3");

withPython("a command on a real terminal that is closed ends by SIGHUP, without a core dump", async (t) => {
  const vpp = await site(t);
  await vpp.punts("apply", await vpp.file([SPAN]));
  for (const words of [["sim"], ["watch"], ["watch", "--json"], ["top"]]) {
    const options = words[0] === "sim" ? [] : vpp.options;
    t.deepEqual(await hungUp([main, ...words, ...options], vpp.env), ["ended by SIGHUP"], words.join(" "));
  }
});

withPython("the process of a spawned embedded VPP ends by SIGHUP if their terminal is closed", async (t) => {
  const library = new URL("../../lib/sim/index.js", import.meta.url).href;
  const parent = `import(${JSON.stringify(library)}).then(async ({ EmbeddedVpp }) => console.log(await EmbeddedVpp.spawn()))`;
  t.deepEqual(await hungUp(["-e", parent]), ["ended by SIGHUP", "ended by SIGHUP"]);
});

test("an error without a reader does not change the exit status", async (t) => {
  const program = spawn(process.execPath, [main, "list", "--vpp", "/nonexistent/api.sock"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  program.stderr.destroy();
  t.deepEqual(await once(program, "exit"), [5, null]);
});

test("a daemon whose log has no room serves on, and ends as it should", async (t) => {
  for (const log of ["/dev/full", "/dev/null"]) {
    const folder = mkdtempSync(join(tmpdir(), "vpp-punt-log-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const socket = join(folder, "manager.sock");
    const at = `--sim --interface eth0 --socket ${socket} --state ${join(folder, "state")}`;
    const punt = "{ cnf: a, type: SPAN, interconnect: MEMIF, vppInterface: eth0 }";
    const line = `$V daemon ${at} 2> ${log} & until $V add --wait --socket ${socket} '${punt}' 2>/dev/null; do sleep 0.2; done
      kill -TERM $!; wait $!; (exit $?)`;
    const { stdout } = await shell(line, {});
    t.regex(stdout, /CREATED[\s\S]*\n0\n$/, log);
    t.false(existsSync(socket), log);
  }
});
