// The daemon's TCP door: whose certificates it takes, and how they change without a restart.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { callerOf, openTlsDoor, type RefusedHandshake } from "../../lib/daemon/doors/index.js";
import { PuntError } from "../../lib/errors.js";
import { connectPunts } from "../../lib/module/index.js";
import { Certificates } from "../support/daemon/certificates.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { need } from "../support/need.js";
import { until } from "../support/until.js";

const { test, reason } = need("openssl");
const folder = mkdtempSync(join(tmpdir(), "vpp-punt-tls-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const pem = new Certificates(folder);
const at = (name: string) => pem.path(name);

if (reason === undefined) {
  pem.makeCa("ca");
  pem.makeCa("foreign");
  pem.make("daemon", "ca");
  pem.make("dns", "ca");
  pem.make("expired", "ca", -1);
  pem.make("stranger", "foreign");
}

/** A door in files of its own, which answers with the caller's identity. */
async function openDoor(name: string) {
  const files = { cert: at(`${name}-cert`), key: at(`${name}-key`), ca: at(`${name}-ca`) };
  const use = (certificate: string, ca: string) => {
    copyFileSync(at(`${certificate}.pem`), files.cert);
    copyFileSync(at(`${certificate}.key`), files.key);
    copyFileSync(at(`${ca}.pem`), files.ca);
  };
  use("daemon", "ca");
  const refused: RefusedHandshake[] = [];
  const door = await openTlsDoor(
    { host: "127.0.0.1", port: 0, ...files },
    (request, response) => response.end(JSON.stringify(callerOf(request))),
    (handshake) => refused.push(handshake),
  );
  return { door, files, use, refused, port: Number(door.path.split(":")[1]) };
}

/** Asks over a connection, and returns the answer, or the error's code. */
function ask(port: number, who?: string, options: ConnectionOptions = {}): Promise<string> {
  const own = who === undefined ? {} : { cert: readPem(`${who}.pem`), key: readPem(`${who}.key`) };
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...own, ...options });
  return askOn(socket);
}

function askOn(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once("close", () => resolve(answer));
    socket.write("GET / HTTP/1.1\r\nhost: daemon\r\nconnection: close\r\n\r\n");
  });
}

function readPem(name: string): Buffer {
  return execFileSync("cat", [at(name)]);
}

test("a certificate of the door's CA is an identity; a foreign, an expired and a missing one are refused", async (t) => {
  const { door, port } = await openDoor("identity");
  t.regex(await ask(port, "dns"), /"kind":"tls".*"dns"/);
  for (const who of ["stranger", "expired", undefined])
    t.notRegex(await ask(port, who), /"kind"/, `${who ?? "a caller without a certificate"} was let in`);
  t.notRegex(await ask(port, "dns", { maxVersion: "TLSv1.2" }), /"kind"/);
  t.regex(await ask(port, "dns"), /"kind":"tls"/);
  await door.close();
});

test("certificates are rotated without a restart: an open connection stays, a new one needs the new CA", async (t) => {
  const { door, port, use } = await openDoor("rotated");
  pem.make("daemon2", "foreign");
  const old = connect({
    host: "127.0.0.1",
    port,
    rejectUnauthorized: false,
    cert: readPem("dns.pem"),
    key: readPem("dns.key"),
  });
  await new Promise((resolve) => old.once("secureConnect", resolve));
  use("daemon2", "foreign");
  await door.reload();
  t.regex(await ask(port, "stranger", { ca: readPem("foreign.pem"), rejectUnauthorized: true }), /"stranger"/);
  t.notRegex(await ask(port, "dns"), /"kind"/);
  t.regex(await askOn(old), /"dns"/);
  await door.close();
});

test("a file without a certificate changes nothing, and the error has its path and not its content", async (t) => {
  const { door, files, port } = await openDoor("kept");
  const other = readPem("dns.key").toString();
  for (const [part, text] of [
    ["key", "-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----\n"],
    ["key", other],
    ["cert", other],
    ["ca", ""],
    ["ca", other],
    ["ca", `${readPem("dns.pem")}-----BEGIN CERTIFICATE-----\nhidden`],
  ] as const) {
    const path = files[part];
    const before = readFileSync(path);
    writeFileSync(path, text);
    const error = await t.throwsAsync(door.reload(), { instanceOf: PuntError });
    t.like(error, { code: "ERR_CERTIFICATE", details: { path } });
    t.true(error.message.includes(`${path} of option tls.${part} cannot be used: `), error.message);
    t.notRegex(error.message, /hidden/);
    writeFileSync(path, before);
  }
  rmSync(files.cert);
  t.is((await t.throwsAsync(door.reload(), { instanceOf: PuntError })).code, "ENOENT");
  t.regex(await ask(port, "dns"), /"kind":"tls"/);
  await door.close();
});

