// `vpp-punt doctor` on machines that each have one fault.
import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { examine, type Finding, type MachineOptions } from "../../lib/cli/doctor/index.js";
import { answersAsEmbedded } from "../../lib/cli/doctor/vpp-devices.js";
import { featureReports } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { cli } from "../support/cli/command.js";
import { need } from "../support/need.js";

const STARTUP = `
unix { nodaemon cli-listen /run/vpp/cli.sock }
punt { socket /run/vpp/punt.sock }
socksvr { default }
statseg { default }
`;
const CONF = "/etc/vpp/startup.conf";
const VPP = ["/usr/bin/vpp", "-c", CONF];
const LIMITS =
  "Max processes 1 1 processes\nMax locked memory         unlimited            unlimited            bytes\n";

/** VPP listens at them. */
const SOCKETS = ["/run/vpp/api.sock", "/run/vpp/stats.sock"];

type Files = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The files of a machine without a fault; an array is a command line. */
const SOUND: Files = {
  "/proc/sys/kernel/osrelease": "6.1.0-13-amd64\n",
  "/proc/sys/net/unix/max_dgram_qlen": "512\n",
  "/proc/self/mounts": "nsfs /run/netns/cnf nsfs rw 0 0\n",
  "/proc/70/cmdline": VPP,
  "/proc/70/limits": LIMITS,
  "/run/netns/cnf": "",
  "/run/vpp/punt.sock": "",
  "/dev/net/tun": "",
  "/dev/vhost-net": "",
  "/etc/vpp/startup.conf": STARTUP,
  "/etc/group": "root:x:0:\nvpp:x:4711:\n",
};

/** Makes the machine: files below a folder of its own, and a VPP that listens. */
async function machine(t: ExecutionContext, faults: Files = {}, listens = true): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "vpp-punt-doctor-"));
  for (const [path, content] of Object.entries({ ...SOUND, ...faults })) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : `${content.join("\0")}\0`);
  }
  mkdirSync(join(root, "run/vpp"), { recursive: true });
  const servers = [createServer(), createServer()];
  for (const [index, server] of servers.entries())
    if (listens) await new Promise<void>((resolve) => server.listen(join(root, SOCKETS[index]!), resolve));
  t.teardown(() => {
    for (const server of servers) server.close();
    rmSync(root, { recursive: true });
  });
  return root;
}

async function findings(root: string, others: Partial<MachineOptions> = {}): Promise<Finding[]> {
  const checked = await examine({ root, vppSocket: "/run/vpp/api.sock", output: () => undefined, ...others });
  return checked.flatMap((each) => each.findings);
}

/** The machine with these files instead of the sound ones has one finding, which says `what` and `remedy`. */
const onlyFinding = test.macro({
  title: (name = "") => `found: ${name}`,
  async exec(t, faults: Files, what: RegExp, remedy: RegExp, others: Partial<MachineOptions> = {}) {
    const found = await findings(await machine(t, faults), others);
    t.is(found.length, 1, JSON.stringify(found));
    t.regex(found[0]!.what, what);
    t.regex(found[0]!.remedy, remedy);
    t.true(found[0]!.why.length > 0);
  },
});

test("a machine without a fault has no finding", async (t) => {
  t.deepEqual(await findings(await machine(t)), []);
});

