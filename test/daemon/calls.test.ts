// The daemon's calls, by the package's own client.
import { once, setMaxListeners } from "node:events";
import { type IncomingMessage, request } from "node:http";
import test from "ava";
import type { PuntError } from "../../lib/errors.js";
import type { PuntRequestInput, WatchEvent } from "../../lib/punt/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

const span = (cnf: string, vppInterface = "eth0"): PuntRequestInput => ({
  cnf,
  type: "SPAN",
  interconnect: "MEMIF",
  vppInterface,
});

const abx: PuntRequestInput = {
  cnf: "ospf",
  key: "area0",
  type: "ABX",
  interconnect: "MEMIF",
  vppInterface: "eth0",
  ingressAclRules: [
    { protocol: "OSPF" },
    { protocol: "ICMP", icmpType: { first: 0, last: 0 }, icmpCode: 0 },
    { protocol: "TCP", destinationPort: 179, tcpFlags: { mask: 2, value: 0 } },
  ],
  egressAclRules: [{}],
};

test("a punt is added, read back, listed, planned and deleted", async (t) => {
  const { connect, daemon } = await daemonTest(t);
  t.is(daemon.addresses.length, 2);
  const punts = await connect();
  const added = await punts.add(abx, { waitFor: "CREATED", timeout: 10_000 });
  t.is(added.state, "CREATED");
  t.deepEqual(added.id, { cnf: "ospf", key: "area0", label: "" });
  t.is(added.request.type, "ABX");
  t.deepEqual(await punts.get(added.id), added);
  t.deepEqual(await punts.list(), [added]);
  t.deepEqual(await punts.list({ cnf: "other" }), []);
  const [interconnect] = added.metadata.interconnects;
  t.is(interconnect!.attachment.kind, "memif");
  t.regex(interconnect!.cnfInterface!.mac, /^02:fe:/);
  const run = await punts.plan({ add: [span("b", "eth1")], delete: [added.id] });
  t.true(run.steps.some(({ action }) => action === "create"));
  t.true(run.steps.some(({ action }) => action === "delete"));
  t.regex(run.toString(), /create/);
  await punts.delete(added.id);
  t.is(await punts.get(added.id), undefined);
});

test("every type of punt keeps its request over the wire", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  const requests: PuntRequestInput[] = [
    abx,
    {
      cnf: "dns",
      type: "PUNT_TO_SOCKET",
      toHost: { af: "IPV4", protocol: "UDP", port: 53 },
      socketPath: "/tmp/a.sock",
    },
    {
      cnf: "ra",
      type: "PUNT_TO_SOCKET",
      toHost: { af: "IPV6", protocol: "ICMPv6", port: 0 },
      socketPath: "/tmp/b.sock",
    },
    { cnf: "ospf6", type: "PUNT_TO_SOCKET", ipProto: { af: "IPV6", protocol: "OSPF" }, socketPath: "/tmp/c.sock" },
    {
      cnf: "both",
      type: "PUNT_TO_SOCKET",
      toHost: { af: "BOTH", protocol: "UDP", port: 5353 },
      socketPath: "/tmp/e.sock",
      dependsOn: [
        { kind: "link-up", name: "eth0" },
        { kind: "vrf", vrf: 0, af: "IPV6" },
        { kind: "address", name: "eth0", address: "10.0.0.1/24" },
        { kind: "interface-in-vrf", name: "eth0", vrf: 0 },
        { kind: "interface-in-vrf", name: "eth0", vrf: 1, af: "IPV6" },
        { kind: "container", name: "microservice:dns" },
      ],
    },
    {
      cnf: "icmp",
      type: "PUNT_TO_SOCKET",
      ipProto: { af: "IPV4", protocol: "ICMP", force: true },
      socketPath: "/tmp/f.sock",
    },
    { cnf: "ex", type: "PUNT_TO_SOCKET", exception: { reason: "ipsec4-spi-0" }, socketPath: "/tmp/d.sock" },
    { cnf: "dhcp", type: "DHCP_PROXY", interconnect: "TAP", vrf: 7, families: ["IPV4", "IPV6"], withoutCnfVrf: true },
    { cnf: "is", type: "ISISX", interconnect: "TAP", vppInterface: "eth1", netns: { name: "blue" } },
    {
      cnf: "x",
      type: "HAIRPIN_XCONNECT",
      interconnect: "TAP",
      vppInterface1: "eth2",
      vppInterface2: "eth3",
      enableGso: true,
    },
    { cnf: "s", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth1", direction: "rx" },
    {
      cnf: "h",
      type: "HAIRPIN",
      interconnect: "TAP",
      vppInterface: "eth4",
      hairpinInterface: {
        name: "hp0",
        ipAddresses: ["10.9.0.1/24"],
        vrf: 3,
        mtu: 1400,
        physAddress: "02:00:00:00:00:01",
      },
    },
  ];
  const { parseRequest } = await import("../../lib/punt/index.js");
  for (const request of requests) {
    const plan = await punts.plan({ add: [request] });
    t.true(
      plan.punts.some(({ id }) => id.cnf === request.cnf),
      request.cnf,
    );
    await punts.add(request).catch(() => {});
    const { cnf, key = "", label = "" } = request;
    const status = await punts.get({ cnf, key, label });
    t.deepEqual(status?.request, parseRequest(request), cnf);
  }
});