test("a refused handshake is reported with its address and the reason", async (t) => {
  const { door, port, refused } = await openDoor("told");
  const reasons: [() => Promise<unknown>, RegExp][] = [
    [() => ask(port), /^peer did not return a certificate$/],
    [() => ask(port, "stranger"), /not trusted: (DEPTH_ZERO|UNABLE_TO)/],
    [() => ask(port, "expired"), /not trusted: CERT_HAS_EXPIRED/],
    [() => ask(port, "dns", { maxVersion: "TLSv1.2" }), /^unsupported protocol$/],
    [() => once(connectPlain(port).end("GET / HTTP/1.1\r\n\r\n"), "close"), /^http request$/],
    [() => once(connectPlain(port).end(), "close"), /ended before/],
  ];
  for (const [index, [call, reason]] of reasons.entries()) {
    await call();
    while (refused.length <= index) await new Promise(setImmediate);
    t.regex(refused[index]!.reason, reason);
    t.regex(refused[index]!.from, /^127\.0\.0\.1:\d+$/);
  }
  t.regex(await ask(port, "dns"), /"kind":"tls"/);
  t.is(refused.length, reasons.length);
  await door.close();
});

test("a pattern of a rule takes names of its own kind only", async (t) => {
  const policy = at("kinds.yaml");
  const san = ["*.noc.example", "spiffe://site/*", "*@ops.example", "10.0.*", "fd00::*"];
  writeFileSync(policy, JSON.stringify({ rules: [{ name: "named", match: { san }, operator: true }] }));
  const tls = { host: "127.0.0.1", port: 0, cert: at("daemon.pem"), key: at("daemon.key"), ca: at("ca.pem") };
  const { daemon } = await daemonTest(t, { policy, tls });
  const port = Number(daemon.addresses.at(-1)!.split(":")[1]);
  const isOperator = async (names: string) => {
    pem.make("kind", "ca", 2, names);
    const own = { ca: readPem("ca.pem"), cert: readPem("kind.pem"), key: readPem("kind.key") };
    await using punts = await connectPunts({ tls: { host: "127.0.0.1", port, ...own } });
    return await punts.info().then(
      ({ operator }) => operator,
      (error: PuntError) => error.code,
    );
  };
  for (const names of ["DNS:a.noc.example", "URI:spiffe://site/a/b", "email:a@ops.example", "IP:10.0.0.9"])
    t.true(await isOperator(names), names);
  for (const names of ["IP:fd00::9", "DNS:A.Noc.Example", "DNS:a.example,DNS:b.noc.example"])
    t.true(await isOperator(names), names);
  const others = ["email:a@b.noc.example", "URI:https://a.example/b.noc.example", "URI:https://a@ops.example"];
  for (const names of [...others, "DNS:10.0.a.example", "DNS:noc.example"]) t.is(await isOperator(names), "ERR_POLICY");
});

function connectPlain(port: number) {
  return connectTcp({ host: "127.0.0.1", port })
    .on("error", () => {})
    .resume();
}

test("the audit log has a line for a refused handshake", async (t) => {
  const policy = at("policy.yaml");
  writeFileSync(policy, "rules: []");
  const audit = at("audit.log");
  const tls = { host: "127.0.0.1", port: 0, cert: at("daemon.pem"), key: at("daemon.key"), ca: at("ca.pem") };
  const { daemon } = await daemonTest(t, { policy, audit, tls });
  await ask(Number(daemon.addresses.at(-1)!.split(":")[1]), "stranger");
  const lines = () => readFileSync(audit, "utf8").split("\n").filter(Boolean);
  while (lines().length === 0) await new Promise(setImmediate);
  const { caller, ...rest } = JSON.parse(lines()[0]!);
  t.regex(caller, /^tls from 127\.0\.0\.1:\d+$/);
  t.like(rest, { call: "handshake", decision: "refused" });
  t.regex(rest.message, /not trusted/);
});

test("a certificate that cannot be read does not hold up the policy; where neither can be read, the log has the certificate", async (t) => {
  const [policy, cert] = [at("beside.yaml"), at("beside.pem")];
  writeFileSync(policy, "rules: []");
  copyFileSync(at("daemon.pem"), cert);
  const told: unknown[][] = [];
  const say = (level: string) => (fields: { err?: PuntError }, text: string) =>
    void told.push([level, text, fields.err?.code]);
  const logger = { info: say("info"), warn: say("warn"), error: say("error") };
  const tls = { host: "127.0.0.1", port: 0, cert, key: at("daemon.key"), ca: at("ca.pem") };
  const { daemon } = await daemonTest(t, { policy, tls, logger });
  // Nothing else is said from then on.
  await until(() => told.some(([, text]) => text === "VPP is connected"));
  rmSync(cert);
  told.length = 0;
  await t.throwsAsync(daemon.reload(), { code: "ENOENT" });
  t.deepEqual(told, [["info", "the policy was read again", undefined]]);
  writeFileSync(policy, "rules: 5");
  told.length = 0;
  await t.throwsAsync(daemon.reload(), { code: "ERR_POLICY_FILE" });
  t.deepEqual(told, [["error", "what could not be read stays as it was", "ENOENT"]]);
});
