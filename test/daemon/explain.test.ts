// Explain and Dump of the daemon: their answers, and their callers' rights.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { explainFrames } from "../../lib/explain/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { Punts } from "../../lib/wire/index.js";
import { type DaemonTest, daemonTest, ROOT, type Someone } from "../support/daemon/daemon.js";
import { ethernet, udpPacket } from "../support/frames.js";
import { until } from "../support/until.js";

const SPAN = { cnf: "mon", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" } as const;
const WATCHER: Someone = { pid: 1, uid: 1001, gid: 1001 };
const OWNER: Someone = { pid: 1, uid: 1002, gid: 1002 };
const POLICY = `rules:
  - { name: root, match: { uid: 0 }, operator: true }
  - { name: watcher, match: { uid: 1001 }, operator: true, readOnly: true }
  - { name: owner, match: { uid: 1002 }, cnfs: ["mon", "late"], interfaces: [eth0, "eth9*"] }
`;

async function place(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-explain-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [policy, audit] = [join(folder, "policy.yaml"), join(folder, "audit.log")];
  await writeFile(policy, POLICY);
  const running = await daemonTest(t, { policy, audit });
  const punts = await running.connect(ROOT);
  return { ...running, running, punts, audit };
}

/** A client of the plain contract, as another caller. */
async function clientOf(t: ExecutionContext, running: DaemonTest, who: Someone) {
  // The next connection is that caller's.
  await running.connect(who);
  const agent = new Agent({ keepAlive: false });
  t.teardown(() => agent.destroy());
  const nodeOptions = { socketPath: running.socket, agent };
  return createClient(Punts, createConnectTransport({ baseUrl: "http://localhost", httpVersion: "1.1", nodeOptions }));
}

test("other work goes on while many frames are explained", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  await using api = await Vpp.connect({ socketPath: vpp.apiSocket });
  const frames = Array<Uint8Array>(200).fill(Buffer.alloc(60, 0xff));
  let turns = 0;
  const count = () => {
    turns++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const found = await explainFrames(api, [], frames, { interface: "eth0", trace: false });
  clearImmediate(counting);
  t.is(found.length, frames.length);
  t.true(turns >= frames.length, `${turns}`);
});

test("explain tells the way of a packet, and the objects of the punt alone", async (t) => {
  const { punts, running } = await place(t);
  const { id, metadata } = await punts.add(SPAN, { waitFor: "CREATED" });
  await punts.add({ ...SPAN, cnf: "other", vppInterface: "eth1" }, { waitFor: "CREATED" });
  const client = await clientOf(t, running, WATCHER);
  const { steps, items } = await client.explain({ id });
  const own = metadata.interconnects[0]!.vppInterface!.name;
  t.deepEqual(
    steps.slice(0, 4).map(({ place: where, verdict }) => `${where} ${verdict}`),
    ["interface eth0 ok", "punt ok", "objects in VPP ok", `memif ${own} fault`],
  );
  const isCounters = ({ place: where }: { readonly place: string }) => /^counters of memif\d+\/\d+$/.test(where);
  // VPP's statistics follow its interfaces some time later.
  const counters = async () => (await client.explain({ id })).steps.filter(isCounters).length;
  while ((await counters()) === 0) await sleep(20);
  t.is(await counters(), 1);
  t.true(items.some(({ item, value }) => item.startsWith("span/eth0/") && value?.to === own));
  t.true(items.every(({ item }) => !item.includes("eth1")));
  t.false(JSON.stringify(items).includes("secret"));
  await t.throwsAsync(client.explain({ id: { cnf: "none" } }), { message: /none/ });
});

test("explain names no interface that a rule does not allow", async (t) => {
  const { punts, running } = await place(t);
  const { id } = await punts.add({ ...SPAN, cnf: "late", vppInterface: "eth9" });
  const factOf = async (who: Someone) => (await (await clientOf(t, running, who)).explain({ id })).steps[0]!.fact;
  t.regex(await factOf(WATCHER), /it has .*eth1/);
  t.is(await factOf(OWNER), "VPP has no interface with this name or tag; it has eth0");
});

const ENDS = { from: "10.0.0.2", to: "10.0.0.1" };
/** An ARP request. */
const ARP = Buffer.from("ffffffffffff02fe000000010806000108000604000102fe000000010a0000090000000000000a000001", "hex");

async function macOf(client: Awaited<ReturnType<typeof clientOf>>, wanted: string): Promise<string> {
  for await (const { interfaces } of client.watchInterfaces({})) {
    const found = interfaces.find(({ name }) => name === wanted);
    if (found) return found.mac;
  }
  throw new Error(`the watch of the interfaces ended without ${wanted}`);
}

test("explain of frames shows a caller its own punts, with what others do to the frame and without their names", async (t) => {
  const { punts, running } = await place(t);
  await punts.add(SPAN, { waitFor: "CREATED" });
  const rules = { ingressAclRules: [{ protocol: "UDP" as const, destinationPort: 53 }] };
  const taker = { type: "ABX", interconnect: "MEMIF", vppInterface: "eth0", ...rules } as const;
  await punts.add({ ...taker, cnf: "firewall" }, { waitFor: "CREATED" });
  const toHost = { af: "IPV4", protocol: "UDP", port: 53 } as const;
  await punts.add({ cnf: "late", type: "PUNT_TO_SOCKET", toHost }, { waitFor: "CREATED" });
  const mac = await macOf(await clientOf(t, running, ROOT), "eth0");
  const query = ethernet({ from: "02:aa:00:00:00:01", to: mac }, 0x0800, udpPacket(ENDS, [4000, 53], "query"));
  const explained = async (who: Someone, frames: Uint8Array[]) => {
    const client = await clientOf(t, running, who);
    return (await client.explainFrames({ frames: frames.map((each) => Uint8Array.from(each)), interface: "eth0" }))
      .frames;
  };
  const [arp, dns] = await explained(OWNER, [ARP, query]);
  t.deepEqual(
    [arp, dns].map((each) => each!.reaches.map(({ cnf }) => cnf)),
    [["mon"], ["mon"]],
  );
  t.deepEqual(
    dns!.punts.map(({ id, treatment }) => `${id!.cnf} ${treatment}`),
    ["mon copy", "late passed"],
  );
  t.is(dns!.punts[1]!.why, "a punt of another CNF has taken it before");
  t.false(JSON.stringify(dns).includes("firewall"));
  t.deepEqual(
    dns!.ends.map(({ id, step }) => `${id!.cnf} ${step!.verdict}`),
    ["mon fault"],
  );
  const [all] = await explained(WATCHER, [query]);
  t.deepEqual(
    all!.reaches.map(({ cnf }) => cnf),
    ["mon", "firewall"],
  );
  t.is(all!.punts[2]!.why, "firewall has taken it before");
});

test("explain of frames refuses an interface that no rule allows, bytes that are not a frame, and too many frames", async (t) => {
  const { running } = await place(t);
  const client = await clientOf(t, running, OWNER);
  const ask = (frame: Uint8Array, on: string, count = 1) =>
    client.explainFrames({ frames: Array.from({ length: count }, () => Uint8Array.from(frame)), interface: on });
  t.is((await ask(ARP, "eth0")).frames[0]!.interface, "eth0");
  await t.throwsAsync(ask(ARP, "eth1"), { message: /VPP has no interface eth1; it has eth0$/ });
  await t.throwsAsync(ask(ARP.subarray(0, 2), "eth0"), { message: /2 bytes are not an Ethernet frame/ });
  await t.throwsAsync(ask(ARP, "eth0", 1_001), { message: /takes 1000 frames at most; this one has 1001/ });
});

test("VPP's trace is for operators that may change something, and the audit log names them", async (t) => {
  const { punts, running, audit } = await place(t);
  const { id } = await punts.add(SPAN, { waitFor: "CREATED" });
  const frames = [Uint8Array.from(ARP)];
  const asked = async (who: Someone) => {
    const client = await clientOf(t, running, who);
    return {
      frame: () => client.explainFrames({ frames, interface: "eth0", trace: true }),
      punt: () => client.explain({ id, traceMs: 10 }),
    };
  };
  const refusals = new Map<Someone, RegExp>([
    [OWNER, /rule "owner" \(operator\): VPP's trace has the packets of all CNFs, so it is for operators/],
    [WATCHER, /rule "watcher" \(readOnly\): it allows to look only, and a trace changes VPP/],
  ]);
  for (const [who, message] of refusals)
    for (const ask of Object.values(await asked(who))) await t.throwsAsync(ask(), { message });
  const { frame, punt } = await asked(ROOT);
  t.regex((await frame()).frames[0]!.trace, /: pg-input\n.*\n.*: span-input\n/);
  t.regex((await punt()).trace, /No packets in trace buffer/);
  await t.throwsAsync((await clientOf(t, running, ROOT)).explain({ id, traceMs: 60_001 }), {
    message: /60000 ms at most/,
  });
  // A daemon writes its log beside its answers.
  await running.daemon.close();
  const entries = (await readFile(audit, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.deepEqual(
    entries.flatMap(({ call, decision, rule }) => (call === "ExplainFrames" ? `${decision} ${rule}` : [])),
    ["refused undefined", "refused undefined", "allowed root"],
  );
});

test("a dump is for callers that may attach, gives a line a packet, and is in the audit log with its punt", async (t) => {
  const { punts, running, vpp, audit } = await place(t);
  const { id } = await punts.add(SPAN, { waitFor: "CREATED" });
  const watcher = await clientOf(t, running, WATCHER);
  await t.throwsAsync(
    async () => {
      for await (const _ of watcher.dump({ id }));
    },
    { message: /does not allow/ },
  );
  const owner = await clientOf(t, running, OWNER);
  const frame = ARP;
  const ending = new AbortController();
  let seen: unknown;
  for await (const { event } of owner.dump({ id, filter: "arp eth0" }, { signal: ending.signal })) {
    if (event.case === "connected") vpp.interface("eth0").inject([Buffer.alloc(64, 1), frame]);
    if (event.case !== "packet") continue;
    seen = event.value;
    break;
  }
  ending.abort();
  t.like(seen, { interface: "eth0", length: frame.length, passed: 0n });
  const dumps = async () =>
    (await readFile(audit, "utf8")).split("\n").filter((line) => line.includes('"call":"Dump"'));
  await until(async () => (await dumps()).length > 1);
  const lines = await dumps();
  t.is(lines.length, 2);
  t.like(JSON.parse(lines[0]!), { decision: "refused", punts: [{ cnf: "mon" }] });
  t.like(JSON.parse(lines[1]!), { decision: "allowed", rule: "owner", punts: [{ cnf: "mon" }] });
});

test("a dump ends with its punt, and the CNF's place is free again", async (t) => {
  const { punts, running } = await place(t);
  const { id } = await punts.add(SPAN, { waitFor: "CREATED" });
  const root = await clientOf(t, running, ROOT);
  for await (const { event } of root.dump({ id })) if (event.case === "connected") await punts.delete(id);
  await punts.add(SPAN, { waitFor: "CREATED" });
  for await (const { event } of root.dump({ id })) {
    t.is(event.case, "connected");
    break;
  }
});
