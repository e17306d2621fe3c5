// The commands about punts, run as programs over the embedded VPP.
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { cli, end, SPAN, site, start, XCONNECT } from "../support/cli/command.js";

test("punts are planned, applied, listed and deleted", async (t) => {
  const vpp = await site(t);
  const file = await vpp.file([SPAN, XCONNECT]);
  const planned = await vpp.punts("plan", file, "--detailed-exitcode");
  t.is(planned.status, 3, planned.stderr);
  t.regex(planned.stdout, /^\+ punt monitor\/eth0: SPAN over MEMIF$/m);
  t.regex(planned.stdout, /^\+ span\/eth0\//m);
  t.regex(planned.stdout, /^Punts: 2 to add, 0 to update, 0 to delete\./m);
  t.deepEqual(await vpp.listed(), [], "a plan changes nothing");
  const applied = await vpp.punts("apply", file);
  t.is(applied.status, 0, applied.stderr);
  t.regex(applied.stdout, /^monitor\/eth0 +SPAN +MEMIF +CREATED$/m);
  t.regex(applied.stdout, /^wire +HAIRPIN_XCONNECT +MEMIF +PENDING +VPP interface eth2$/m);
  t.regex(applied.stdout, /^2 added, 0 updated, 0 unchanged, 0 deleted, 0 failed$/m);
  t.is((await vpp.punts("plan", file, "--detailed-exitcode")).status, 0);
  t.is((await vpp.punts("delete", "monitor/eth0")).status, 0, "as list prints it");
  t.deepEqual(
    (await vpp.listed()).map(({ id, state, reasons }) => [id.cnf, state, reasons]),
    [["wire", "PENDING", ["VPP interface eth2"]]],
  );
  await vpp.file([SPAN]);
  t.regex(
    (await vpp.punts("apply", "--prune", file)).stdout,
    /^1 added, 0 updated, 0 unchanged, 1 deleted, 0 failed$/m,
  );
  const again = await vpp.punts("delete", "nobody");
  t.is(again.status, 1);
  t.regex(again.stderr, /there is no punt nobody \(ERR_NO_SUCH_PUNT\)\. .*vpp-punt list/);
});

test("list --json and apply --json have one shape, with what a CNF needs to attach", async (t) => {
  const vpp = await site(t);
  const applied = JSON.parse((await vpp.punts("apply", "--json", await vpp.file([SPAN]))).stdout);
  const [listed] = await vpp.listed();
  const { change, ...punt } = applied.punts[0];
  t.is(change, "added");
  t.deepEqual(listed, punt);
  const [{ attachment }] = punt.metadata.interconnects;
  t.like(attachment, { kind: "memif", id: 1 });
  t.regex(attachment.socket, /memif-.*\.sock$/);
  t.deepEqual(applied.errors, []);
});

test("another process lists what apply said: caveats, coded reasons of a degraded punt, and what is missing", async (t) => {
  const vpp = await site(t);
  const gso = SPAN.replace("monitor", "gso").replace(" }", ", enableGso: true }");
  const ospf = `{ type: PUNT_TO_SOCKET, cnf: ospf, ipProto: { af: IPV4, protocol: OSPF }, socketPath: ${vpp.at("ospf")} }`;
  const applied = JSON.parse((await vpp.punts("apply", "--json", await vpp.file([gso, ospf, XCONNECT]))).stdout);
  const listed = await vpp.listed();
  t.deepEqual(
    listed,
    applied.punts.map(({ change: _, ...punt }: { change: string }) => punt),
  );
  t.deepEqual(
    listed.map(({ state, degraded, missing, metadata }) => [state, degraded.length, missing.length, metadata.caveats]),
    [
      ["CREATED", 0, 0, ["GSO is not used: memif has none"]],
      ["DEGRADED", 1, 0, [listed[1]!.degraded[0]!.text]],
      ["PENDING", 0, 1, []],
    ],
  );
});

test("a punt that the file changes is updated, and a file that asks for a conflict changes nothing", async (t) => {
  const vpp = await site(t);
  t.is((await vpp.punts("apply", await vpp.file([SPAN]))).status, 0);
  const edited = XCONNECT.replace("wire", "monitor, key: eth0").replace("eth1", "eth0").replace("eth2", "eth1");
  const conflict = await vpp.punts("apply", "--prune", await vpp.file([edited, XCONNECT]));
  t.is(conflict.status, 1);
  t.regex(conflict.stderr, /CONFLICT/);
  t.is((await vpp.listed())[0]!.type, "SPAN");
  const file = await vpp.file([edited]);
  const planned = await vpp.punts("plan", file);
  t.regex(planned.stdout, /^~ punt monitor\/eth0: .*type: "SPAN" -> "HAIRPIN_XCONNECT"/m);
  t.regex(planned.stdout, /0 to add, 1 to update, 0 to delete/);
  const updated = await vpp.punts("apply", file);
  t.is(updated.status, 0, updated.stderr);
  t.regex(updated.stdout, /monitor\/eth0 +HAIRPIN_XCONNECT +MEMIF +CREATED/);
  t.regex(updated.stdout, /0 added, 1 updated/);
  t.regex((await vpp.punts("apply", file)).stdout, /HAIRPIN_XCONNECT +MEMIF +CREATED\n.*1 unchanged/);
});

test("a conflict has its own exit status, and the other punts are made", async (t) => {
  const vpp = await site(t);
  const file = await vpp.file([XCONNECT, XCONNECT.replace("wire", "other"), SPAN]);
  const { status, stdout } = await vpp.punts("apply", "--json", file);
  t.is(status, 1);
  const { punts, errors, summary } = JSON.parse(stdout);
  t.deepEqual(
    punts.map(({ id, state }: { id: { cnf: string }; state: string }) => [id.cnf, state]),
    [
      ["wire", "PENDING"],
      ["monitor", "CREATED"],
    ],
  );
  t.like(errors[0], { id: { cnf: "other" } });
  t.regex(errors[0].code, /^ERR_CONFLICT$/);
  t.deepEqual(summary, { added: 2, updated: 0, unchanged: 0, deleted: 0, failed: 1 });
});

test("while a store has a manager, other managers can only read it", async (t) => {
  const vpp = await site(t);
  t.is((await vpp.punts("apply", await vpp.file([SPAN]))).status, 0);
  const watch = start(["watch", ...vpp.options], vpp.env);
  await once(watch.stdout!, "data");
  const { status, stderr } = await vpp.punts("delete", "monitor/eth0", "--json");
  t.is(status, 1);
  const { error } = JSON.parse(stderr);
  t.regex(error.code, /^ERR_STORE_BUSY$/);
  t.regex(error.remedy, /--store/);
  t.is((await vpp.punts("list")).status, 0);
  t.deepEqual(await end(watch), [0, null]);
  t.is((await vpp.punts("delete", "monitor", "eth0")).status, 0);
});

test("one request comes from the command line, from standard input or from a file", async (t) => {
  const vpp = await site(t);
  const added = await vpp.punts("add", SPAN);
  t.is(added.status, 0, added.stderr);
  t.regex(added.stdout, /monitor\/eth0 +SPAN +MEMIF +CREATED/);
  const piped = await cli(["add", ...vpp.options], { env: vpp.env, stdin: XCONNECT });
  t.regex(piped.stdout, /wire +HAIRPIN_XCONNECT +MEMIF +PENDING/);
  await writeFile(
    vpp.at("one.yaml"),
    XCONNECT.replace("wire", "other").replace("eth1", "eth5").replace("eth2", "eth6"),
  );
  t.regex((await vpp.punts("add", "-f", vpp.at("one.yaml"))).stdout, /^other/m);
  const wrong = await vpp.punts("add", "{ type: SPAN, cnf: x, interconnect: MEMIF }");
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /vppInterface: is missing/);
  const broken = await vpp.punts("add", "{ type: SPAN, cnf: x");
  t.is(broken.status, 2);
  t.regex(broken.stderr, /^punt\.add: the request is not JSON or YAML: [^{\n]* at line 1, column 21 \(ERR_USAGE\)\n$/);
  const none = await cli(["add", ...vpp.options], { env: vpp.env });
  t.is(none.status, 2);
  t.regex(
    none.stderr,
    /^punt\.add: a request is expected: .* on standard input \(ERR_USAGE\)\. `vpp-punt schema` has its fields\n$/,
  );
});

test("wait ends when the punts are in the state, or says which are not", async (t) => {
  const vpp = await site(t);
  await vpp.punts("apply", await vpp.file([SPAN, XCONNECT]));
  t.is((await vpp.punts("wait", "monitor")).status, 0);
  const late = await vpp.punts("wait", "--timeout", "300");
  t.is(late.status, 4);
  t.regex(
    late.stderr,
    /^punt\.wait: not CREATED within 300 ms: wire is PENDING \(VPP interface eth2\) \(ERR_NOT_READY\)\. `vpp-punt explain wire` says.*\n$/,
  );
  await vpp.punts("delete", "wire");
  t.is((await vpp.punts("wait", "wire", "--for", "DELETED")).status, 0);
});

test("show prints one punt, and list narrows to a CNF", async (t) => {
  const vpp = await site(t);
  await vpp.punts("apply", await vpp.file([SPAN, XCONNECT]));
  const { stdout } = await vpp.punts("show", "monitor/eth0");
  t.regex(stdout, /^State: +CREATED$/m);
  t.regex(stdout, /socket: .*memif-.*\.sock/);
  t.regex(stdout, /secret: \(hidden\)/);
  t.notRegex((await vpp.punts("show", "monitor/eth0", "-o", "yaml")).stdout, /hidden/);
  t.is(JSON.parse((await vpp.punts("describe", "monitor", "eth0", "-o", "json")).stdout).type, "SPAN");
  t.regex((await vpp.punts("show", "who")).stderr, /there is no punt who/);
  const narrowed = await vpp.punts("list", "--cnf", "wire");
  t.notRegex(narrowed.stdout, /monitor/);
  t.regex(narrowed.stdout, /^wire/m);
  t.regex((await vpp.punts("list", "-o", "wide")).stdout, /vpp\/span\/interface\/eth0 -> .*memif-/);
  t.regex((await vpp.punts("list", "-o", "yaml")).stdout, /^punts:\n {2}- id:/);
});

/** Resolves when a program is connected to the socket, or waits in its queue. */
async function connected(path: string): Promise<void> {
  const sockets = () => readFileSync("/proc/net/unix", "utf8").split("\n");
  while (sockets().filter((line) => line.endsWith(` ${path}`)).length < 2) await sleep(20);
}

test("apply ends when VPP dies, and says what stays", async (t) => {
  const vpp = await site(t);
  // A frozen VPP keeps the connection but answers nothing; then it dies.
  vpp.sim.kill("SIGSTOP");
  const file = await vpp.file([SPAN]);
  const applied = vpp.punts("apply", file, "--timeout", "4000");
  await connected(vpp.at("api.sock"));
  vpp.sim.kill("SIGKILL");
  const { status, stderr } = await applied;
  t.true([4, 5].includes(status), stderr);
  t.is(stderr.trim().split("\n").length, 1, stderr);
});

test("the first release's form of the command line still works", async (t) => {
  const vpp = await site(t);
  const where = ["--socket", vpp.at("api.sock"), "--store", vpp.at("old.json"), ...vpp.options];
  const applied = await cli(["punts", "apply", await vpp.file([SPAN]), ...where]);
  t.is(applied.status, 0, applied.stderr);
  const { punts } = JSON.parse((await cli(["punts", "list", "--json", ...where])).stdout);
  t.is(punts[0].state, "CREATED");
  t.is((await cli(["punts", "delete", "monitor", "eth0", ...where])).status, 0);
});

test("every problem of a file has a line of its own", async (t) => {
  const { status, stderr } = await cli(["validate", "-"], {
    stdin: "punts:\n  - { type: SPAN, cnf: monitor, interconnect: MEMIF }\n  - { type: SPAM, cnf: x }\n",
  });
  t.is(status, 2);
  const [first, second, ...rest] = stderr.trim().split("\n");
  t.regex(first!, /^standard input:2:5: punts\[0\]: vppInterface: is missing \(ERR_INVALID_REQUEST\)$/);
  t.regex(second!, /^standard input:3:13: punts\[1\]: type: .*ISISX/);
  t.deepEqual(rest, []);
  t.is((await cli(["validate", "examples/punts.yaml"])).stdout, "examples/punts.yaml: 7 punts, valid\n");
});

test("the schema is a JSON schema of a request, or of a file", async (t) => {
  const request = JSON.parse((await cli(["schema"])).stdout);
  t.regex(request.$schema, /json-schema/);
  const file = JSON.parse((await cli(["schema", "--file"])).stdout);
  t.truthy(file.properties.punts);
});

/** Returns a wait for what a process says, at any time. */
function hearing({ stdout }: ReturnType<typeof start>) {
  let text = "";
  return (what: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => what.test(text) && resolve();
      stdout!.on("data", (chunk) => {
        text += chunk;
        look();
      });
      look();
    });
}

