// The identity of a caller by its certificate, its address or its process, and its name in the audit log.
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { connect, createServer, type Socket } from "node:net";
import { endianness } from "node:os";
import test from "ava";
import type { ClusterRole } from "../../lib/cluster/index.js";
import { callerOf, markCaller } from "../../lib/daemon/doors/door.js";
import { type CertificateName, callerText, tlsCaller } from "../../lib/daemon/identity.js";
import { namesOneOf } from "../../lib/daemon/policy/certificate-names.js";
import { obstacleOf, readiness } from "../../lib/daemon/standing.js";
import { peerUser, plainAddress } from "../../lib/daemon/tcp-peer.js";
import { Traffic } from "../../lib/daemon/traffic.js";
import { PuntError } from "../../lib/errors.js";
import { need } from "../support/need.js";

const { test: rootTest } = need("root");

test("a caller is named by its kind and by all that is known of it", (t) => {
  const unix = { kind: "unix", uid: 7, gid: 8, pid: 1, groups: [], socket: "/s" } as const;
  const names = [{ kind: "DNS", text: "a.example" } as const, { kind: "URI", text: "spiffe://site/a" } as const];
  t.is(callerText(unix), "unix uid 7 gid 8");
  t.is(callerText({ ...unix, cnf: "dns" }), "unix uid 7 gid 8 by the socket of CNF dns");
  t.is(callerText({ kind: "tls", names }), "tls a.example,spiffe://site/a");
  t.is(callerText({ kind: "tls", names: [] }), "tls without a name");
  t.is(callerText({ kind: "page" }), "page of an unknown user");
  t.is(callerText({ kind: "page", uid: 0 }), "page uid 0");
  t.is(callerText({ kind: "stonework", address: "" }), "stonework from an unknown address");
  t.is(callerText({ kind: "stonework", address: "10.0.0.1", uid: 0 }), "stonework 10.0.0.1 uid 0");
  t.is(callerText({ kind: "stonework", address: "10.0.0.1", uid: 0, cnf: "a" }), "stonework 10.0.0.1 as CNF a");
});

test("a request has the caller of its connection over either protocol, and none once the connection is gone", (t) => {
  const caller = { kind: "page", uid: 7 } as const;
  const socket = {};
  markCaller(socket, caller);
  t.is(callerOf({ socket } as never), caller);
  t.is(callerOf({ stream: { session: { socket } } } as never), caller);
  t.is(callerOf({ socket: {} } as never), undefined);
  t.is(callerOf({ stream: { session: undefined } } as never), undefined);
  t.is(callerOf({ stream: { session: { socket: undefined } } } as never), undefined);
});

test("the names of a certificate are those of an identity, in their usual form", (t) => {
  const namesIn = (subjectaltname?: string) =>
    tlsCaller({ getPeerCertificate: () => (subjectaltname === undefined ? undefined : { subjectaltname }) } as never)
      .names;
  t.deepEqual(namesIn("DNS:A.Example, URI:spiffe://Site/a, email:a@b.example"), [
    { kind: "DNS", text: "a.example" },
    { kind: "URI", text: "spiffe://Site/a" },
    { kind: "email", text: "a@b.example" },
  ]);
  t.deepEqual(namesIn("IP Address:FD00:0:0:0:0:0:0:1, IP Address:10.0.0.1"), [
    { kind: "IP Address", text: "fd00::1" },
    { kind: "IP Address", text: "10.0.0.1" },
  ]);
  t.deepEqual(namesIn('DNS:"a, DNS:root", othername:<unsupported>, xDNS:a, DNS:'), []);
  t.deepEqual(namesIn(), []);
});

