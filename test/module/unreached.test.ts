// A daemon's host that is out of reach: the connection takes its time to fail, and no call says that the daemon has been silent for longer.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { connectPunts, openPunt } from "../../lib/module/index.js";
import { Certificates } from "../support/daemon/certificates.js";
import { need } from "../support/need.js";

const { test } = need("openssl");

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-unreached-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Makes a program's certificate and key, and the CA that signed the certificate. */
function certificates(t: ExecutionContext) {
  const pem = new Certificates(folderOf(t));
  pem.makeCa("ca");
  pem.make("fw", "ca");
  const read = (name: string) => readFileSync(pem.path(name));
  return { ca: read("ca.pem"), cert: read("fw.pem"), key: read("fw.key") };
}

test("a call that finds no connection takes its whole time, and not that of a ping over an ended one", async (t) => {
  const files = certificates(t);
  // It takes connections and never answers the handshake.
  const server = createServer((socket) => void socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const tls = { host: "127.0.0.1", port, ...files };
  for (const wait of [0, 2_000]) {
    await using punts = await connectPunts({ tls, wait, answerTimeout: 1_000 });
    const start = performance.now();
    const message = /does not answer within 1000 ms: its host is out of reach, or it is stopped, or too busy$/;
    await t.throwsAsync(async () => punts.list(), { code: "ERR_DISCONNECTED", message });
    // A timer may be a millisecond early.
    t.true(performance.now() - start >= Math.max(wait, 1_000) - 10);
  }
});

test("a port where no TLS is spoken is not taken for a daemon that is away", async (t) => {
  const files = certificates(t);
  const server = createServer((socket) => void socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  await using punts = await connectPunts({ tls: { host: "127.0.0.1", port, ...files } });
  const error = await t.throwsAsync(async () => punts.list(), { code: "ERR_DISCONNECTED" });
  t.regex(
    error!.message,
    /^punt\.list: what answers at 127\.0\.0\.1:\d+ is not the TCP door of a daemon: .*wrong version/,
  );
  t.like(error, { op: "punt.list", details: { address: `127.0.0.1:${port}` } });
});

test("a program that no daemon has answered yet does not say that its packets go on", async (t) => {
  const dns = await openPunt({ cnf: "dns", udp: 53 }, { socket: join(folderOf(t), "manager.sock") });
  while (dns.status.reasons[0]?.code !== "DAEMON_AWAY") await once(dns, "status");
  t.regex(dns.status.reasons[0]!.text, /^no daemon has answered yet \(.*manager\.sock/);
  await dns.close();
});