test("run applies a file and follows its changes", async (t) => {
  const vpp = await site(t);
  const file = await vpp.file([SPAN]);
  const run = start(["run", file, ...vpp.options], vpp.env);
  const said = hearing(run);
  await said(/monitor\/eth0 .*-> CREATED/);
  await vpp.file([XCONNECT]);
  await said(/wire .*-> PENDING/);
  t.deepEqual(await end(run, "SIGINT"), [0, null]);
  t.deepEqual(
    (await vpp.listed()).map(({ id }) => id.cnf),
    ["wire"],
  );
});

test("run follows a link to a file in a folder that is replaced, as that of a Kubernetes ConfigMap", async (t) => {
  const vpp = await site(t);
  const at = (...names: string[]) => join(vpp.folder, "config", ...names);
  for (const [folder, punt] of [
    ["..1", SPAN],
    ["..2", XCONNECT],
  ] as const) {
    mkdirSync(at(folder), { recursive: true });
    copyFileSync(await vpp.file([punt]), at(folder, "punts.yaml"));
  }
  symlinkSync("..1", at("..data"));
  symlinkSync(join("..data", "punts.yaml"), at("punts.yaml"));
  const run = start(["run", at("punts.yaml"), ...vpp.options], vpp.env);
  const said = hearing(run);
  await said(/monitor\/eth0 .*-> CREATED/);
  symlinkSync("..2", at("..new"));
  renameSync(at("..new"), at("..data"));
  await said(/wire .*-> PENDING/);
  t.deepEqual(await end(run, "SIGINT"), [0, null]);
});

