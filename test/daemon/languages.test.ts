// The daemon's calls by other clients than the package's own: curl over both HTTPs, and Python's grpcio.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { toJson } from "@bufbuild/protobuf";
import test from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { type PuntRequestInput, parseRequest } from "../../lib/punt/index.js";
import { PuntRequestSchema } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import { requestToWire } from "../../lib/wire/index.js";
import { REQUESTS } from "../fuzz/requests.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { need } from "../support/need.js";

const run = promisify(execFile);

const curl = need("curl");

function post(socket: string, call: string, body: object, ...options: string[]) {
  const url = `http://localhost/${call.includes("/") ? call : `vpp_punt.v1.Punts/${call}`}`;
  const args = ["-s", "--unix-socket", socket, "-H", "content-type: application/json", "-d", JSON.stringify(body)];
  return run("curl", [...args, ...options, url], { timeout: 20_000 }).then(({ stdout }) => JSON.parse(stdout));
}

const REQUEST = {
  ...{ cnf: "dns", type: "PUNT_TO_SOCKET" },
  toHost: { af: "IPV4", protocol: "UDP", port: 53 },
};

for (const version of ["--http1.1", "--http2-prior-knowledge"]) {
  curl.test(`curl ${version} asks, lists and is refused`, async (t) => {
    const { socket, directory } = await daemonTest(t);
    t.is(lstatSync(socket).mode & 0o777, 0o660);
    const { status } = await post(socket, "Add", { request: REQUEST, wait: { forCreated: true } }, version);
    t.is(status.state, "CREATED");
    t.true(status.request.socketPath.startsWith(directory), "the daemon chose the path");
    t.is((await post(socket, "List", {}, version)).punts.length, 1);
    const wrong = await post(
      socket,
      "Add",
      { request: { ...REQUEST, toHost: { af: "IPV4", protocol: "UDP" } } },
      version,
    );
    t.is(wrong.code, "invalid_argument");
    t.regex(wrong.message, /toHost\.port: is missing/);
    t.regex(wrong.details[0].debug.code, /INVALID_REQUEST/);
    const waiting = await post(socket, "Add", { request: { ...REQUEST, dependsOn: [{ kind: "route" }] } }, version);
    t.regex(waiting.message, /\{ kind: "vrf", vrf, af \}/);
    t.is((await post(socket, "ExplainFrames", { frames: [""], interface: "eth0" }, version)).code, "invalid_argument");
    const misspelt = await post(socket, "Add", { request: { ...REQUEST, sockettPath: "/tmp/x" } }, version);
    t.regex(misspelt.message, /sockettPath/);
    t.is((await post(socket, "grpc.health.v1.Health/Check", {}, version)).status, "SERVING");
    t.is((await post(socket, "grpc.health.v1.Health/Check", { service: "no" }, version)).code, "not_found");
  });
}

curl.test("a call that waits when the daemon stops gets an error with its detail", async (t) => {
  const { socket, daemon } = await daemonTest(t, { drainTime: 100 });
  const request = { cnf: "fw", type: "SPAN", interconnect: "MEMIF", vppInterface: "none" };
  const waiting = post(socket, "Add", { request, wait: { forCreated: true } });
  while ((await post(socket, "List", {})).punts?.[0]?.state !== "PENDING");
  await daemon.close();
  t.like(await waiting, { code: "unavailable", message: "punt.add: the daemon is stopping" });
  t.is((await waiting).details[0].debug.code, "ERR_CLOSED");
});

curl.test("zero values of the contract mean that a field is not set", async (t) => {
  const { socket } = await daemonTest(t);
  const zeros = { interconnect: 0, key: "", label: "", enableGso: false, vrf: 0, withoutCnfVrf: false };
  const ask = async (request: object) => (await post(socket, "Add", { request })).status?.request;
  const span = { cnf: "span", type: "SPAN", vppInterface: "eth0" };
  t.like(await ask({ ...span, ...zeros, direction: 0 }), { interconnect: "TAP", direction: "BOTH" });
  const hairpinInterface = { name: "h", physAddress: "", ipAddresses: [], vrf: 0, withDhcpClient: false, mtu: 0 };
  const hairpin = { cnf: "hairpin", type: "HAIRPIN", vppInterface: "eth1", hairpinInterface };
  t.deepEqual((await ask({ ...hairpin, ...zeros }))?.hairpinInterface, { name: "h" });
  t.like(await ask({ cnf: "dhcp", type: "DHCP_PROXY", ...zeros, families: [] }), { families: ["IPV4"] });
  t.like(await ask({ ...REQUEST, ...zeros }), { interconnect: "AF_UNIX" });
});

