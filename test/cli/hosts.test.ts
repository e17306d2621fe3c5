// The punts of hosts in etcd, from the command line of any machine.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { cli, end, type Result, start } from "../support/cli/command.js";
import { EtcdServer } from "../support/etcd/etcd.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

const SPAN = "{ cnf: monitor, type: SPAN, interconnect: MEMIF, vppInterface: eth0 }";

interface Place {
  readonly etcd: EtcdServer;
  readonly folder: string;
  /** Runs a command that has etcd's URL from the environment. */
  run(...args: string[]): Promise<Result>;
  /** Starts a daemon, and resolves with its HTTP address when it has a role. */
  daemon(name: string, ...args: string[]): Promise<{ process: ChildProcess; http: string }>;
}

async function place(t: ExecutionContext): Promise<Place> {
  const etcd = await EtcdServer.start(t);
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-hosts-"));
  const children: ChildProcess[] = [];
  t.teardown(async () => {
    await Promise.all(children.map((child) => end(child)));
    await rm(folder, { recursive: true });
  });
  const run = (...args: string[]) => cli(args, { env: { VPP_PUNT_ETCD: etcd.url } });
  const daemon = async (name: string, ...args: string[]) => {
    const paths = ["--socket", join(folder, name, "manager.sock"), "--state", join(folder, name), "--http", "0"];
    const child = start(["daemon", ...paths, ...args]);
    children.push(child);
    let log = "";
    for await (const text of child.stderr!.setEncoding("utf8")) {
      log += text;
      const http = /"http":"([^"]+)"/.exec(log)?.[1];
      if (!http || !/"role":"(leader|standby)"/.test(log)) continue;
      child.stderr!.resume();
      return { process: child, http };
    }
    throw new Error(`the daemon ended: ${log}`);
  };
  return { etcd, folder, run, daemon };
}

async function ready(http: string): Promise<[number, string]> {
  const response = await fetch(`http://${http}/readyz`);
  return [response.status, (await response.text()).trim()];
}

