// StoneWork's ports and CNFs under the daemon's policy: the right to configure them, their punts, and the audit log.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { peerUser } from "../../lib/daemon/tcp-peer.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { need } from "../support/need.js";
import { callerOf } from "../support/stonework/caller.js";
import { PythonCnf } from "../support/stonework/cnfs.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const python = need("python-grpc");
const root = need("root", "python-grpc");

const CONFIG = "mock2Config: { MockCnf2_list: [{ vppInterface: eth0 }] }";

/** A daemon with that policy and configuration, and mockcnf2 under it. */
async function underPolicy(t: ExecutionContext, rules: string | undefined, config = CONFIG, address = "127.0.0.1") {
  const directory = temporaryFolder(t);
  mkdirSync(join(directory, "discovery"));
  const files = { config: join(directory, "config.yaml"), audit: join(directory, "audit.log") };
  writeFileSync(files.config, config);
  const policy = join(directory, "policy.yaml");
  if (rules !== undefined) writeFileSync(policy, rules);
  const running = await daemonTest(t, {
    ...(rules !== undefined && { policy }),
    audit: files.audit,
    stonework: { directory, grpcPort: 0, httpPort: 0, config: files.config },
  });
  const cnf = new PythonCnf({ label: "mockcnf2", kind: "mock2", directory, address });
  t.teardown(() => cnf.end());
  const caller = () => {
    const made = callerOf(running.daemon.stoneWorkPorts!.grpc);
    t.teardown(() => made.close());
    return made;
  };
  const lines = () =>
    readFileSync(files.audit, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const audited = async (call: string, decision: string) => {
    for (;;) {
      const found = lines().find((line) => line.call === call && line.decision === decision);
      if (found) return found;
      await new Promise(setImmediate);
    }
  };
  return { ...running, policy, cnf, caller, audited };
}

const OPERATOR = "{ name: local, match: { address: 127.0.0.0/8, uid: 0 }, operator: true }";
const CNFS = "{ name: cnfs, match: { address: 127.0.0.2 }, cnfs: mock* }";
const cnfRule = (limits: string) => `{ name: mocks, match: { address: 127.0.0.1 }, cnfs: "mock*", ${limits} }`;

root.test("a CNF's punt that no rule allows is refused by the rule's name, until the policy allows it", async (t) => {
  const rules = (limits: string) => `rules:\n  - ${OPERATOR}\n  - ${cnfRule(limits)}\n`;
  const { daemon, cnf, caller, audited, policy } = await underPolicy(t, rules("types: ABX, interfaces: eth1"));
  const refused = await audited("GetPuntRequests", "refused");
  t.like(refused, { caller: "stonework 127.0.0.1 as CNF mockcnf2", code: "ERR_POLICY" });
  t.is(refused.punts[0].cnf, "mockcnf2");
  const { items } = await caller().manager.getConfig({});
  t.is(items[0]?.status?.status, "FAILED");
  t.regex(items[0]?.status?.message ?? "", /rule "mocks" \(interfaces\): VPP interface eth0 is not among eth1/);
  t.deepEqual(cnf.heard, []);
  writeFileSync(policy, rules("types: ABX, interfaces: eth0, count: 1"));
  await daemon.reload();
  await cnf.hears("CREATED");
  t.like(await audited("GetPuntRequests", "allowed"), { rule: "mocks" });
});

python.test("a CNF that no rule is for is kept out by name", async (t) => {
  const { audited } = await underPolicy(t, `rules:\n  - ${OPERATOR}\n`);
  const refused = await audited("DiscoverCnf", "refused");
  // A rule for operators does not make operators of CNFs at the same address.
  t.regex(refused.message, /the policy has no rule for stonework 127\.0\.0\.1 as CNF mockcnf2/);
});

root.test("a caller of the ports configures and sees what its rules allow", async (t) => {
  const rules = `rules:
  - ${cnfRule("readOnly: true")}
  - ${CNFS}
  - { name: elsewhere, match: { address: ["10.9.0.0/16", "fd00::/8"] }, operator: true }
`;
  const { caller, audited, daemon } = await underPolicy(t, rules, "", "127.0.0.2");
  const { manager, meta } = caller();
  for (;;) if ((await meta.knownModels({ class: "config" })).knownModels.length > 0) break;
  const item = { id: { model: "mock2.mock-type", name: "eth0" } };
  const refused = await t.throwsAsync(manager.setConfig({ updates: [{ item }] }));
  t.like(refused, { code: Code.PermissionDenied });
  t.regex(refused!.message, /rule "mocks" \(readOnly\)/);
  t.like(await audited("SetConfig", "refused"), { caller: "stonework 127.0.0.1 uid 0", code: "ERR_POLICY" });
  const page = await fetch(`http://127.0.0.1:${daemon.stoneWorkPorts!.http}/status/info`);
  t.is(((await page.json()) as unknown[]).length, 2);
  await audited("GET /status/info", "allowed");
});

root.test("a caller sees no CNF that its rules do not name", async (t) => {
  const other = "{ name: others, match: { address: 127.0.0.1 }, cnfs: other }";
  const rules = `rules:\n  - ${other}\n  - ${CNFS}\n`;
  const { caller, daemon, audited } = await underPolicy(t, rules, CONFIG, "127.0.0.2");
  const { manager, meta } = caller();
  await audited("GetPuntRequests", "allowed");
  t.deepEqual((await meta.knownModels({})).knownModels, []);
  t.deepEqual((await manager.getConfig({})).items, []);
  const file = meta.protoFileDescriptor({ fullProtoFileName: "mockcnf/mockcnf2.proto" });
  t.like(await t.throwsAsync(file), { code: Code.NotFound });
  const item = { id: { model: "mock2.mock-type", name: "eth0" } };
  const error = await t.throwsAsync(manager.setConfig({ updates: [{ item }] }));
  t.regex(error!.message, /rule "others" \(cnfs\)/);
  const page = await fetch(`http://127.0.0.1:${daemon.stoneWorkPorts!.http}/status/info`);
  t.is(((await page.json()) as unknown[]).length, 1);
  // Setting everything again touches nothing of other CNFs.
  const { results } = await manager.setConfig({ updates: [], overwriteAll: true });
  t.deepEqual(results, []);
});

root.test(
  "without a policy, root configures CNFs over the loopback, and another user is refused by name",
  async (t) => {
    const { caller, daemon, cnf, audited } = await underPolicy(t, undefined);
    await cnf.hears("CREATED");
    t.is((await caller().manager.getConfig({})).items.length, 1);
    const { grpc, http } = daemon.stoneWorkPorts!;
    const script = `
import os, sys, grpc, urllib.request, urllib.error
os.setgid(65534); os.setuid(65534)
channel = grpc.insecure_channel("127.0.0.1:${grpc}")
try:
    channel.unary_unary("/ligato.generic.ManagerService/SetConfig")(b"\\x10\\x01", timeout=20)
except grpc.RpcError as error:
    print(error.code().name, error.details())
try:
    urllib.request.urlopen("http://127.0.0.1:${http}/status/info")
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
print(urllib.request.urlopen("http://127.0.0.1:${http}/readiness").status)
`;
    const said = await new Promise<string>((resolve) =>
      execFile("/usr/bin/python3", ["-c", script], (_error, stdout, stderr) => resolve(stdout + stderr)),
    );
    t.regex(said, /PERMISSION_DENIED .*the policy has no rule for stonework 127\.0\.0\.1 uid 65534/);
    t.regex(said, /403 .*uid 65534/);
    t.regex(said, /^200$/m);
    t.like(await audited("SetConfig", "refused"), { caller: "stonework 127.0.0.1 uid 65534" });
  },
);

test("ports that others than this machine reach need a policy", async (t) => {
  const directory = temporaryFolder(t);
  const folders = { socket: join(directory, "manager.sock"), socketDirectory: join(directory, "sockets") };
  const stonework = { directory, host: "0.0.0.0", address: "10.0.0.1", grpcPort: 0, httpPort: 0 };
  const error = await t.throwsAsync(Daemon.start({ ...folders, stonework }), { code: "ERR_OPTION" });
  t.regex(error!.message, /stonework\.host needs a policy/);
});

test("the user of a connection is known over IPv4 and IPv6, and unknown once the other end is closed", async (t) => {
  for (const [listen, to] of [
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "::1"],
    ["::", "127.0.0.1"],
  ] as const) {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, listen, resolve));
    const client = connect((server.address() as { port: number }).port, to);
    const [socket] = (await once(server, "connection")) as [Socket];
    t.is(await peerUser(socket), process.getuid!(), `${listen} and ${to}`);
    const ends = endsOf(socket);
    const ended = new Promise((resolve) => socket.resume().once("end", resolve));
    client.destroy();
    await ended;
    t.is(await peerUser(ends), undefined);
    socket.destroy();
    server.close();
  }
  t.is(await peerUser({}), undefined);
});

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket) {
  return { remoteAddress, remotePort, localAddress, localPort };
}