test("an old kernel", onlyFinding, { "/proc/sys/kernel/osrelease": "3.10.0-1160.el7" }, /^Linux 3.10/, /install Linux/);
test("an old Node", onlyFinding, {}, /^Node 18.19.0 is older than 20$/, /install Node 20/, { node: "18.19.0" });
test("an addon that does not load", onlyFinding, {}, /does not load: no build/, /npm rebuild vpp-punt/, {
  loadAddon: () => Promise.reject(new Error("no build\nlooked in ...")),
});
test("no /dev/net/tun", onlyFinding, { "/dev/net/tun": undefined }, /net\/tun is missing/, /modprobe tun/);
test("no /dev/vhost-net", onlyFinding, { "/dev/vhost-net": undefined }, /vhost-net is missing/, /modprobe vhost-net/);
test(
  "a short queue of datagrams",
  onlyFinding,
  { "/proc/sys/net/unix/max_dgram_qlen": "10\n" },
  /max_dgram_qlen is 10$/,
  /^sysctl -w net.unix.max_dgram_qlen=512/,
);
test(
  "checksum offload on a TAP",
  onlyFinding,
  { "/sys/class/net/tap-abcde/mtu": "1500", "/sys/class/net/eth0/mtu": "1500" },
  /^tap-abcde has transmit checksum offload on$/,
  /^ethtool -K tap-abcde tx off$/,
  { offloading: async (names, namespace) => (namespace === undefined ? names : []) },
);
test(
  "a namespace that is a plain file",
  onlyFinding,
  { "/run/netns/gone": "" },
  /^\/run\/netns\/gone is a file/,
  /ip netns delete gone; ip netns add gone/,
);
test(
  "checksum offload on a TAP in a CNF's namespace",
  onlyFinding,
  {},
  /^tap-abcde in the namespace cnf has transmit checksum offload on$/,
  /^ip netns exec cnf ethtool -K tap-abcde tx off$/,
  {
    output: (...words) => (words.includes("link") ? "1: lo: <UP>\n7: tap-abcde@if6: <UP> mtu 1500\n" : undefined),
    offloading: async (names, namespace) => (namespace === "/run/netns/cnf" ? names : []),
  },
);
test(
  "a short queue of datagrams in a CNF's namespace",
  onlyFinding,
  {},
  /^net.unix.max_dgram_qlen is 10 in the namespace cnf$/,
  /^ip netns exec cnf sysctl -w net.unix.max_dgram_qlen=512/,
  { output: (...words) => (words.includes("exec") ? "10\n" : undefined) },
);
test("doctor does not report plugins that VPP loads on demand, or that are not part of it", async (t) => {
  await using vpp = await EmbeddedVpp.start({ withoutPlugins: ["linux_cp", "abx", "isisx"] });
  await using client = await Vpp.connect({ socketPath: vpp.apiSocket, connectTimeout: 60_000 });
  const features = featureReports((message) => client.has(message));
  t.true(features.some(({ code }) => code === "ERR_PLUGIN_MISSING"));
  t.deepEqual(await findings(await machine(t), { askFeatures: async () => ({ version: "", features }) }), []);
});
test("a plugin that is not installed", async (t) => {
  await using vpp = await EmbeddedVpp.start({ withoutPlugins: ["acl", "abx"] });
  await using client = await Vpp.connect({ socketPath: vpp.apiSocket, connectTimeout: 60_000 });
  const features = featureReports((message) => client.has(message));
  const options = { askFeatures: async () => ({ version: "", features }) };
  const found = await findings(await machine(t), options);
  t.deepEqual(
    found.map(({ what }) => what),
    ["VPP has no plugin acl"],
  );
  t.regex(found[0]!.remedy, /^apt-get install vpp-plugin-core/);
  // The finding about the configuration is enough.
  const disabled = { [CONF]: `${STARTUP} plugins { plugin acl_plugin.so { disable } }` };
  t.is((await findings(await machine(t, disabled), options)).length, 1);
});
test(
  "a daemon's socket where nothing listens",
  onlyFinding,
  { "/run/vpp-punt/manager.sock": "" },
  /^no daemon listens at its socket \/run\/vpp-punt\/manager.sock \(ECONNREFUSED\)$/,
  /^systemctl restart vpp-punt/,
);
test("a clock without synchronization", onlyFinding, {}, /clock is not synchronized/, /timedatectl set-ntp true/, {
  output: (program) => (program === "timedatectl" ? "no\n" : undefined),
});

test(
  "a user who may not make network devices",
  onlyFinding,
  { "/proc/self/status": "Name:\tnode\nCapEff:\t0000000000001000\n" },
  /^this user lacks CAP_SYS_ADMIN$/,
  /vpp-punt daemon/,
);
test("a user with all rights has no finding", async (t) => {
  const status = "Name:\tnode\nCapEff:\t000001ffffffffff\n";
  t.deepEqual(await findings(await machine(t, { "/proc/self/status": status })), []);
});