test("a file of punts may have requests as the daemon's answers have them", (t) => {
  // JSON has no zeros of messages: a range from 0 lacks its first.
  for (const input of REQUESTS.filter((each) => each.type !== "ABX")) {
    const request = parseRequest(input);
    t.deepEqual(parseRequest(toJson(PuntRequestSchema, requestToWire(input))), request, JSON.stringify(input));
  }
  const socket = { cnf: "s", type: "PUNT_TO_SOCKET", socketPath: "/run/s.sock" } as const;
  const inputs: PuntRequestInput[] = [
    { ...socket, ipProto: { af: "IPV4", protocol: 89 } },
    { ...socket, toHost: { af: "IPV6", protocol: "ICMPv6", port: 200 } },
    { cnf: "a", type: "ABX", vppInterface: "eth0", ingressAclRules: [{ protocol: 17, destinationPort: 53 }] },
  ];
  for (const input of inputs)
    t.deepEqual(parseRequest(toJson(PuntRequestSchema, requestToWire(input))), parseRequest(input));
});

const python = need("python-grpc");

python.test(
  "Python's grpcio learns the contract by reflection, asks, watches and gets errors with details",
  async (t) => {
    const { socket } = await daemonTest(t);
    const calls = [
      ["Info", {}],
      ["Add", { request: REQUEST, wait: { forCreated: true } }],
      ["Watch", {}],
      ["WatchInterfaces", {}],
      ["Delete", { id: { cnf: "nobody" } }],
      ["Add", { request: { cnf: "x", type: "SPAN" } }],
    ];
    const script = "test/support/daemon/client.py";
    const { stdout } = await run("/usr/bin/python3", [script, socket, JSON.stringify(calls)], { timeout: 60_000 });
    const [info, added, watched, interfaces, none, invalid] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    t.is(info.reply.operator, true);
    t.is(added.reply.status.state, "CREATED");
    t.is(watched.reply.snapshot.punts[0].id.cnf, "dns");
    t.true(interfaces.reply.interfaces.some(({ name }: { name: string }) => name === "eth0"));
    t.is(none.error, "NOT_FOUND");
    t.regex(none.detail.code, /NO_SUCH_PUNT/);
    t.is(invalid.error, "INVALID_ARGUMENT");
    t.is(invalid.detail.op, "punt.add");
  },
);

python.test(
  "a watch from a revision that is gone begins with a snapshot that says so, to Python and the module",
  async (t) => {
    const { socket, connect, restart } = await daemonTest(t);
    const watch = async (from: string) => {
      const calls = JSON.stringify([["Watch", { from }]]);
      const { stdout } = await run("/usr/bin/python3", ["test/support/daemon/client.py", socket, calls], {
        timeout: 60_000,
      });
      return JSON.parse(stdout).reply;
    };
    const first = await watch("");
    t.is(first.snapshot.revisionGone, undefined);
    await post(socket, "Add", { request: REQUEST, wait: { forCreated: true } });
    // The revision is still known: only what has changed since comes.
    t.is((await watch(first.revision)).change.id.cnf, "dns");
    await restart();
    const again = await watch(first.revision);
    t.true(again.snapshot.revisionGone);
    t.is(again.snapshot.punts[0].id.cnf, "dns");
    for await (const event of (await connect()).watch({ from: first.revision })) {
      t.like(event, { kind: "snapshot", resync: true });
      break;
    }
  },
);

test("a dead daemon's socket is replaced; a living daemon's socket and other files are not", async (t) => {
  const { socket, daemon, vpp, directory } = await daemonTest(t);
  // The owner of the living daemon is busy, which its next daemon finds out if VPP is connected by then.
  const place = { vppSocket: vpp.apiSocket, socketDirectory: directory, manager: { owner: "other" } };
  const start = (path: string) => Daemon.start({ socket: path, ...place });
  await t.throwsAsync(start(socket), { code: "EADDRINUSE" });
  const file = join(directory, "file");
  writeFileSync(file, "mine");
  await t.throwsAsync(start(file), { code: "EEXIST" });
  t.is(readFileSync(file, "utf8"), "mine");
  await daemon.close();
  t.false(existsSync(socket));
  const dead = createServer().listen(socket);
  await once(dead, "listening");
  // The file stays, as after a kill.
  renameSync(socket, `${socket}.kept`);
  dead.close();
  await once(dead, "close");
  renameSync(`${socket}.kept`, socket);
  const again = await start(socket);
  t.deepEqual(again.addresses, [socket, join(dirname(socket), "attach.sock")]);
  await again.close();
});