test("a pattern is for the names of one kind of certificate, and * for all", (t) => {
  const kinds: Record<CertificateName["kind"], Record<string, string>> = {
    "IP Address": {
      ...{
        "10.0.*": "10.0.0.9",
        "10.0.0.?": "10.0.0.9",
        "?::12": "1::12",
        "fd00::*": "fd00::9",
        "2001:DB8::1": "2001:db8::1",
      },
      ...{ "::ffff:10.0.0.*": "::ffff:10.0.0.1", "?0:*": "a0:b", ":*": ":" },
    },
    URI: {
      ...{ "spiffe://Site/*": "spiffe://Site/a", "*://a": "http://a", "?://a": "x://a", "http://a:1": "http://a:1" },
      ...{ "a:xyz": "a:xyz", "h2://a": "h2://a", "x-y.z+1:a@b": "x-y.z+1:a@b" },
    },
    email: { "*@Ops.example": "a@Ops.example", "x@a:b": "x@a:b" },
    DNS: { "*.NOC.example": "a.noc.example", "10.example": "10.example", cafe: "cafe", "1a": "1a" },
  };
  const names = Object.keys(kinds) as CertificateName["kind"][];
  for (const kind of names)
    for (const [pattern, text] of Object.entries(kinds[kind]))
      for (const other of names) t.is(namesOneOf(["none", pattern], { kind: other, text }), other === kind, pattern);
  for (const kind of names) t.true(namesOneOf(["*"], { kind, text: "x" }), kind);
  t.false(namesOneOf(["spiffe://Site/*"], { kind: "URI", text: "spiffe://site/a" }), "case counts in a URI");
  t.false(namesOneOf(["*@Ops.example"], { kind: "email", text: "a@ops.example" }));
  t.false(namesOneOf([], { kind: "DNS", text: "a" }));
});

test("an address of IPv4 is itself, also in a socket of IPv6", (t) => {
  t.is(plainAddress("::ffff:10.0.0.1"), "10.0.0.1");
  for (const address of ["10.0.0.1", "fd00::1", "::1", "::ffff:a00:1"]) t.is(plainAddress(address), address);
});

for (const host of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
  test(`the user of a connection from ${host} is the one who made it, until it is closed`, async (t) => {
    const server = createServer();
    t.teardown(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, plainAddress(host), resolve));
    const client = connect((server.address() as { port: number }).port, host);
    const [socket] = (await once(server, "connection")) as [Socket];
    t.teardown(() => socket.destroy());
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    const ends = { remoteAddress, remotePort, localAddress, localPort };
    t.is(await peerUser(ends), process.getuid!());
    t.is(await peerUser({ ...ends, remotePort: localPort, localPort: remotePort! ^ 1 }), undefined);
    for (const name of Object.keys(ends)) t.is(await peerUser({ ...ends, [name]: undefined }), undefined, name);
    client.destroy();
    await once(socket.resume(), "close");
    t.is(await peerUser(ends), undefined);
  });
}

/** Plays the tables of TCP for one look; a table that is left out is not there, as on a machine without IPv6. */
async function userIn(tables: Readonly<Record<string, string>>, ends: Parameters<typeof peerUser>[0]) {
  const { readFile } = fs;
  const use = (by: unknown) => {
    Object.assign(fs, { readFile: by });
    syncBuiltinESMExports();
  };
  use(async (path: string) => {
    const table = tables[path];
    if (table !== undefined) return table;
    throw new Error("there is no such table");
  });
  try {
    return await peerUser(ends);
  } finally {
    use(readFile);
  }
}

test.serial(
  "a connection's user is found by small addresses and ports, and only in the row of an open socket",
  async (t) => {
    const [tcp, tcp6] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"] as const;
    const ends = { remoteAddress: "10.0.0.1", remotePort: 80, localAddress: "10.0.0.2", localPort: 443 };
    const isLittle = endianness() === "LE";
    const [peer, own] = isLittle ? ["0100000A", "0200000A"] : ["0A000001", "0A000002"];
    const row = (state: string, inode: number, before = "") =>
      `   1: ${before}${peer}:0050 ${before}${own}:01BB ${state} 00000000:00000000 00:00000000 00000000  1001        0 ${inode} 1\n`;
    t.is(await userIn({ [tcp]: `head\n${row("01", 7)}` }, ends), 1001);
    t.is(await userIn({ [tcp]: row("01", 7) }, ends), 1001);
    t.is(await userIn({ [tcp]: row("06", 7) }, ends), undefined, "it is closed here");
    t.is(await userIn({ [tcp]: row("01", 0) }, ends), undefined, "its process has closed it");
    t.is(await userIn({}, ends), undefined);
    const mapped = `0000000000000000${isLittle ? "FFFF0000" : "0000FFFF"}`;
    t.is(await userIn({ [tcp]: "", [tcp6]: `head\n${row("01", 7, mapped)}` }, ends), 1001);
  },
);