test("paths of the command line are relative to the current folder", async (t) => {
  const vpp = await site(t);
  const file = await vpp.file([SPAN]);
  const paths = ["--vpp", "api.sock", "--store", "store.json", "--memif-directory", "memif"];
  const { status, stderr } = await cli(["apply", "--wait", file, ...paths], { cwd: vpp.folder });
  t.is(status, 0, stderr);
  t.deepEqual(
    (await vpp.listed()).map(({ state }) => state),
    ["CREATED"],
  );
  for (const option of ["--policy", "--audit"]) {
    const daemon = ["daemon", "--sim", "--socket", "manager.sock", "--state", "state"];
    const refused = await cli([...daemon, option, "none/file"], { cwd: vpp.folder });
    t.true(refused.stderr.includes(`${vpp.folder}/none/file`), refused.stderr);
  }
});

test("a TAP of an embedded VPP in another process is made inside of it", async (t) => {
  const vpp = await site(t);
  const added = await vpp.punts("add", SPAN.replace("MEMIF", "TAP"));
  t.is(added.status, 0, added.stderr);
  t.regex(added.stdout, /monitor\/eth0 +SPAN +TAP +CREATED/);
});

test("fields that do not fit a message of VPP are a wrong command line", async (t) => {
  const { env } = await site(t);
  for (const [fields, said] of [
    ["{}", /name_filter_valid: is missing/],
    ['{ "name_filter_valid": false, "name_filter": 7 }', /name_filter/],
    ['{ "name_filter_valid": false, "name_filter": "", "nope": 1 }', /nope/],
  ] as const) {
    const { status, stderr } = await cli(["api", "sw_interface_dump", fields], { env });
    t.is(status, 2, stderr);
    t.regex(stderr, said);
  }
});
