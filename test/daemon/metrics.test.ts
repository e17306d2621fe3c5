// The daemon's HTTP port: health, and metrics that the alert rules and the dashboard name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { parse } from "yaml";
import { openHttpDoor } from "../../lib/daemon/doors/index.js";
import { openHttpPort } from "../../lib/daemon/http-port.js";
import { Daemon } from "../../lib/daemon/index.js";
import { Metrics } from "../../lib/daemon/metrics/index.js";
import type { Opened } from "../../lib/daemon/opened.js";
import { sharedFor } from "../../lib/daemon/shared-for.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";

interface Place {
  readonly vpp: EmbeddedVpp;
  readonly daemon: Daemon;
  readonly punts: RemotePunts;
  get(path: string): Promise<{ status: number; text: string }>;
}

async function place(t: ExecutionContext): Promise<Place> {
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
  const { directory } = vpp;
  const manager = { memifDirectory: join(directory, "memif"), host: new EmulatedHost(vpp) };
  const daemon = await Daemon.start({
    socket: join(directory, "manager.sock"),
    vppSocket: vpp.apiSocket,
    socketDirectory: join(directory, "sockets"),
    http: { port: 0 },
    manager,
  });
  const punts = new RemotePunts({ socket: join(directory, "manager.sock") });
  t.teardown(async () => {
    await punts.close();
    await daemon.close();
    await vpp.close();
  });
  const get = async (path: string) => {
    const response = await fetch(`http://${daemon.httpAddress}${path}`);
    return { status: response.status, text: await response.text() };
  };
  return { vpp, daemon, punts, get };
}