rootTest("the user of another user's connection is that user", async (t) => {
  const server = createServer();
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const child = spawn(process.execPath, ["-e", `require("node:net").connect(${port}, "127.0.0.1")`], { uid: 65534 });
  t.teardown(() => child.kill("SIGKILL"));
  const [socket] = (await once(server, "connection")) as [Socket];
  t.teardown(() => socket.destroy());
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  t.is(await peerUser({ remoteAddress, remotePort, localAddress, localPort }), 65534);
});

test("a daemon of a cluster says whether it acts, and what is in its way", (t) => {
  const role = (name: string, daemon = "d2") =>
    ({ role: name, host: "h1", daemon, endpoints: ["a:1", "b:2"] }) as never;
  t.is(readiness(undefined), "ok");
  t.is(readiness(role("leader")), "ok: leader of host h1");
  t.is(readiness(role("standby")), "ok: standby of host h1; d2 acts");
  t.is(readiness(role("leader"), true), "ok: leader of host h1; etcd has no room left, and changes are refused");
  t.is(readiness(role("standby", "")), "ok: standby of host h1; no daemon acts now");
  for (const fine of ["leader", "standby"]) t.is(obstacleOf(role(fine)), undefined);
  t.regex(obstacleOf(role("cut-off"))!, /^cut off: etcd at a:1, b:2 does not answer; VPP keeps the punts of host h1,/);
  const problem = new PuntError("cluster.vpp", "ERR_OTHER_VPP", "it is the VPP of d2");
  for (const [name, text] of [
    ["cut-off", "cut off: it is the VPP of d2; VPP keeps the punts of host h1, and nothing is changed"],
    ["other-vpp", "other VPP: it is the VPP of d2"],
    ["halted", "halted: it is the VPP of d2"],
  ] as const)
    t.is(obstacleOf({ ...(role(name) as ClusterRole), problem }), text);
});

test("stopping waits for calls and streams, each for itself, and refuses new ones", async (t) => {
  const traffic = new Traffic();
  const handled: string[] = [];
  const handler = traffic.counted(({ url }) => void handled.push(url!));
  const begin = (url: string) => {
    const response = Object.assign(new EventEmitter(), {
      status: 0,
      writeHead: (status: number) => Object.assign(response, { status }),
      end: () => void handled.push(`refused ${url}`),
    });
    handler({ url } as never, response as never);
    return response;
  };
  const [call, stream] = [begin("/x/List"), begin("/x/Watch")];
  const done: string[] = [];
  const calls = traffic.idle("calls", 60_000).then(() => done.push("calls"));
  const streams = traffic.idle("streams", 60_000).then(() => done.push("streams"));
  await new Promise(setImmediate);
  t.deepEqual(done, []);
  call.emit("close");
  await calls;
  t.deepEqual(done, ["calls"]);
  stream.emit("close");
  await streams;
  await traffic.idle("streams", 60_000);
  for (const name of ["Session", "Dump", "WatchInterfaces", "ServerReflectionInfo"]) begin(`/x/${name}`);
  await traffic.idle("calls", 60_000);
  await traffic.idle("streams", 1);
  traffic.close();
  t.is(begin("/x/Add").status, 503);
  t.is(handled.at(-1), "refused /x/Add");
  await traffic.idle("calls", 60_000);
});
