// Explanations on the embedded VPP: of frames, and of punts in each state that stops packets.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { explainFrame, explainPunt, frameFacts, type Step, traceFrame, traceNext } from "../../lib/explain/index.js";
import { attach, type PuntRequestInput, type VppApi } from "../../lib/punt/index.js";
import type { EmbeddedVppOptions } from "../../lib/sim/index.js";
import { explainedAsItIs } from "../support/explain.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";

async function started(t: ExecutionContext, more: EmbeddedVppOptions = {}): Promise<ManagedVpp & { folder: string }> {
  const cards = ["lan", "a", "b", "if5"];
  const exec = ["lan", "a", "b"].map((name) => `set interface state ${name} up`);
  const managed = await managedVpp({}, { interfaces: cards, exec, ...more });
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-explain-"));
  t.teardown(async () => {
    await managed.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await managed.vpp.cli("set interface ip address lan 10.9.0.1/24");
  return Object.assign(managed, { folder });
}

async function stepsOf({ client, manager }: ManagedVpp, request: PuntRequestInput): Promise<Step[]> {
  const id = { cnf: request.cnf, key: "", label: "" };
  await manager.add(request).catch(() => {});
  await manager.resync();
  const due = (await manager.plan()).steps;
  return explainPunt({ vpp: client, status: manager.get(id)!, due });
}

const span = { cnf: "monitor", type: "SPAN", interconnect: "MEMIF", vppInterface: "lan" } as const;
const faults = (steps: readonly Step[]) =>
  steps.filter(({ verdict }) => verdict === "fault").map(({ place, fact }) => `${place}: ${fact}`);

test("explain names the CNFs that get a frame, for each frame that VPP then gets, with VPP's own trace", async (t) => {
  const { client, manager, folder, vpp } = await started(t);
  const run = (line: string) => vpp.cli(line);
  await explainedAsItIs(t, { client, manager, lan: "lan", wires: ["a", "b"], folder, run });
});

test("a punt whose CNF is connected has no fault", async (t) => {
  const managed = await started(t);
  const { id, metadata } = await managed.manager.add(span, { waitFor: "CREATED" });
  const attached = attach(metadata, { memif: { rxMode: "interrupt" } });
  t.teardown(() => attached.close());
  while (!(await managed.vpp.interfaces()).some(({ tag, linkUp }) => tag !== "" && linkUp))
    await new Promise(setImmediate);
  const steps = await explainPunt({ vpp: managed.client, status: managed.manager.get(id)!, due: [] });
  t.deepEqual(faults(steps), []);
  t.regex(steps.map(({ fact }) => fact).join("\n"), /is connected with/);
});

test("a missing interface and an interface that is down are faults with a remedy", async (t) => {
  const managed = await started(t);
  const missing = await stepsOf(managed, { ...span, vppInterface: "nowhere" });
  t.regex(faults(missing)[0]!, /^interface nowhere: VPP has no interface with this name or tag; it has local0, lan/);
  t.regex(faults(missing)[1]!, /^punt: PENDING: it waits for VPP interface nowhere/);
  await managed.vpp.cli("set interface state lan down");
  const [down] = await stepsOf(managed, { ...span, cnf: "other" });
  t.like(down, {
    verdict: "fault",
    fact: "it is down: VPP drops what it receives",
    remedy: "vppctl set interface state lan up",
  });
});

test("a memif without a program, and an object that another program removed, are faults", async (t) => {
  const managed = await started(t);
  t.regex(faults(await stepsOf(managed, span))[0]!, /^memif \S+: no program is connected with \S+\/memif\/\S+\.sock$/);
  const status = managed.manager.list()[0]!;
  const due = [{ action: "create", item: "span/lan", why: "wanted, and not there" }];
  const steps = await explainPunt({ vpp: managed.client, status, due });
  t.regex(faults(steps)[0]!, /^objects in VPP: a manager has work to do: create span\/lan \(wanted, and not there\)$/);
});

test("a punt that VPP cannot have is a fault with the cause", async (t) => {
  const managed = await started(t, { withoutPlugins: ["acl"] });
  const request: PuntRequestInput = { ...span, type: "ABX", ingressAclRules: [{ protocol: "TCP" }] };
  t.regex(faults(await stepsOf(managed, request))[0]!, /^punt: FAILED: .*plugin acl.* \(ERR_PLUGIN_MISSING\)$/);
});

test("a punt socket is missing, is another file, is left behind, or is open", async (t) => {
  const managed = await started(t);
  const socketPath = join(managed.folder, "ntp.sock");
  const request = {
    cnf: "ntp",
    type: "PUNT_TO_SOCKET",
    toHost: { af: "IPV4", protocol: "UDP", port: 123 },
    socketPath,
  } as const;
  const end = (steps: readonly Step[]) => steps.find(({ place }) => place.startsWith("socket "))!;
  t.like(end(await stepsOf(managed, request)), {
    verdict: "fault",
    fact: "there is no such file: VPP drops the packets (socket TX error)",
  });
  writeFileSync(socketPath, "");
  t.like(end(await stepsOf(managed, request)), { verdict: "fault", fact: "the file is not a socket" });
  rmSync(socketPath);
  symlinkSync(socketPath, socketPath);
  t.like(end(await stepsOf(managed, request)), { verdict: "unknown", fact: "the file cannot be looked at (ELOOP)" });
  rmSync(socketPath);
  const attached = attach(managed.manager.list()[0]!.metadata, { puntSocket: { onWarning: () => {} } });
  t.like(end(await stepsOf(managed, request)), { verdict: "ok", fact: "a program has it open" });
  attached.close();
  t.not(end(await stepsOf(managed, request)).verdict, "ok");
});

test("counters without losses are ok; losses are a warning with their cause", async (t) => {
  const managed = await started(t);
  const { id } = await managed.manager.add(span, { waitFor: "CREATED" });
  const status = managed.manager.get(id)!;
  const count = { packets: 3, bytes: 180 };
  const of = async (drops: Record<string, number>) => {
    const punts = [{ id, interconnects: [{ interface: "memif1/1", toCnf: count, fromCnf: count, drops }] }];
    return (await explainPunt({ vpp: managed.client, status, counters: { time: 0, punts, sockets: {} } })).at(-1)!;
  };
  t.like(await of({}), { verdict: "ok", fact: "3 packets to the CNF, 3 from it" });
  const full = await of({ "tx error": 2 });
  t.like(full, { verdict: "warning", fact: "3 packets to the CNF, 3 from it; 2 lost: tx error" });
  t.regex(full.remedy!, /^the CNF is too slow, or was not there: [^;]*$/);
  const refused = await of({ dropped: 3 });
  t.like(refused, { verdict: "warning", fact: "3 packets to the CNF, 3 from it; 3 lost: dropped" });
  t.regex(refused.remedy!, /^VPP dropped packets that came from the CNF: /, "more room at the CNF does not help");
  t.regex((await of({ "tx error": 2, dropped: 3 })).remedy!, /^the CNF is too slow.*; VPP dropped packets/);
});

test("a frame that is none, and an interface that VPP lacks, are refused", async (t) => {
  const { client } = await started(t);
  const short = { frame: new Uint8Array(13), interface: "lan" };
  const facts = await frameFacts(client);
  t.throws(() => explainFrame(facts, [], short), {
    code: "ERR_INVALID_PACKET",
    message: /13 bytes are not an Ethernet frame/,
  });
  const frame = new Uint8Array(64);
  t.throws(() => explainFrame(facts, [], { frame, interface: "x" }), {
    code: "ERR_NO_INTERFACE",
    message: /no interface x; it has local0, lan/,
  });
  await t.throwsAsync(traceFrame(client, { frame: new Uint8Array(3000), interface: "lan" }), {
    code: "ERR_INVALID_PACKET",
  });
  await t.throwsAsync(traceFrame(client, { frame, interface: "x" }), {
    code: "ERR_TRACE",
    message: /unknown interface/,
  });
});

test("a signal ends traceNext early, and VPP traces no more", async (t) => {
  const { client } = await started(t);
  const end = new AbortController();
  const lines: string[] = [];
  const vpp = {
    ...client,
    call: (name: "cli_inband", value: { cmd: string }) => {
      lines.push(value.cmd);
      if (value.cmd === "trace add pg-input 10") setImmediate(() => end.abort());
      return client.call(name, value);
    },
  } as unknown as VppApi;
  await traceNext(vpp, 600_000, end.signal);
  t.deepEqual(lines.slice(-2), ["show trace", "clear trace"]);
});

test("VPP traces packets of an input node, and of no other", async (t) => {
  const { vpp } = await started(t);
  t.is(await vpp.cli("trace add dpdk-input 1"), "");
  for (const words of ["nope 10", "ip4-lookup 1", "dpdk-input", "dpdk-input x"])
    t.is(await vpp.cli(`trace add ${words}`), `trace add: expected NODE COUNT, got \`${words}'`);
});

test("traceNext shows the packets that VPP receives during its time", async (t) => {
  const { client, vpp } = await started(t);
  const trace = traceNext(client, 300);
  const timer = setInterval(() => vpp.interface("lan").inject(new Uint8Array(64).fill(0xff)), 20);
  t.regex(await trace, /Packet 1\n\n.*: dpdk-input\n {2}lan rx, 64 bytes, sw_if_index 1\n.*: ethernet-input\n/);
  clearInterval(timer);
});
