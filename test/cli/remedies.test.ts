// Errors of the command line: one line with the cause, said once, and what to do.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { errorText } from "../../lib/cli/ending/index.js";
import type { PuntError } from "../../lib/errors.js";
import { yamlContent } from "../../lib/files/index.js";
import { cli, SPAN, site, XCONNECT } from "../support/cli/command.js";
import { freePort } from "../support/free-port.js";

const WAITING = "{ cnf: tap, type: SPAN, interconnect: MEMIF, vppInterface: eth9 }";

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "vpp-punt-remedies-"));
  t.teardown(() => rm(path, { recursive: true }));
  return path;
}

const NOT_THERE = "Check the path: the file, or a folder on the way to it, is not there";

test("a file that cannot be read or written is an error that says what to do, and says the cause once", async (t) => {
  const here = await folder(t);
  const none = join(here, "none");
  for (const [args, remedy] of [
    [["validate", none], NOT_THERE],
    [["add", "-f", none], NOT_THERE],
    [["apply", none], NOT_THERE],
    [["apply", here], "Name a file: this is a folder"],
    [["daemon", "--config", none], NOT_THERE],
    [["generate", "--from", none, "--out", "-"], NOT_THERE],
    [
      ["daemon", "--socket-directory", here, "--state", "/proc/none"],
      "Run as root, or name another folder with --state",
    ],
    [["daemon", "--socket-directory", "/proc/none"], "Run as root, or name another folder with --socket-directory"],
    [["sim", "--directory", "/proc/none"], NOT_THERE],
    [["schema", "--out", join(none, "a.json")], NOT_THERE],
    [["schema", "--out", "/etc/passwd/a.json"], "Check the path: a part of it is a file and not a folder"],
    [["inject", "-f", none, "--interface", "eth0", "--vpp", "/nowhere"], NOT_THERE],
  ] as const) {
    const { status, stderr } = await cli(args);
    t.is(status, 1, stderr);
    t.true(stderr.endsWith(`. ${remedy}\n`), stderr);
    t.is(stderr.trimEnd().split("\n").length, 1, stderr);
    t.is([...stderr.matchAll(/\bE(NOENT|ISDIR|NOTDIR)\b/g)].length, 1, stderr);
  }
});

test("validate checks every file, even after an unreadable file", async (t) => {
  const here = await folder(t);
  const [none, good, bad] = [join(here, "none"), join(here, "good.yaml"), join(here, "bad.yaml")];
  await writeFile(good, `punts:\n  - ${SPAN}\n`);
  await writeFile(bad, "punts:\n  - { cnf: a }\n");
  const { status, stdout, stderr } = await cli(["validate", none, good, bad]);
  t.is(status, 2);
  t.is(stdout, `${good}: 1 punt, valid\n`);
  t.regex(stderr, /none: .*\(ENOENT\).*\n.*bad.yaml:2:5: /);
  const asJson = await cli(["validate", none, good, "--json"]);
  t.is(asJson.status, 1);
  const { files } = JSON.parse(asJson.stdout);
  t.like(files[0], { valid: false, error: { code: "ENOENT", remedy: NOT_THERE } });
  t.like(files[1], { valid: true, punts: 1 });
});

test("the error of an etcd that does not answer is the socket's, without gRPC's words", async (t) => {
  const where = `127.0.0.1:${await freePort()}`;
  const { status, stderr } = await cli(["list", "--etcd", `http://${where}`]);
  t.is(status, 5);
  t.is(
    stderr,
    `cluster.etcd: etcd does not answer at http://${where}: connect ECONNREFUSED ${where} (ERR_ETCD_AWAY). Start etcd, or name its servers with --etcd\n`,
  );
});

test("doctor refuses a root that is not there: it would look like a machine with many faults", async (t) => {
  const { status, stdout, stderr } = await cli(["doctor", "--root", "/nowhere"]);
  t.deepEqual([status, stdout], [2, ""]);
  t.is(stderr, "vpp-punt.doctor: --root: there is no folder /nowhere (ERR_USAGE)\n");
});

test("errors about VPP, punts and stores say what to do", async (t) => {
  const vpp = await site(t);
  t.is((await vpp.punts("apply", await vpp.file([SPAN, WAITING]))).status, 0);
  const broken = vpp.at("broken.json");
  await writeFile(broken, "no store\n");
  for (const [args, status, remedy] of [
    [["wait", "tap", "--timeout", "10"], 4, "`vpp-punt explain tap` says what stops it"],
    [["wait", "nobody", "--timeout", "10"], 4, "`vpp-punt list` shows the punts there are"],
    [["add", "{ cnf: x }"], 2, "`vpp-punt schema --markdown` prints the fields of each type"],
    [["list", "--store", broken], 1, "apply the file of punts again"],
  ] as const) {
    const result = await vpp.punts(...args);
    t.is(result.status, status, result.stderr);
    t.true(result.stderr.endsWith(`${remedy}\n`), result.stderr);
  }
  const flags = '{ "sw_if_index": 99, "flags": 1 }';
  const refused = await cli(["api", "sw_interface_set_flags", flags], { env: vpp.env });
  t.regex(refused.stderr, /INVALID_SW_IF_INDEX.*`vppctl show logging`\n$/);
  const wrong = await cli(["api", "cli_inband", '{ "cmd": "show nonsense" }'], { env: vpp.env });
  t.like(JSON.parse(wrong.stdout), { retval: -1, reply: "unknown input `show nonsense'" });
  const waited = await vpp.punts("wait", "monitor", "-o", "wide");
  t.regex(waited.stdout, /^PUNT .* WAY /);
});

test("add of a punt that exists says which commands change and remove it", async (t) => {
  const vpp = await site(t);
  t.is((await vpp.punts("add", SPAN)).status, 0);
  const { status, stderr } = await vpp.punts("add", SPAN.replace("eth0 }", "eth1 }"));
  t.is(status, 1);
  t.regex(
    stderr,
    /\(ERR_PUNT_EXISTS\)\. `vpp-punt apply <file>` changes it, `vpp-punt delete monitor\/eth0` removes it\n$/,
  );
});

test("plan and apply say once which punts are in conflict", async (t) => {
  const vpp = await site(t);
  const wire = XCONNECT.replace("eth1", "eth0").replace("eth2", "eth1");
  const file = await vpp.file([wire, wire.replace("wire", "b")]);
  for (const args of [
    ["plan", file],
    ["apply", file],
    ["apply", file, "--json"],
  ]) {
    const { stdout, stderr } = await vpp.punts(...args);
    const said = `${stderr}${args.includes("--json") ? stdout : ""}`;
    t.is([...said.matchAll(/both want/g)].length, 1, said);
  }
});

test("what a YAML parser says of a file is said once", (t) => {
  const error = t.throws<PuntError>(() => yamlContent("a: [\n", "daemon.yaml", "daemon.config"));
  t.is(errorText(error), `${error.message} (ERR_INVALID_FILE)`);
});
