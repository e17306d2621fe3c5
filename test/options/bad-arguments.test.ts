// A call refuses a wrong argument before it does anything, by a PuntError that says what was wrong.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { parsePolicy } from "../../lib/daemon/policy/index.js";
import { Descriptor } from "../../lib/descriptor/index.js";
import { networkNamespace } from "../../lib/descriptor/namespace.js";
import { attach, idKey, idOf, idText, Memif, PuntAction, PuntError, PuntInjector } from "../../lib/index.js";
import { FlowTable, PcapngWriter, PcapWriter } from "../../lib/packet/index.js";
import { parseRequest } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { announcementIn } from "../../lib/stonework/announcement.js";
import { testPunt } from "../../lib/testing/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const refusal = (code: string, message: RegExp) => ({ instanceOf: PuntError, code, message });
const nothing = undefined as never;
/** Values that cannot be written into a text, and others that are not one. */
const NO_TEXTS: readonly unknown[] = [Symbol("s"), Object.create(null), null, 5n, () => {}];

test("attach takes a punt's metadata only", (t) => {
  const kinds = NO_TEXTS.map((kind) => ({ interconnects: [{ attachment: { kind } }] }));
  for (const metadata of [
    ...kinds,
    undefined,
    null,
    {},
    { interconnects: 1 },
    { interconnects: [{}] },
    { interconnects: [null] },
  ]) {
    t.throws(() => attach(metadata as never), refusal("ERR_INVALID_METADATA", /metadata|attachment/));
  }
});

test("packets to be sent are packets", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  using injector = PuntInjector.open({ vppPath: join(folder, "none"), knownInterfaces: () => true });
  t.throws(() => injector.injectAll(PuntAction.L2, 1, null as never), refusal("ERR_OPTION", /packets/));
  using port = Memif.open({ role: "server", socket: join(folder, "memif") });
  for (const packets of [null, undefined, "abc", 5])
    t.throws(() => port.send(packets as never), refusal("ERR_INVALID_PACKET", /Uint8Array/));
});

test("requests, their options and events must be known to VPP", async (t) => {
  await using sim = await EmbeddedVpp.start();
  await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
  await t.throwsAsync(vpp.call(nothing, nothing), refusal("ERR_OPTION", /name must be a string/));
  await t.throwsAsync(vpp.dumpAll("show_version"), refusal("ERR_NOT_A_DUMP", /show_version has one answer: use call/));
  await t.throwsAsync(vpp.call("ip_table_dump"), refusal("ERR_NOT_A_CALL", /ip_table_dump has many answers: use dump/));
  await t.throwsAsync(vpp.subscribe("show_version"), refusal("ERR_NO_EVENT", /show_version: .* names no event/));
  await t.throwsAsync(vpp.subscribe("show_version", {}, "nope"), refusal("ERR_NO_EVENT", /show_version: .* nope/));
  for (const options of [{ timeout: "x" }, { timeout: -1 }, { signal: 1 }, { timeuot: 5 }] as const) {
    const named = refusal("ERR_OPTION", new RegExp(`show_version: option ${Object.keys(options)[0]} `));
    await t.throwsAsync(vpp.call("show_version", {}, options as never), named);
  }
  t.is((await vpp.call("show_version", {}, { timeout: 0 })).retval, 0);
});

test("options of add are checked before anything is done", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const span = { type: "SPAN", cnf: "cnf1", interconnect: "MEMIF", vppInterface: "if0" } as const;
  for (const options of [{ waitFor: "NONSENSE" }, { timeout: "x" }, { timeout: -1 }, { wait: 1 }] as const) {
    const named = refusal("ERR_OPTION", new RegExp(`punt.add: option ${Object.keys(options)[0]}`));
    await t.throwsAsync(it.manager.add(span, options as never), named);
  }
  t.deepEqual(it.manager.list(), []);
});

test("the embedded VPP says what it cannot be started with, given or told", async (t) => {
  await t.throwsAsync(
    EmbeddedVpp.start({ directory: "/dev/null/x" }),
    refusal("ENOTDIR", /sim.start: .*\/dev\/null\/x/),
  );
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  const noFrames = refusal("ERR_INVALID_PACKET", /frames/);
  for (const frames of ["abc", [1], null]) t.throws(() => vpp.interface("eth0").inject(frames as never), noFrames);
  await t.throwsAsync(vpp.addFault(nothing), refusal("ERR_BAD_FAULT", /rule/));
  await t.throwsAsync(vpp.addFault({ message: "x" } as never), refusal("ERR_BAD_FAULT", /action/));
});