test("an error comes over the wire as the manager threw it", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  const conflicting = {
    type: "HAIRPIN_XCONNECT",
    interconnect: "MEMIF",
    vppInterface1: "eth0",
    vppInterface2: "eth1",
  } as const;
  await punts.add({ cnf: "a", ...conflicting });
  const conflict = await t.throwsAsync(punts.add({ cnf: "b", ...conflicting }), { name: "PuntError" });
  t.regex((conflict as { code?: string }).code!, /CONFLICT/);
  t.regex(conflict!.message, /punt b .* and punt a /);
  const invalid = await t.throwsAsync(punts.add({ cnf: "no spaces", type: "SPAN" } as never));
  t.regex((invalid as { code?: string }).code!, /INVALID_REQUEST/);
  const none = await t.throwsAsync(punts.delete({ cnf: "nobody" }));
  t.regex((none as { code?: string }).code!, /NO_SUCH_PUNT/);
});

test("a wrong id is refused in the name of the call, and before the caller's space is put before it", async (t) => {
  const { connect } = await daemonTest(t);
  for (const punts of [await connect(), await connect({ pid: 1, uid: 1000, gid: 1000 })]) {
    const asked = {
      "punt.delete": () => punts.delete({ cnf: "" }),
      "punt.get": () => punts.get({ cnf: "a b" }),
      "punt.attach": () => punts.handovers.ends({ cnf: "", key: "", label: "" }, { have: {}, packets: false }),
      "punt.plan": () => punts.plan({ delete: [{ cnf: "" }] }),
      "punt.apply": () => punts.apply({ punts: [], delete: [{ cnf: "" }] }, { keep: true }),
    };
    for (const [op, ask] of Object.entries(asked))
      await t.throwsAsync(async () => ask(), { code: "ERR_INVALID_REQUEST", message: new RegExp(`^${op}: `) }, op);
  }
});

test("a request of more than 32 MiB is refused, and both ends say so", async (t) => {
  const { connect, socket } = await daemonTest(t);
  const punts = await connect();
  const key = "k".repeat(33 << 20);
  const error = await t.throwsAsync<PuntError>(async () => punts.list({ cnf: key }));
  t.is(error!.code, "ERR_REQUEST_SIZE");
  const options = { socketPath: socket, method: "POST", path: "/vpp_punt.v1.Punts/Get" };
  // The daemon refuses by the length that is announced.
  const headers = { "content-type": "application/json", "content-length": key.length };
  const asked = request({ ...options, headers }).on("error", () => {});
  t.teardown(() => asked.destroy());
  asked.flushHeaders();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  t.is(answer.statusCode, 429);
  t.deepEqual(await punts.list(), []);
});

