// attach.sock: tokens, what is refused there, and what the audit log says of it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Tokens } from "../../lib/daemon/tokens.js";
import { receiveDescriptors } from "../../lib/descriptor/index.js";
import type { PuntError } from "../../lib/errors.js";
import { decodeAnswer, encodeAttach } from "../../lib/wire/index.js";
import { daemonTest, ROOT } from "../support/daemon/daemon.js";
import { until } from "../support/until.js";

const DNS = { cnf: "dns", type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 } } as const;
const USER = { pid: 7, uid: 1000, gid: 1000 };
const AT = { ...USER, socket: "" };

test("a token is good once, and only for its user", (t) => {
  const tokens = new Tokens();
  const caller = { kind: "unix", groups: [], socket: "", ...USER } as const;
  const id = { cnf: "dns", key: "", label: "" };
  const token = tokens.give(caller, id);
  t.deepEqual(tokens.take(token, AT).id, id);
  t.throws(() => tokens.take(token, AT), { code: "ERR_TOKEN" });
  for (const other of [ROOT, { ...USER, gid: 1001 }, { ...USER, uid: 1001 }])
    t.throws(() => tokens.take(tokens.give(caller, id), { ...AT, ...other }), { code: "ERR_TOKEN" });
  const elsewhere = { ...AT, socket: "/run/other.sock" };
  t.throws(() => tokens.take(tokens.give(caller, id), elsewhere), { code: "ERR_TOKEN" });
  t.throws(() => tokens.take("", AT), { code: "ERR_TOKEN" });
});

test("a token is good for 30 s", (t) => {
  const { now: real } = performance;
  let now = 1_000;
  performance.now = () => now;
  t.teardown(() => Object.assign(performance, { now: real }));
  const tokens = new Tokens();
  const caller = { kind: "unix", groups: [], socket: "", ...USER } as const;
  const id = { cnf: "dns", key: "", label: "" };
  const [first, second] = [tokens.give(caller, id), tokens.give(caller, id)];
  now = 30_999;
  t.deepEqual(tokens.take(first, AT).id, id);
  now = 31_000;
  const third = tokens.give(caller, id);
  const message = "punt.attach: the token was used, is too old, or was given to another user";
  t.like(
    t.throws(() => tokens.take(second, AT), { code: "ERR_TOKEN", message }),
    { op: "punt.attach" },
  );
  t.deepEqual(tokens.take(third, AT).id, id);
  performance.now = real;
});

test("if there are too many tokens, the oldest ones end", (t) => {
  const tokens = new Tokens();
  const caller = { kind: "unix", groups: [], socket: "", ...USER } as const;
  const all = Array.from({ length: 10_001 }, (_, at) => tokens.give(caller, { cnf: `c${at}`, key: "", label: "" }));
  t.throws(() => tokens.take(all[0]!, AT), { code: "ERR_TOKEN" });
  t.is(tokens.take(all.at(-1)!, AT).id.cnf, "c10000");
});

test("a punt's ends are handed over to its CNF, and again only where VPP has others", async (t) => {
  const { vpp, connect, directory } = await daemonTest(t);
  const punts = await connect(USER);
  const { id } = await punts.add(DNS as never, { waitFor: "CREATED", timeout: 10_000 });
  const ends = await punts.handovers.ends(id, { have: {}, packets: true });
  t.deepEqual(ends.map(({ kind, interconnect }) => `${kind}/${interconnect}`).sort(), ["inject/0", "socket/0"]);
  for (const { descriptor } of ends) descriptor.close();
  const have = Object.fromEntries(
    ends.map(({ kind, interconnect, identity }) => [`${kind}/${interconnect}`, identity]),
  );
  t.deepEqual(await punts.handovers.ends(id, { have, packets: true }), []);
  const events = punts.watch()[Symbol.asyncIterator]();
  await events.next();
  await vpp.restart();
  await until(async () => {
    const { value } = await events.next();
    return value?.kind === "change" && value.event.to === "CREATED";
  });
  await events.return?.();
  const again = await punts.handovers.ends(id, { have, packets: true });
  t.is(again.length, 2);
  for (const { descriptor } of again) descriptor.close();
  const other = await connect({ pid: 8, uid: 1001, gid: 1001 });
  await t.throwsAsync(other.handovers.ends(id, { have: {}, packets: false }), { code: "ERR_NO_SUCH_PUNT" });
  t.deepEqual(await other.list(), []);
  t.false(readFileSync(join(directory, "state/punts.json"), "utf8").includes("token"));
});

test("the daemon removes the socket of a punt that is deleted, as its CNF may not", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect(USER);
  const { id, metadata } = await punts.add(DNS, { waitFor: "CREATED", timeout: 10_000 });
  for (const { descriptor } of await punts.handovers.ends(id, { have: {}, packets: false })) descriptor.close();
  const { attachment } = metadata.interconnects[0]!;
  if (attachment.kind !== "af-unix") return t.fail("a punt socket is expected");
  t.true(existsSync(attachment.path));
  await punts.delete(id);
  while (existsSync(attachment.path)) await new Promise((resolve) => setTimeout(resolve, 20));
});

