// The command line as a whole: help, mistakes, exit statuses.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import test from "ava";
import { inThousands, json, table } from "../../lib/cli/output/print.js";
import { LONGEST_RUN_MS, main } from "../support/cli/command.js";

function cli(...args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8", timeout: LONGEST_RUN_MS });
}

test("--version is the package's", (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const { status, stdout } = cli("--version");
  t.is(status, 0);
  t.is(stdout.trim(), version);
});

test("a wrong command line is one line of error and exits with 2", (t) => {
  const { status, stdout, stderr } = cli("--no-such-option");
  t.is(status, 2);
  t.is(stdout, "");
  t.is(stderr, "vpp-punt: unknown option '--no-such-option'. See: vpp-punt --help\n");
});

test("a typo names the nearest command or option", (t) => {
  t.regex(cli("aply").stderr, /^vpp-punt: unknown command 'aply', did you mean apply\? See: vpp-punt --help\n$/);
  t.is(cli("help", "aply").stderr, "vpp-punt: unknown command 'aply'. See: vpp-punt --help\n");
  t.regex(cli("list", "--stor", "x").stderr, /^vpp-punt: .*did you mean --store\? See: vpp-punt list --help\n$/);
});

test("a command's help lists its options, with exit status 0", (t) => {
  for (const command of ["add", "apply", "list", "watch", "sim", "api", "info"]) {
    const { status, stdout } = cli(command, "--help");
    t.is(status, 0);
    t.true(stdout.startsWith(`Usage: vpp-punt ${command}`), stdout);
  }
});

test("the help fits the terminal", (t) => {
  for (const [width, ...args] of [[80], [60], [60, "add"], [60, "daemon"]] as [number, ...string[]][]) {
    const env = { ...process.env, COLUMNS: `${width}` };
    const { stdout } = spawnSync(process.execPath, [main, ...args, "--help"], { encoding: "utf8", env });
    // A word stays whole.
    const long = stdout.split("\n").filter((line) => line.length > width && line.trim().includes(" "));
    t.deepEqual(long, [], args.join(" "));
    t.true(stdout.split("\n").some((line) => line.length > width - 20));
  }
});

test("with --json a wrong command line is one JSON object", (t) => {
  const { status, stdout, stderr } = cli("info", "--json", "--no-such-option");
  t.is(status, 2);
  t.is(stdout, "");
  const { error } = JSON.parse(stderr);
  t.like(error, { op: "vpp-punt", code: "ERR_USAGE" });
  t.regex(error.message, /--no-such-option/);
  for (const words of [["-o", "json"], ["-ojson"], ["-wojson"], ["-wo", "json"], ["--output", "json"]])
    t.is(JSON.parse(cli("list", ...words, "--no-such-option").stderr).error.code, "ERR_USAGE", words.join(" "));
});

test("wrong values on the command line are usage errors, before the command connects to VPP", (t) => {
  const cases: [RegExp, ...string[]][] = [
    [/'xx' is invalid.*not JSON/, "show_version", "xx"],
    [
      /--timeout.*'abc' is invalid. It is not a number of milliseconds from 0 to 2147483647. See/,
      "show_version",
      "--timeout",
      "abc",
    ],
    [/--timeout.*'-1' is invalid/, "show_version", "--timeout", "-1"],
  ];
  for (const [said, ...args] of cases) {
    const { status, stderr } = cli("api", ...args, "--socket", "/nonexistent/api.sock");
    t.is(status, 2, stderr);
    t.regex(stderr, said);
  }
});

test("an option that makes no sense is a usage error, before anything is done", (t) => {
  const cases: [RegExp, ...string[]][] = [
    [/--vpp <path>' argument '' is invalid. It is empty/, "list", "--vpp="],
    [
      /--socket-mode <mode>' argument '999' is invalid. It is not an octal number from 0 to 777/,
      "daemon",
      "--socket-mode",
      "999",
    ],
    [/--socket-mode <mode>' argument '66x' is invalid/, "daemon", "--socket-mode", "66x"],
    [/option etcd.host is missing: the label of this host/, "daemon", "--etcd", "http://127.0.0.1:1"],
    [/a punt and --cnf are two ways to name punts/, "wait", "monitor", "--cnf", "firewall"],
    [/option --socket cannot be used with --vpp/, "list", "--socket", "/nowhere", "--vpp", "/nowhere"],
    [/option --tls cannot be used with --store/, "list", "--tls", "localhost:1", "--store", "/nowhere"],
    [/a request and -f are two ways to give one/, "add", "{ cnf: x }", "-f", "/nowhere"],
    [/option --etcd is needed/, "resume", "--keep", "etcd"],
  ];
  for (const [said, ...args] of cases) {
    const { status, stderr } = cli(...args);
    t.is(status, 2, stderr);
    t.regex(stderr, said);
  }
});

test("an empty variable of the environment is as none", (t) => {
  const env = { ...process.env, VPP_PUNT_VPP: "", VPP_PUNT_SOCKET: "/nowhere/manager.sock" };
  const { stderr } = spawnSync(process.execPath, [main, "api", "show_version"], { encoding: "utf8", env });
  t.notRegex(stderr, new RegExp(process.cwd()));
  t.regex(stderr, /^(binapi.connect: \/run\/vpp\/api.sock: |$)/);
});

test("a table pads its columns and aligns numbers to the right", (t) => {
  const text = table(
    ["punt", "received"],
    [
      ["DNS", 5],
      ["OSPF hello", 12],
    ],
  );
  t.is(text, "punt        received\nDNS                5\nOSPF hello        12");
});

test("a large number has three digits and a unit of thousands", (t) => {
  const numbers = [0, 999, 1000, 1234, 99_949, 999_499, 999_500, 999_999, 1e6, 1.5e12, 2e15];
  const texts = ["0", "999", "1.00k", "1.23k", "99.9k", "999k", "1.00M", "1.00M", "1.00M", "1.50T", "2000T"];
  t.deepEqual(numbers.map(inThousands), texts);
});

test("JSON output has 64-bit integers and bytes", (t) => {
  const parsed = JSON.parse(json({ small: 5n, large: 2n ** 63n, mac: Uint8Array.of(2, 0xfd) }));
  t.deepEqual(parsed, { small: 5, large: "9223372036854775808", mac: "02fd" });
});

test("after a signal has ended a command, further signals do nothing", async (t) => {
  const code = `
    import { interrupted } from ${JSON.stringify(new URL("../../lib/cli/ending/ending.js", import.meta.url).href)};
    process.stdin.once("data", () => process.exit(0));
    const end = interrupted();
    console.log("begun");
    await end;
    console.log("closing");`;
  const program = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(program, "exit");
  await once(program.stdout, "data");
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    program.kill(signal);
    if (signal === "SIGTERM") await once(program.stdout, "data");
  }
  program.kill("SIGTERM");
  program.stdin.write("closed\n");
  t.deepEqual(await ended, [0, null]);
});