const SPAN = { cnf: "mon", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" } as const;

test("metrics have the punts, their traffic and drops, and the time of calls and comparisons", async (t) => {
  const { vpp, punts, get } = await place(t);
  await punts.add(SPAN, { waitFor: "CREATED" });
  await punts.add({ ...SPAN, cnf: "late", vppInterface: "eth7" });
  await get("/metrics");
  vpp.interface("eth0").inject([Buffer.alloc(64, 0xff), Buffer.alloc(64, 0xff)]);
  let text = "";
  const awaited = [/vpp_punt_packets_total\{.*direction="to_cnf"\} 2\n/, /\{type="SPAN",state="PENDING"\} 1\n/];
  while (!awaited.every((each) => each.test(text))) text = (await get("/metrics")).text;
  t.regex(text, /vpp_punt_punts\{type="SPAN",state="CREATED"\} 1\n/);
  t.regex(text, /vpp_punt_punts\{type="SPAN",state="PENDING"\} 1\n/);
  t.regex(text, /vpp_punt_bytes_total\{cnf="[^"]*mon",key="",label="",interface="memif\S+",direction="to_cnf"\} 128\n/);
  // No CNF is attached.
  t.regex(text, /vpp_punt_drops_total\{.*cause="tx error"\} 2\n/);
  t.regex(text, /vpp_punt_reconcile_seconds_count [1-9]/);
  t.regex(text, /vpp_punt_api_seconds_count\{message="sw_interface_dump"\} [1-9]/);
  t.regex(text, /vpp_punt_vpp_connected 1\n/);
});

test("livez, readyz and wrong questions", async (t) => {
  const { vpp, daemon, get } = await place(t);
  t.deepEqual(await get("/livez"), { status: 200, text: "ok\n" });
  while ((await get("/readyz")).status !== 200);
  t.is((await get("/")).status, 404);
  t.is((await fetch(`http://${daemon.httpAddress}/metrics`, { method: "POST" })).status, 405);
  await vpp.close();
  let ready = await get("/readyz");
  while (ready.status === 200) ready = await get("/readyz");
  t.deepEqual(ready, { status: 503, text: "VPP is away\n" });
  t.regex((await get("/metrics")).text, /vpp_punt_vpp_connected 0\n/);
  t.is((await get("/livez")).status, 200);
});

test("a port that is in use, and wrong options, are refused", async (t) => {
  const { daemon, vpp } = await place(t);
  const port = Number(daemon.httpAddress!.split(":")[1]);
  const options = {
    socket: join(vpp.directory, "second.sock"),
    attachSocket: join(vpp.directory, "second-attach.sock"),
  };
  const second = {
    ...{ vppSocket: vpp.apiSocket, socketDirectory: join(vpp.directory, "second") },
    manager: { owner: "other" },
  };
  await t.throwsAsync(Daemon.start({ ...options, ...second, http: { port } }), { code: "EADDRINUSE" });
  await t.throwsAsync(Daemon.start({ ...options, ...second, http: { port: 70_000 } }), { code: "ERR_OPTION" });
});

test("the daemon exports every metric that the alert rules and the dashboard name", async (t) => {
  const { get } = await place(t);
  const { text } = await get("/metrics");
  const exported = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const file of ["deploy/alerts.yaml", "deploy/grafana-dashboard.json"]) {
    const content = readFileSync(file, "utf8");
    t.truthy(parse(content));
    const named = [...content.matchAll(/vpp_punt_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ""));
    t.true(named.length > 5);
    for (const name of named) t.true(exported.has(name), `${file} names ${name}`);
  }
});

test("an alert on any failure waits until those of a short fault have left the range of its rate", (t) => {
  const rules: { expr: string; for: string }[] = parse(readFileSync("deploy/alerts.yaml", "utf8")).groups[0].rules;
  const onRates = rules.filter(({ expr }) => /rate\(.*\) > [\d.]+$/.test(expr));
  t.true(onRates.length >= 4);
  for (const { expr, for: wait } of onRates) {
    const [, minutes] = /\[(\d+)m\]/.exec(expr)!;
    t.true(Number.parseInt(wait, 10) > Number(minutes), expr);
  }
});

test("the dashboard counts punts and traffic of a host once, where a standby daemon has metrics of them too", (t) => {
  const { panels } = JSON.parse(readFileSync("deploy/grafana-dashboard.json", "utf8"));
  const all: string[] = panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  );
  const summed = all.filter((expr) => /^(8 \* )?sum by \((?!le|call)|_attempts/.test(expr));
  t.is(summed.length, 6);
  for (const expr of summed)
    t.true(expr.includes(' unless on (instance) vpp_punt_cluster_role{role="leader"} == 0'), expr);
});

test("metrics that cannot be read are a fault of the daemon, and its other answers go on", async (t) => {
  const answers = { notReady: () => undefined, ready: () => "ok", contentType: "text/plain" };
  const door = await openHttpDoor({ port: 0 }, { ...answers, metrics: () => Promise.reject(new Error("no")) });
  t.teardown(() => door.close());
  const failed = await fetch(`http://${door.address}/metrics`);
  t.deepEqual([failed.status, await failed.text()], [500, ""]);
  const ready = await fetch(`http://${door.address}/readyz`, { method: "HEAD" });
  t.deepEqual([ready.status, await ready.text(), ready.headers.get("cache-control")], [200, "", "no-store"]);
});

test("readers one after the other cost VPP one collection", async (t) => {
  const { get } = await place(t);
  const read = async () => (await get("/metrics")).text;
  // Each collection has another CPU time of the daemon's.
  let before = "";
  for (let now = await read(); now !== before; now = await read()) before = now;
  t.regex(before, /process_cpu_user_seconds_total/);
});

test.serial(
  "readers of a moment and of the time after it get one result, and a failure is for those of the moment",
  async (t) => {
    const timers: (() => void)[] = [];
    const { setTimeout: set } = globalThis;
    t.teardown(() => Object.assign(globalThis, { setTimeout: set }));
    let made = 0;
    let isFailing = false;
    const read = sharedFor(1_000, async () => {
      made++;
      if (isFailing) throw new Error("no metrics");
      return made;
    });
    const ten = async () => {
      const replaced = (run: () => void, wait: number) => {
        if (wait === 1_000) timers.push(run);
        return { unref: () => {} };
      };
      Object.assign(globalThis, { setTimeout: replaced });
      const all = await Promise.allSettled(Array.from({ length: 10 }, read));
      Object.assign(globalThis, { setTimeout: set });
      return new Set(all.map((each) => (each.status === "fulfilled" ? each.value : each.reason.message)));
    };
    t.deepEqual(await ten(), new Set([1]));
    t.deepEqual(await ten(), new Set([1]));
    isFailing = true;
    timers.shift()!();
    t.deepEqual(await ten(), new Set(["no metrics"]));
    isFailing = false;
    t.deepEqual(await ten(), new Set([3]));
    t.deepEqual([made, timers.length], [3, 1]);
  },
);

const ID = { cnf: "mon", key: "k", label: "l" };
const OTHER = { cnf: "dns", key: "", label: "" };

/** Metrics of numbers that the test plays. */
async function played() {
  const way = (packets: number) => ({ packets, bytes: 100 * packets });
  const interconnects = [{ interface: "memif1/0", toCnf: way(3), fromCnf: way(4), drops: { "tx error": 2 } }];
  const ring = { interface: "memif1/0", direction: "to_cnf", queue: 0, fill: 0.5 };
  const numbers = {
    punts: [
      { id: ID, request: { type: "SPAN" }, state: "FAILED", failure: { attempts: 7 } },
      { id: OTHER, request: { type: "SPAN" }, state: "CREATED" },
    ] as unknown[],
    counters: { time: 0, punts: [{ id: ID, interconnects }], sockets: { drop: 5 } } as unknown,
    role: { host: "h1", role: "leader", isReached: true, leaseSeconds: 9 } as unknown,
    ...{ isConnected: true, askedForRings: 0, isEtcdFull: true },
  };
  const metrics = await Metrics.open({
    punts: async () => numbers.punts as never,
    counters: async () => (numbers.counters as never) ?? Promise.reject(new Error("VPP is away")),
    rings: async () => {
      numbers.askedForRings++;
      return [ring, { ...ring, interface: "memif9/9" }] as never;
    },
    isVppConnected: () => numbers.isConnected,
    cluster: () => numbers.role as never,
    isEtcdFull: async () => numbers.isEtcdFull,
  });
  /** The samples of the metrics of that name. */
  const samples = async (name: RegExp) =>
    (await metrics.text()).split("\n").filter((line) => line.startsWith("vpp_punt_") && name.test(line));
  return { metrics, numbers, samples };
}

test("the traffic and the states are those of VPP and of the punts now", async (t) => {
  const { numbers, samples } = await played();
  const names = 'cnf="mon",key="k",label="l",interface="memif1/0"';
  const traffic = [
    `vpp_punt_packets_total{${names},direction="to_cnf"} 3`,
    `vpp_punt_packets_total{${names},direction="from_cnf"} 4`,
    `vpp_punt_bytes_total{${names},direction="to_cnf"} 300`,
    `vpp_punt_bytes_total{${names},direction="from_cnf"} 400`,
    `vpp_punt_drops_total{${names},cause="tx error"} 2`,
    'vpp_punt_socket_nodes_total{counter="drop"} 5',
    `vpp_punt_ring_fill{${names},direction="to_cnf",queue="0"} 0.5`,
  ];
  const isTraffic = /^vpp_punt_(packets|bytes|drops|socket_nodes|ring_fill)/;
  for (const _round of [1, 2]) t.deepEqual(await samples(isTraffic), traffic);
  const isState = /^vpp_punt_(punts|attempts|vpp)/;
  t.deepEqual(await samples(isState), [
    'vpp_punt_punts{type="SPAN",state="FAILED"} 1',
    'vpp_punt_punts{type="SPAN",state="CREATED"} 1',
    'vpp_punt_attempts{cnf="mon",key="k",label="l"} 7',
    "vpp_punt_vpp_connected 1",
    "vpp_punt_vpp_statistics 1",
  ]);
  const { counters, askedForRings } = numbers;
  Object.assign(numbers, { counters: undefined, punts: [], isConnected: false });
  t.deepEqual(await samples(isTraffic), traffic.slice(0, -1), "the last numbers, beside the word that they are old");
  t.deepEqual(await samples(isState), ["vpp_punt_vpp_connected 0", "vpp_punt_vpp_statistics 0"]);
  t.is(numbers.askedForRings, askedForRings);
  numbers.counters = { ...(counters as object), punts: [], sockets: {} };
  t.deepEqual(await samples(isTraffic), []);
});

test("times are in seconds, and what failed is counted for itself", async (t) => {
  const { metrics, samples } = await played();
  metrics.passed(1_500, false);
  metrics.passed(500, true);
  metrics.called("show_version", 20);
  metrics.askedEtcd("read", 30, true);
  metrics.askedEtcd("read", 5_000, false);
  t.deepEqual(await samples(/_seconds_(sum|count)|failures/), [
    'vpp_punt_etcd_seconds_sum{call="read"} 0.03',
    'vpp_punt_etcd_seconds_count{call="read"} 1',
    'vpp_punt_etcd_failures_total{call="read"} 1',
    "vpp_punt_reconcile_seconds_sum 2",
    "vpp_punt_reconcile_seconds_count 2",
    "vpp_punt_reconcile_failures_total 1",
    'vpp_punt_api_seconds_sum{message="show_version"} 0.02',
    'vpp_punt_api_seconds_count{message="show_version"} 1',
  ]);
});

test("a daemon of a cluster has one role, and a lease while it acts", async (t) => {
  const { numbers, samples } = await played();
  const isCluster = /^vpp_punt_(cluster_role|etcd_connected|etcd_full|etcd_lease)/;
  const role = (name: string, is: number) => `vpp_punt_cluster_role{host="h1",role="${name}"} ${is}`;
  const others = ["standby", "cut-off", "halted", "other-vpp"];
  t.deepEqual(await samples(isCluster), [
    ...[role("leader", 1), ...others.map((name) => role(name, 0))],
    'vpp_punt_etcd_connected{host="h1"} 1',
    'vpp_punt_etcd_full{host="h1"} 1',
    'vpp_punt_etcd_lease_seconds{host="h1"} 9',
  ]);
  numbers.isEtcdFull = false;
  t.deepEqual(await samples(/etcd_full/), ['vpp_punt_etcd_full{host="h1"} 0']);
  numbers.role = { host: "h1", role: "cut-off", isReached: false, leaseSeconds: undefined };
  t.deepEqual(
    (await samples(isCluster)).filter((line) => line.endsWith(" 1") || !line.includes("role")),
    [role("cut-off", 1), 'vpp_punt_etcd_connected{host="h1"} 0'],
  );
});

test("metrics of a silent VPP wait for its rings no longer than a second", async (t) => {
  const options: unknown[] = [];
  const vpp = {
    ...{ isConnected: true, on: () => vpp },
    call: (...all: unknown[]) => Promise.reject(options.push(all[2])),
  };
  const memif = { attachment: { kind: "memif" } };
  const punt = { id: ID, request: { type: "SPAN" }, state: "CREATED", metadata: { interconnects: [memif] } };
  const counters = { read: async () => ({ time: 0, punts: [], sockets: {} }) };
  const parts = { vpp, punts: { list: () => [punt] }, counters } as unknown as Opened;
  const door = await openHttpPort(
    { port: 0 },
    parts,
    () => undefined,
    () => undefined,
  );
  t.teardown(() => door.close());
  t.is((await fetch(`http://${door.address}/metrics`)).status, 200);
  t.deepEqual(options, [{ timeout: 1_000 }]);
});