test("of two VPPs, the one of the API socket is looked at", async (t) => {
  const limits = LIMITS.replaceAll("unlimited", "8388608  ");
  const other = "/etc/vpp/other.conf";
  const second = {
    "/proc/60/cmdline": ["/usr/bin/vpp", "-c", other],
    "/proc/60/limits": limits,
    [other]: "unix { nodaemon }\nsocksvr { socket-name /run/other/api.sock }\n",
    [CONF]: STARTUP.replace("socksvr { default }", "socksvr { socket-name /run/vpp/api.sock }"),
  };
  t.deepEqual(await findings(await machine(t, second)), []);
});

need("root", "setpriv").test("managers of other users are not taken for a second one of the same VPP", async (t) => {
  const root = await machine(t);
  for (const pid of [80, 81]) {
    mkdirSync(join(root, `/proc/${pid}`));
    writeFileSync(join(root, `/proc/${pid}/cmdline`), ["node", "/usr/bin/vpp-punt", "daemon", ""].join("\0"));
    writeFileSync(join(root, `/proc/${pid}/environ`), `VPP_PUNT_VPP=/run/vpp${pid}.sock\0`, { mode: 0o600 });
  }
  chmodSync(root, 0o755);
  const program = `
    const { examine } = await import(${JSON.stringify(new URL("../../lib/cli/doctor/index.js", import.meta.url).href)});
    const checked = await examine({ root: ${JSON.stringify(root)}, vppSocket: "/run/vpp/api.sock", output: () => undefined });
    console.log(JSON.stringify(checked.find(({ check }) => check === "second manager").findings));`;
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const args = [...nobody, process.execPath, "--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)("setpriv", args);
  t.is(stdout, "[]\n");
});

test(
  "startup.conf without punt",
  onlyFinding,
  { [CONF]: STARTUP.replace(/^punt.*$/m, "") },
  /no punt/,
  /^echo 'punt \{/,
);
test(
  "punt without socket",
  onlyFinding,
  { [CONF]: STARTUP.replace(/^punt.*$/m, "punt { }") },
  /no punt/,
  /punt \{ soc/,
);
test(
  "a section in a comment",
  onlyFinding,
  { [CONF]: STARTUP.replace("socksvr", "# socksvr") },
  /socksvr/,
  /socksvr \{/,
);
test(
  "a plugin that is off",
  onlyFinding,
  { [CONF]: `${STARTUP} plugins { plugin memif_plugin.so { disable } }` },
  /disables memif_plugin$/,
  /plugin memif_plugin.so \{ enable \}/,
);
test(
  "a plugin that the default turns off",
  onlyFinding,
  {
    [CONF]: `${STARTUP} plugins { plugin default { disable } ${["memif", "abf", "acl", "linux_cp"]
      .map((name) => `plugin ${name}_plugin.so { enable }`)
      .join("\n")} }`,
  },
  /disables dhcp_plugin$/,
  /plugin dhcp_plugin.so \{ enable \}/,
);
test("few buffers", onlyFinding, { [CONF]: `${STARTUP} buffers { buffers-per-numa 4096 }` }, /4096/, /16384/);
test(
  "a configuration on VPP's command line",
  onlyFinding,
  { "/proc/70/cmdline": ["vpp", "socksvr", "{", "default", "}", "statseg", "{", "default", "}"] },
  /no punt/,
  /punt \{ socket/,
);
test(
  "a configuration in another file",
  onlyFinding,
  { "/proc/70/cmdline": ["vpp", "-c", "/opt/vpp.conf"], "/opt/vpp.conf": STARTUP.replace(/^punt.*$/m, "") },
  /^\/opt\/vpp.conf has no punt/,
  /\/opt\/vpp.conf/,
);
test(
  "a punt socket that VPP has not opened",
  onlyFinding,
  { "/run/vpp/punt.sock": undefined },
  /punt.sock, which/,
  /rest/,
);
test(
  "a low limit of locked memory",
  onlyFinding,
  { "/proc/70/limits": LIMITS.replaceAll("unlimited", "65536") },
  /^VPP \(pid 70\) may lock 65536 bytes/,
  /LimitMEMLOCK=infinity/,
);

test(
  "no room for open files",
  onlyFinding,
  {
    "/proc/70/limits": `${LIMITS}Max open files            2                    4                    files\n`,
    "/proc/70/fd/0": "",
  },
  /^VPP \(pid 70\) has 1 of 2 open files/,
  /LimitNOFILE=/,
);

const MANAGER = ["node", "/usr/bin/vpp-punt"];
test(
  "a second manager",
  onlyFinding,
  { "/proc/80/cmdline": [...MANAGER, "daemon"], "/proc/81/cmdline": [...MANAGER, "punts", "watch"] },
  /second manager .*\(pid 81\)/,
  /^kill 81/,
);
test("managers of several owners or VPPs are not a problem", async (t) => {
  const root = await machine(t, {
    "/proc/80/cmdline": [...MANAGER, "run", "a.yaml"],
    "/proc/81/cmdline": [...MANAGER, "run", "--owner=b", "b.yaml"],
    "/proc/82/cmdline": [...MANAGER, "run", "--vpp", "/run/other.sock", "c.yaml"],
    "/proc/83/cmdline": [...MANAGER, "watch"],
    "/proc/83/environ": ["VPP_PUNT_OWNER=d"],
    "/proc/84/cmdline": [...MANAGER, "list"],
  });
  t.deepEqual(await findings(root), []);
});
test("managers are known by their options files and by their VPP's socket as they see it", async (t) => {
  const files = (pid: number) => `/proc/${pid}/root`;
  const daemon = (file: string) => [...MANAGER, "daemon", "--config", file];
  const others = await machine(t, {
    [`${files(80)}/run/vpp/api.sock`]: "",
    [`${files(81)}/run/vpp/api.sock`]: "",
    "/proc/80/cmdline": [...MANAGER, "run", "a.yaml"],
    "/proc/81/cmdline": [...MANAGER, "run", "b.yaml"],
    "/proc/82/cmdline": [...MANAGER, "daemon", "--sim"],
    "/proc/83/cmdline": daemon("/etc/c.yaml"),
    [`${files(83)}/etc/c.yaml`]: "vppSocket: /run/c.sock",
    "/proc/84/cmdline": daemon("d.yaml"),
    "/proc/84/cwd/d.yaml": "{ vppSocket: /run/c.sock, manager: { owner: d } }",
    "/proc/85/cmdline": daemon("e.yaml"),
    "/proc/85/cwd/e.yaml": "{ vppSocket: /run/c.sock, etcd: { hosts: [http://localhost:2379] } }",
    "/proc/86/cmdline": daemon("f.yaml"),
    "/proc/86/cwd/f.yaml": "vppSocket: [",
  });
  t.deepEqual(await findings(others), []);
  const same = await machine(t, {
    "/proc/83/cmdline": daemon("/etc/c.yaml"),
    [`${files(83)}/etc/c.yaml`]: "vppSocket: /run/c.sock",
    "/proc/84/cmdline": [...MANAGER, "run", "--vpp", "/run/c.sock", "d.yaml"],
  });
  t.deepEqual(
    (await findings(same)).map(({ remedy }) => remedy),
    ["kill 84, or give it another --owner and --store"],
  );
});
test(
  "an agent that resyncs",
  onlyFinding,
  { "/proc/9/cmdline": ["/bin/vpp-agent"] },
  /vpp-agent, pid 9/,
  /foreign tag/,
);

test("found: no VPP", async (t) => {
  const [finding, ...others] = await findings(await machine(t, {}, false));
  t.deepEqual(others, []);
  t.regex(finding!.what, /api.sock is missing/);
});

test(
  "VPP listens at a path other than --vpp",
  onlyFinding,
  { [CONF]: STARTUP.replace("socksvr { default }", "socksvr { socket-name /run/vpp/api.sock }") },
  /^the API socket \/run\/vpp\/other.sock is missing: VPP's configuration names \/run\/vpp\/api.sock$/,
  /^export VPP_PUNT_VPP=\/run\/vpp\/api.sock, or --vpp \/run\/vpp\/api.sock$/,
  { vppSocket: "/run/vpp/other.sock" },
);

test("a VPP that takes connections and never answers is a problem", async (t) => {
  const found = await findings(await machine(t), { askVpp: async () => "ERR_TIMEOUT" });
  t.regex(found[0]!.what, /VPP does not answer at its API socket \/run\/vpp\/api.sock \(ERR_TIMEOUT\)/);
  t.is(found.length, 1);
});

test("found: a socket that an ended VPP has left", async (t) => {
  const root = await machine(t, {}, false);
  const path = join(root, "/run/vpp/api.sock");
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await new Promise((resolve) => execFile(process.execPath, ["-e", script], resolve));
  const [finding, ...others] = await findings(root);
  t.deepEqual(others, []);
  t.regex(finding!.what, /no process listens/);
});

/** Returns the findings for a user without rights. */
async function findingsOfNobody(root: string): Promise<Finding[]> {
  chmodSync(root, 0o755);
  const code = `
    import { examine } from ${JSON.stringify(new URL("../../lib/cli/doctor/index.js", import.meta.url).href)};
    const options = { root: ${JSON.stringify(root)}, vppSocket: "/run/vpp/api.sock", output() {}, async loadAddon() {} };
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    console.log(JSON.stringify((await examine(options)).flatMap(({ findings }) => findings)));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code]);
  return JSON.parse(stdout);
}

need("root").test("found: a socket of a group that the user is not in", async (t) => {
  const root = await machine(t);
  chmodSync(join(root, "/run/vpp/punt.sock"), 0o666);
  chmodSync(join(root, SOCKETS[0]!), 0o660);
  chownSync(join(root, SOCKETS[0]!), 0, 4711);
  const [finding, ...others] = await findingsOfNobody(root);
  t.deepEqual(others, []);
  t.regex(finding!.what, /belongs to the group vpp$/);
  t.regex(finding!.remedy, /^usermod -aG vpp /);
});

need("root").test("found: sockets of VPP and of the daemon that the user may not open", async (t) => {
  const root = await machine(t);
  for (const name of ["punt", "api"]) chmodSync(join(root, `/run/vpp/${name}.sock`), 0o666);
  chmodSync(join(root, "/run/vpp/stats.sock"), 0o660);
  mkdirSync(join(root, "/run/vpp-punt"));
  const daemon = createServer();
  t.teardown(() => daemon.close());
  const path = join(root, "/run/vpp-punt/manager.sock");
  await new Promise<void>((resolve) => daemon.listen(path, resolve));
  chmodSync(path, 0o660);
  chownSync(path, 0, 4711);
  const [stats, manager, ...others] = await findingsOfNobody(root);
  t.deepEqual(others, []);
  t.regex(stats!.what, /may not open VPP's stats socket \/run\/vpp\/stats.sock, which belongs to the group root$/);
  t.regex(stats!.remedy, /unix \{ gid vpp \}.*usermod -aG vpp/);
  t.regex(manager!.what, /may not open the daemon's socket .*the group vpp$/);
  t.regex(manager!.remedy, /^usermod -aG vpp /);
  chownSync(path, 0, 0);
  t.regex((await findingsOfNobody(root))[1]!.remedy, /^start the daemon with --socket-group/);
});

need("root").test("found: a folder of sockets that the user may not enter", async (t) => {
  const root = await machine(t);
  chmodSync(join(root, "/run/vpp"), 0o750);
  chownSync(join(root, "/run/vpp"), 0, 4711);
  const [api, punt, ...others] = await findingsOfNobody(root);
  t.deepEqual(others, []);
  for (const { what } of [api!, punt!]) t.regex(what, /may not enter \/run\/vpp, on the way to .* group vpp$/);
  t.is(punt!.remedy, "usermod -aG vpp $USER, then log in again");
});

test("found: a stats socket that VPP has not opened", async (t) => {
  // VPP opens its default where its configuration has no `statseg`.
  const root = await machine(t, { [CONF]: STARTUP.replace(/^statseg.*$/m, "") });
  t.deepEqual(await findings(root), []);
  rmSync(join(root, "/run/vpp/stats.sock"));
  const [finding, ...others] = await findings(root);
  t.deepEqual(others, []);
  t.is(finding!.what, "VPP's stats socket /run/vpp/stats.sock does not answer (ENOENT)");
});

need("root").test("found: a punt socket that the user may not write to, as VPP makes it", async (t) => {
  const root = await machine(t, { "/etc/group": "root:x:0:\nnetops:x:4711:\n" });
  for (const path of SOCKETS) chmodSync(join(root, path), 0o666);
  chownSync(join(root, "/run/vpp/api.sock"), 0, 4711);
  const [finding, ...others] = await findingsOfNobody(root);
  t.deepEqual(others, []);
  t.is(finding!.what, "this user may not write to VPP's punt socket /run/vpp/punt.sock");
  t.regex(finding!.remedy, /^chgrp netops \/run\/vpp\/punt.sock && chmod g\+w /);
});

test("the command prints each finding, its reason and its remedy, and exits with 1 if there is a problem", async (t) => {
  const root = await machine(t, { "/dev/net/tun": undefined });
  const { status, stdout } = await cli(["doctor", "--root", root, "--vpp", "/run/vpp/api.sock"]);
  t.is(status, 1);
  t.regex(stdout, /^problem {2}\/dev\/net\/tun is missing\n +why: .*\n +do: +modprobe tun/m);
  t.regex(stdout, /^ok +startup.conf$/m);
  const { stdout: json } = await cli(["doctor", "--json", "--root", root, "--vpp", "/run/vpp/api.sock"]);
  const { checks } = JSON.parse(json);
  t.is(checks.find(({ check }: { check: string }) => check === "devices").findings[0].level, "problem");
});

test("an embedded VPP has no finding about another VPP of the machine", async (t) => {
  const others: Files = {
    [CONF]: "unix { nodaemon }\n",
    "/proc/70/limits": LIMITS.replaceAll("unlimited", "8388608  "),
    "/proc/80/cmdline": ["/usr/bin/vpp-agent"],
    "/dev/net/tun": undefined,
    "/run/vpp/punt.sock": undefined,
  };
  const root = await machine(t, others);
  t.true((await findings(root)).length >= 5);
  t.deepEqual(await findings(root, { isEmbedded: async () => true }), []);
  await using vpp = await EmbeddedVpp.start();
  t.true(await answersAsEmbedded(vpp.apiSocket));
  const checked = await examine({ vppSocket: vpp.apiSocket });
  const about = ["startup.conf", "punt socket", "locked memory", "agents"];
  t.deepEqual(
    checked.filter(({ check }) => about.includes(check)).flatMap((each) => each.findings),
    [],
  );
});

test("VPP's refusal of a TAP counts, and not the files of this machine", async (t) => {
  const root = await machine(t, { "/dev/vhost-net": undefined });
  const tried = (report: object) => ({ tryDevices: async () => ({ folders: {}, vpp: "own", ...report }) as never });
  t.deepEqual(await findings(root, tried({ makesTaps: true })), []);
  const [refused] = await findings(root, tried({ makesTaps: false, refusal: "VPP_SYSCALL_ERROR_1" }));
  t.regex(refused!.what, /VPP_SYSCALL_ERROR_1/);
  const [unknown] = await findings(root, tried({ makesTaps: true, vpp: "unknown" }));
  t.is(unknown!.level, "problem");
  t.regex(unknown!.remedy, /vppNamespace/);
});