test("an identity is an object with texts", (t) => {
  for (const use of [idKey, idText, idOf])
    for (const value of NO_TEXTS) {
      if (typeof value !== "object" || value === null)
        t.throws(() => use(value as never), refusal("ERR_OPTION", /option id/), use.name);
      const id = { cnf: "cnf1", key: value, label: "" };
      t.throws(() => use(id as never), refusal("ERR_OPTION", /option id.key must be a string/), use.name);
    }
  t.is(idText({ cnf: "cnf1", key: "", label: "a" }), "cnf1/a");
});

test("what opens, writes or compares refuses a value that is not a number or a text", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  using plain = PcapWriter.open(join(folder, "a.pcap"));
  using named = PcapngWriter.open(join(folder, "a.pcapng"));
  const flows = new FlowTable();
  const packet = new Uint8Array(64);
  for (const value of NO_TEXTS) {
    const never = value as never;
    t.throws(() => Descriptor.own(never), refusal("ERR_OPTION", /descriptor/));
    t.throws(() => networkNamespace(never), refusal("ERR_OPTION", /namespace/));
    t.throws(() => named.writePacket(never, packet), refusal("ERR_OPTION", /interface/));
    if (typeof value !== "bigint") t.throws(() => plain.writePacket(packet, never), refusal("ERR_OPTION", /timeNs/));
    const flow = { protocol: 17, source: never, destination: "10.0.0.1" } as const;
    t.throws(() => flows.set(flow), refusal("ERR_OPTION", /source/));
  }
});

test("a document is refused where the length of something in it cannot be compared", (t) => {
  const bad = { length: { toString: 1 } };
  const refused = (code: string) => ({ instanceOf: PuntError, code });
  const abx = {
    type: "ABX",
    cnf: "a",
    interconnect: "TAP",
    vppInterface: "eth0",
    ingressAclRules: [{ action: "PERMIT" }],
  };
  for (const field of Object.keys(abx))
    t.throws(() => parseRequest({ ...abx, [field]: bad }), refused("ERR_INVALID_REQUEST"), field);
  const rule = { name: "a", match: { uid: 1 }, cnfs: "a" };
  for (const field of Object.keys(rule))
    t.throws(
      () => parsePolicy(JSON.stringify({ rules: [{ ...rule, [field]: bad }] }), "p"),
      refused("ERR_POLICY_FILE"),
      field,
    );
  const announcement = JSON.stringify({ pid: 1, "ms-label": bad });
  t.throws(
    () => announcementIn(announcement, "cnf.pid"),
    refusal("ERR_FORMAT", /cnf.pid: content: .* cannot be compared/),
  );
});

test("names of requests and events are texts, with and without a connection", async (t) => {
  await using sim = await EmbeddedVpp.start();
  await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
  for (const isConnected of [true, false]) {
    if (!isConnected) await vpp.close();
    for (const value of NO_TEXTS) {
      const refused = { instanceOf: PuntError };
      await t.throwsAsync(vpp.subscribe(value as never), refused);
      await t.throwsAsync(vpp.subscribe(value as never, {}, "sw_interface_event"), refused);
      if (value !== null) await t.throwsAsync(vpp.subscribe("want_interface_events", {}, value as never), refused);
      await t.throwsAsync(vpp.call(value as "show_version", {}), refused);
      await t.throwsAsync(vpp.dumpAll(value as "ip_table_dump", {}), refused);
      t.throws(() => vpp.listen(value as never), refused);
    }
  }
});

test("names of the embedded VPP's interfaces are texts, and an MTU is a number", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  for (const value of NO_TEXTS) {
    const named = refusal("ERR_OPTION", /option name must be a string/);
    t.throws(() => vpp.interface(value as never), named);
    t.throws(() => vpp.host(value as never), named);
    t.throws(() => vpp.host("tap0", value as never), refusal("ERR_OPTION", /option namespace/));
    await t.throwsAsync(vpp.setHostMtu(value as never, 1500), named);
    await t.throwsAsync(vpp.inject(value as never, []), named);
    await t.throwsAsync(vpp.hostReceived(value as never), named);
  }
  const interconnect = "TAP";
  await using punt = await testPunt({ type: "SPAN", interconnect, vppInterface: "eth0" });
  const [{ name } = { name: "" }] = await punt.sim.hostInterfaces();
  for (const mtu of [Symbol("s"), Object.create(null), "1500", -1])
    await t.throwsAsync(punt.sim.setHostMtu(name, mtu as never), refusal("ERR_OPTION", /option mtu/));
});