async function readyWith(http: string, text: RegExp): Promise<[number, string]> {
  for (;;) {
    const found = await ready(http);
    if (text.test(found[1])) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

withEtcd("punts of all hosts are requested, listed, planned and changed through etcd", async (t) => {
  const { folder, run, daemon, etcd } = await place(t);
  const early = await run("add", SPAN, "--host", "edge1");
  t.regex(early.stdout, /PENDING +a daemon that acts for the host/);
  for (const host of ["edge1", "edge2"]) await daemon(host, "--sim", "--etcd", etcd.url, "--host", host);
  t.is((await run("wait", "monitor", "--host", "edge1")).status, 0);

  const file = join(folder, "punts.yaml");
  await writeFile(file, `punts:\n  - ${SPAN}\n  - ${SPAN.replace("monitor", "other").replace("eth0", "eth1")}\n`);
  t.regex((await run("plan", file, "--host", "edge2")).stdout, /\+ punt monitor: SPAN[\s\S]*2 to add/);
  t.is((await run("apply", file, "--host", "edge2", "--wait")).status, 0);

  const listed = JSON.parse((await run("list", "--json")).stdout).punts as { host: string; id: { cnf: string } }[];
  t.deepEqual(
    listed.map(({ host, id }) => `${host} ${id.cnf}`),
    ["edge1 monitor", "edge2 monitor", "edge2 other"],
  );
  t.regex((await run("list", "--all-hosts")).stdout, /^HOST +PUNT [\s\S]*edge2 +other +SPAN +MEMIF +CREATED/);
  t.notRegex((await run("list", "--host", "edge1")).stdout, /edge2/);
  const { hosts } = JSON.parse((await run("hosts", "--json")).stdout);
  t.deepEqual(
    hosts.map((host: { host: string; punts: number }) => [host.host, host.punts]),
    [
      ["edge1", 1],
      ["edge2", 2],
    ],
  );
  t.is((await run("delete", "monitor", "--host", "edge2")).stdout.trim(), "deleted monitor");
  t.notRegex((await run("list", "--host", "edge2")).stdout, /monitor/);
});

withEtcd("a daemon lists, plans and changes the punts of all hosts for an operator of its own host", async (t) => {
  const { folder, daemon, etcd } = await place(t);
  for (const host of ["edge1", "edge2", "edge3"]) await daemon(host, "--sim", "--etcd", etcd.url, "--host", host);
  const at = (name: string) => ["--socket", join(folder, name, "manager.sock")];
  const run = (...args: string[]) => cli([...args, ...at("edge1")]);
  t.regex((await run("add", SPAN, "--host", "edge2", "--wait")).stdout, /monitor +SPAN +MEMIF +CREATED/);
  const file = join(folder, "punts.yaml");
  await writeFile(file, `punts:\n  - ${SPAN}\n  - ${SPAN.replace("monitor", "other").replace("eth0", "eth1")}\n`);
  t.regex((await run("plan", file, "--host", "edge3")).stdout, /\+ punt monitor: SPAN[\s\S]*2 to add/);
  t.is((await run("apply", file, "--host", "edge3", "--wait")).status, 0);
  const listed = JSON.parse((await run("list", "--all-hosts", "--json")).stdout).punts;
  t.deepEqual(
    listed.map(({ host, id }: { host: string; id: { cnf: string } }) => `${host} ${id.cnf}`),
    ["edge2 monitor", "edge3 monitor", "edge3 other"],
  );
  t.regex((await run("list", "--host", "edge2")).stdout, /edge2 +monitor/);
  t.is((await run("list")).stdout.trim(), "no punts");
  const explained = await run("explain", "monitor", "--host", "edge2");
  t.regex(
    explained.stdout,
    /^ok {7}interface eth0: .*\n(.*\n)*fault {4}memif \S+: no program is connected[\s\S]*no packet reaches monitor/,
  );
  t.is(explained.status, 1);
  const traced = await run("explain", "monitor", "--host", "edge2", "--trace", "--duration", "10");
  t.regex(traced.stdout, /No packets in trace buffer/);
  for (const where of [at("edge1"), ["--etcd", etcd.url]]) {
    const top = await cli(["top", "--totals", "--count", "1", "--json", "--host", "edge2", ...where]);
    t.deepEqual(
      JSON.parse(top.stdout).punts.map(({ id }: { id: { cnf: string } }) => id.cnf),
      ["monitor"],
      top.stderr,
    );
  }
  const ARP = "ffffffffffff02aa0000000108060001080006040001 02aa000000010a000002 0000000000000a000001";
  const frame = ["explain", ARP, "--interface", "eth0", "--host", "edge2"];
  for (const args of [
    [...frame, ...at("edge1")],
    [...frame, "--trace", "--etcd", etcd.url],
  ]) {
    const { stdout, stderr } = await cli(args);
    t.regex(stdout, /^eth0: ARP who has [\s\S]*\ncopy {5}monitor\/?\S*: the punt mirrors/, stderr);
    t.is(/: pg-input\n/.test(stdout), args.includes("--trace"));
  }
  // The host itself has the same.
  const own = JSON.parse((await cli(["list", "--json", ...at("edge3")])).stdout).punts;
  t.deepEqual(own.map(({ id }: { id: { cnf: string } }) => id.cnf).sort(), ["monitor", "other"]);
  const { hosts } = JSON.parse((await run("hosts", "--all-hosts", "--json")).stdout);
  t.deepEqual(
    hosts.map(({ host, punts }: { host: string; punts: number }) => `${host} ${punts}`),
    ["edge1 0", "edge2 1", "edge3 2"],
  );
  t.is((await run("delete", "monitor", "--host", "edge3")).stdout.trim(), "deleted monitor");
  const unknown = await run("list", "--host", "edge9");
  t.regex(unknown.stderr, /nothing of host edge9; it has edge1, edge2, edge3 \(ERR_NO_SUCH_HOST\)/);
});

withEtcd("a daemon says that it leads, stands by or is cut off: hosts, readyz and metrics", async (t) => {
  const { folder, daemon, etcd } = await place(t);
  const sim = start(["sim", "--json", "--directory", join(folder, "vpp"), "--interface", "eth0"]);
  t.teardown(() => end(sim));
  await once(sim.stdout!, "data");
  const config = join(folder, "daemon.yaml");
  await writeFile(config, `etcd: { endpoints: "${etcd.url}", host: edge9, lease: 10, name: one }\n`);
  const vpp = ["--vpp", join(folder, "vpp", "api.sock"), "--memif-directory", join(folder, "memif")];
  // The command line comes before the file.
  const first = await daemon("one", "--config", config, "--host", "edge1", ...vpp);
  t.deepEqual(await readyWith(first.http, /leader/), [200, "ok: leader of host edge1"]);
  const second = await daemon("two", "--etcd", etcd.url, "--host", "edge1", ...vpp);
  t.deepEqual(await readyWith(second.http, /one acts/), [200, "ok: standby of host edge1; one acts"]);
  const metrics = async (http: string) => (await fetch(`http://${http}/metrics`)).text();
  t.regex(await metrics(first.http), /vpp_punt_cluster_role\{host="edge1",role="leader"\} 1\n/);
  let led = "";
  // The daemon renews its lease again and again.
  while (!/vpp_punt_etcd_seconds_count\{call="lease"\} [1-9]/.test(led)) led = await metrics(first.http);
  t.regex(led, /vpp_punt_etcd_connected\{host="edge1"\} 1\n/);
  t.regex(led, /vpp_punt_etcd_lease_seconds\{host="edge1"\} [0-9.]*[1-9]/);
  t.notRegex(await metrics(second.http), /vpp_punt_etcd_lease_seconds\{/);
  t.regex(await metrics(second.http), /vpp_punt_cluster_role\{host="edge1",role="standby"\} 1\n/);
  const asked = await cli(["hosts", "--socket", join(folder, "two", "manager.sock"), "--json"]);
  const [host] = JSON.parse(asked.stdout).hosts;
  t.deepEqual([host.host, host.role, host.daemon], ["edge1", "standby", "one"]);
  await etcd.kill();
  const [status, text] = await readyWith(first.http, /cut off/);
  t.is(status, 503);
  t.true(text.includes(etcd.url), text);
  t.regex(await metrics(first.http), /vpp_punt_cluster_role\{host="edge1",role="cut-off"\} 1\n/);
  t.regex(await metrics(first.http), /vpp_punt_etcd_connected\{host="edge1"\} 0\n/);
  t.regex(await metrics(first.http), /vpp_punt_etcd_failures_total\{call="\w+"\} [1-9]/);
});

withEtcd("errors about etcd and hosts name what is wrong and what there is", async (t) => {
  const { run, etcd, folder } = await place(t);
  await run("add", SPAN, "--host", "edge1");
  type Case = [args: string[], status: number, text: RegExp];
  const cases: Case[] = [
    [["add", SPAN], 2, /option --host is needed: etcd has edge1 \(ERR_OPTION\)/],
    [["list", "--host", "edge2"], 1, /etcd has nothing of host edge2; it has edge1 \(ERR_NO_SUCH_HOST\)/],
    [["hosts", "--host", "edge2"], 1, /ERR_NO_SUCH_HOST/],
    ...[["show", "monitor"], ["plan"], ["wait", "monitor", "--timeout", "300"]].map((args): Case => {
      const unknown = /etcd has nothing of host edge2; it has edge1 \(ERR_NO_SUCH_HOST\)/;
      return [[...args, "--host", "edge2"], 1, unknown];
    }),
    [["plan", "--host", "edge1"], 1, /no daemon acts for host edge1.*ERR_NOT_LEADER.*vpp-punt hosts/],
    [["list", "--etcd", "http://127.0.0.1:1"], 5, /does not answer at http:\/\/127\.0\.0\.1:1.*ERR_ETCD_AWAY/],
    [["list", "--etcd", "127.0.0.1:1"], 2, /option etcd\.endpoints must be URLs/],
    [["list", "--etcd", etcd.url, "--store", "x"], 2, /--etcd cannot be used with --store/],
    [["list", "--host", "edge1", "--all-hosts"], 2, /--all-hosts cannot be used with --host/],
    [["list", "--host", "edge1", "--vpp", join(folder, "none")], 2, /--host needs --etcd/],
    [["list", "--etcd-ca", join(folder, "none.pem")], 1, /cannot read .*none\.pem \(ENOENT\)/],
    [["list", "--etcd-user", "u"], 2, /etcd\.passwordFile, or VPP_PUNT_ETCD_PASSWORD/],
    [
      ["add", "--wait", "--timeout", "500", SPAN, "--host", "edge1"],
      4,
      /not done within 500 ms: monitor is PENDING \(a daemon that acts for the host\); the punt is stored; the host's daemon makes it/,
    ],
    [["resume", "--host", "edge1", "--keep", "both"], 2, /Allowed choices are etcd, daemon/],
    [["resume", "--host", "edge2", "--keep", "etcd", "--timeout", "300"], 1, /ERR_NO_SUCH_HOST/],
    [
      ["resume", "--host", "edge1", "--keep", "etcd", "--timeout", "300"],
      4,
      /no daemon of host edge1 .*was taken back/,
    ],
    [["daemon", "--sim", "--etcd", etcd.url], 2, /option etcd\.host is missing/],
    [["daemon", "--sim", "--host", "edge1"], 2, /option etcd\.endpoints/],
  ];
  for (const [args, status, text] of cases) {
    const result = await run(...args);
    t.regex(result.stderr, text, args.join(" "));
    t.is(result.status, status, `${args.join(" ")}: ${result.stderr}`);
    t.is(result.stderr.trim().split("\n").length, 1, result.stderr);
  }
  t.is(
    etcd.ctl("get", "--prefix", "/vpp-punt/resume/"),
    "",
    "a decision that no daemon took is not left for the next accident",
  );
});

withEtcd("apply that gets no answer fails only for what the file wants otherwise", async (t) => {
  const { run, etcd, folder } = await place(t);
  await run("add", SPAN, "--host", "edge1");
  // A daemon that was killed leads until its lease is over.
  etcd.ctl("put", "/vpp-punt/leader/edge1/vpp", '{"daemon":"killed","addresses":[]}');
  const file = join(folder, "punts.yaml");
  const apply = async (punt: string) => {
    await writeFile(file, `punts: [${punt}]`);
    return run("apply", file, "--host", "edge1", "--timeout", "1000");
  };
  const same = await apply(SPAN);
  t.is(same.status, 0, same.stderr);
  const changed = await apply(SPAN.replace("eth0", "eth1"));
  t.is(changed.status, 4);
  t.regex(changed.stderr, /not done within 1000 ms: .*1 punt is stored and not made yet/);
});
