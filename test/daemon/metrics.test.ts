// The daemon's HTTP port: health, and metrics that the alert rules and the dashboard name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { parse } from "yaml";
import { openHttpDoor } from "../../lib/daemon/doors/index.js";
import { Daemon } from "../../lib/daemon/index.js";
import { Metrics } from "../../lib/daemon/metrics/index.js";
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
  while (!/vpp_punt_packets_total\{.*direction="to_cnf"\} 2\n/.test(text)) text = (await get("/metrics")).text;
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

test("metrics that cannot be read are a fault of the daemon, and its other answers go on", async (t) => {
  const answers = { notReady: () => undefined, ready: () => "ok", contentType: "text/plain" };
  const door = await openHttpDoor({ port: 0 }, { ...answers, metrics: () => Promise.reject(new Error("no")) });
  t.teardown(() => door.close());
  const failed = await fetch(`http://${door.address}/metrics`);
  t.deepEqual([failed.status, await failed.text()], [500, ""]);
  const ready = await fetch(`http://${door.address}/readyz`, { method: "HEAD" });
  t.deepEqual([ready.status, await ready.text(), ready.headers.get("cache-control")], [200, "", "no-store"]);
});

test("readers at a time cost VPP one collection, a failed one too, and later readers another one", async (t) => {
  let asked = 0;
  let isFailing = false;
  const metrics = await Metrics.open({
    punts: async () => [],
    counters: async () => ({ time: 0, punts: [], sockets: {} }),
    rings: async () => {
      asked++;
      if (isFailing) throw new Error("no rings");
      return [];
    },
    isVppConnected: () => true,
    cluster: () => undefined,
  });
  const read = () => Promise.allSettled(Array.from({ length: 10 }, () => metrics.text()));
  const texts = (await read()).map((each) => (each.status === "fulfilled" ? each.value : ""));
  t.is(asked, 1);
  t.is(new Set(texts).size, 1);
  t.regex(texts[0]!, /vpp_punt_vpp_connected 1\n/);
  isFailing = true;
  t.true((await read()).every(({ status }) => status === "rejected"));
  t.is(asked, 2);
  isFailing = false;
  await metrics.text();
  t.is(asked, 3);
});