test("apply makes a CNF's punts a set", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  await punts.add(span("other"));
  const named = (key: string, vppInterface = "eth0") => ({ ...span("a", vppInterface), key });
  const first = await punts.apply({ cnf: "a", punts: [named("one"), named("two")] });
  t.is(first.added.length, 2);
  const second = await punts.apply({ cnf: "a", punts: [named("two"), named("three")] }, { waitFor: "CREATED" });
  t.deepEqual(second.deleted, [{ cnf: "a", key: "one", label: "" }]);
  t.deepEqual(
    second.unchanged.map(({ id }) => id.key),
    ["two"],
  );
  t.deepEqual(
    second.added.map(({ id }) => id.key),
    ["three"],
  );
  t.is((await punts.list()).length, 3);
});

async function take(events: AsyncIterator<WatchEvent>, until: (event: WatchEvent) => boolean): Promise<WatchEvent[]> {
  const seen: WatchEvent[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done) return seen;
    seen.push(value);
    if (until(value)) return seen;
  }
}

test("a watch begins with a snapshot, and goes on from a revision", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  await punts.add(span("a"), { waitFor: "CREATED" });
  const stop = new AbortController();
  const events = punts.watch({ signal: stop.signal })[Symbol.asyncIterator]();
  const [snapshot] = await take(events, () => true);
  t.is(snapshot!.kind, "snapshot");
  t.is(snapshot!.kind === "snapshot" && snapshot.punts.length, 1);
  await punts.add(span("b"), { waitFor: "CREATED" });
  const changes = await take(events, (event) => event.kind === "change" && event.event.to === "CREATED");
  const last = changes.at(-1)!;
  t.is(last.kind === "change" && last.event.id.cnf, "b");
  stop.abort();
  t.true((await events.next()).done);
  await punts.delete({ cnf: "b" });
  const resumed = punts.watch({ from: last.revision })[Symbol.asyncIterator]();
  const missed = await take(resumed, (event) => event.kind === "change" && event.event.to === "DELETED");
  t.true(missed.every(({ kind }) => kind === "change"));
  const gone = punts.watch({ from: "nonsense:1" })[Symbol.asyncIterator]();
  const [again] = await take(gone, () => true);
  t.is(again!.kind === "snapshot" && again.resync, true);
});

test("a watch goes on over a restart of the daemon, and the punts stay", async (t) => {
  const running = await daemonTest(t);
  const punts = await running.connect();
  await punts.add(span("a"), { waitFor: "CREATED" });
  const events = punts.watch()[Symbol.asyncIterator]();
  await take(events, ({ kind }) => kind === "snapshot");
  await running.restart();
  const [snapshot] = await take(events, ({ kind }) => kind === "snapshot");
  t.is(snapshot!.kind === "snapshot" && snapshot.punts[0]!.id.cnf, "a");
  await t.notThrowsAsync(punts.delete({ cnf: "a" }));
});

test("many streams of one daemon and one client raise no warning of a leak", async (t) => {
  const { connect } = await daemonTest(t);
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on("warning", onWarning);
  t.teardown(() => process.off("warning", onWarning));
  const punts = await connect();
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const events = punts.watch({ signal: ending.signal })[Symbol.asyncIterator]();
      const first = await events.next();
      t.is(first.value?.kind, "snapshot");
    }),
  );
  ending.abort();
  t.deepEqual(warnings, []);
});

test.serial("a daemon that ends does not wait for streams where there are none", async (t) => {
  const { daemon, connect } = await daemonTest(t);
  await (await connect()).info();
  const real = globalThis.setTimeout;
  // The longest wait for the last word of a stream never ends here.
  globalThis.setTimeout = ((run: () => void, ms: number) => real(run, ms === 500 ? 3_600_000 : ms)) as never;
  t.teardown(() => Object.assign(globalThis, { setTimeout: real }));
  await daemon.close();
  t.pass();
});