test("VPP's socket that is missing is not taken for a daemon that is away", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect(USER);
  const span = { cnf: "span", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
  const { id, metadata } = await punts.add(span, { waitFor: "CREATED", timeout: 10_000 });
  const { attachment } = metadata.interconnects[0]!;
  if (attachment.kind !== "memif") return t.fail();
  rmSync(attachment.socket);
  const error = await t.throwsAsync<PuntError>(punts.handovers.ends(id, { have: {}, packets: false }));
  t.is(error!.code, "ENOENT");
  t.true(error!.message.includes(attachment.socket), error!.message);
});

test("a malformed question is refused, and so is a namespace without a descriptor", async (t) => {
  const { directory } = await daemonTest(t);
  const path = join(directory, "attach.sock");
  const ask = (bytes: Uint8Array) => receiveDescriptors(path, bytes);
  await t.throwsAsync(ask(Buffer.from("{")), { code: "ERR_PROTOCOL" });
  await t.throwsAsync(ask(Buffer.from('{"kind":"punt"}')), { code: "ERR_PROTOCOL" });
  await t.throwsAsync(ask(encodeAttach({ kind: "punt", token: "x", have: {}, packets: false })), { code: "ERR_TOKEN" });
  await t.throwsAsync(ask(encodeAttach({ kind: "namespace", cnf: "dns" })), { code: "ERR_PROTOCOL" });
});

test("the audit log tells refused questions from failed ones", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-attach-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const audit = join(folder, "audit.log");
  const { directory, daemon } = await daemonTest(t, { audit });
  const ask = (bytes: Uint8Array) => receiveDescriptors(join(directory, "attach.sock"), bytes);
  await t.throwsAsync(ask(encodeAttach({ kind: "punt", token: "x", have: {}, packets: false })), { code: "ERR_TOKEN" });
  await t.throwsAsync(ask(Buffer.from("{")), { code: "ERR_PROTOCOL" });
  // A daemon writes its log beside its answers.
  await daemon.close();
  const lines = readFileSync(audit, "utf8").trim().split("\n");
  const found = lines.map((line) => JSON.parse(line)).filter(({ call }) => call === "attach.sock");
  t.deepEqual(
    found.map(({ decision, code }) => `${decision} ${code}`),
    ["refused ERR_TOKEN", "failed ERR_PROTOCOL"],
  );
});

test("the daemon's own namespace is not pinned", async (t) => {
  const { connect } = await daemonTest(t);
  t.is(await (await connect()).handovers.namespace("dns"), "");
  t.throws(() => decodeAnswer(Buffer.from("[]")), { code: "ERR_PROTOCOL" });
});

test("the namespace of a CNF that the policy does not give to the caller is refused; the audit log has every exchange", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-attach-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [policy, audit] = [join(folder, "policy.yaml"), join(folder, "audit.log")];
  writeFileSync(policy, "rules:\n  - name: dns only\n    match: { uid: 1000 }\n    cnfs: dns\n");
  const { connect, daemon } = await daemonTest(t, { policy, audit });
  const punts = await connect(USER);
  t.is(await punts.handovers.namespace("dns"), "");
  const error = await t.throwsAsync<PuntError>(punts.handovers.namespace("fw"));
  t.is(error!.code, "ERR_POLICY");
  t.regex(error!.message, /dns only/);
  await daemon.close();
  const lines = readFileSync(audit, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const exchanges = lines.filter(({ call }) => call === "attach.sock");
  t.deepEqual(
    exchanges.map(({ caller, decision }) => `${caller}: ${decision}`),
    ["unix uid 1000 gid 1000: allowed", "unix uid 1000 gid 1000: refused"],
  );
  t.is(exchanges[0].message, "network namespace of CNF dns");
  t.is(exchanges[0].rule, "dns only");
});

test("without another word on who the callers are, the kernel's is taken at both sockets", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-attach-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const audit = join(folder, "audit.log");
  const { connect, daemon } = await daemonTest(t, { audit, credentials: undefined as never });
  const punts = await connect();
  const caller = `unix uid ${process.getuid!()} gid ${process.getgid!()}`;
  t.is((await punts.info()).caller, caller);
  const { id } = await punts.add(DNS, { waitFor: "CREATED", timeout: 10_000 });
  const ends = await punts.handovers.ends(id, { have: {}, packets: false });
  for (const { descriptor } of ends) descriptor.close();
  t.deepEqual(ends.map(({ kind }) => kind).sort(), ["inject", "socket"]);
  await daemon.close();
  const lines = readFileSync(audit, "utf8").trim().split("\n");
  const exchanges = lines.map((line) => JSON.parse(line)).filter(({ call }) => call === "attach.sock");
  t.deepEqual(
    exchanges.map((entry) => [entry.caller, entry.decision, entry.punts]),
    [[caller, "allowed", [id]]],
  );
});
