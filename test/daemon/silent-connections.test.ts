// Connections that say nothing, at the TCP ports of the daemon: they keep nobody out, and do not hold up its end.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import test, { type ExecutionContext } from "ava";
import { openHttpDoor, openTlsDoor } from "../../lib/daemon/doors/index.js";
import { serveGrpc } from "../../lib/stonework/server.js";
import { Certificates } from "../support/daemon/certificates.js";
import { need } from "../support/need.js";

const MOST_SILENT = 256;

/** Opens connections that say nothing. Resolves when `open` of them are left. */
async function silence(t: ExecutionContext, port: number, count: number, open = count): Promise<Set<Socket>> {
  const left = new Set<Socket>();
  for (let i = 0; i < count; i++) {
    const socket = connectTcp({ host: "127.0.0.1", port });
    left.add(socket);
    socket
      .on("error", () => {})
      .on("close", () => left.delete(socket))
      .resume();
    t.teardown(() => socket.destroy());
    await once(socket, "connect");
  }
  while (left.size > open) await new Promise(setImmediate);
  return left;
}

function portOf(address: string): number {
  return Number(address.split(":")[1]);
}

const answers = { notReady: () => undefined, ready: () => "ready", contentType: "", metrics: async () => "" };

test("beyond 256 silent connections the oldest one ends, and a supervisor is answered", async (t) => {
  const { address, close } = await openHttpDoor({ port: 0 }, answers);
  const [first] = await silence(t, portOf(address), 1);
  const asking = get(`http://${address}/livez`, { agent: false });
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  t.is(answer.statusCode, 200);
  answer.resume();
  const left = await silence(t, portOf(address), MOST_SILENT);
  t.is(left.size, MOST_SILENT);
  while (!first!.destroyed) await new Promise(setImmediate);
  const [second] = (await once(get(`http://${address}/livez`, { agent: false }), "response")) as [IncomingMessage];
  t.is(second.statusCode, 200);
  await close();
});

test("a connection that has asked is not counted, and stays beside many silent ones", async (t) => {
  const { address, close } = await openHttpDoor({ port: 0 }, answers);
  const keeper = connectTcp({ host: "127.0.0.1", port: portOf(address) }).setEncoding("utf8");
  keeper.write("GET /livez HTTP/1.1\r\nhost: daemon\r\n\r\n");
  t.regex((await once(keeper, "data"))[0], /200/);
  await silence(t, portOf(address), MOST_SILENT + 10, MOST_SILENT);
  keeper.write("GET /readyz HTTP/1.1\r\nhost: daemon\r\nconnection: close\r\n\r\n");
  t.regex((await once(keeper, "data"))[0], /200/);
  await close();
});

test("silent connections do not hold up the end of a StoneWork server", async (t) => {
  const { port, close } = await serveGrpc({ host: "127.0.0.1", port: 0 }, "stonework.start", () => {});
  const left = await silence(t, port, 3);
  await close();
  while (left.size > 0) await new Promise(setImmediate);
  t.is(left.size, 0);
});

const withOpenssl = need("openssl");

withOpenssl.test(
  "at the TCP door, silent connections keep out no certificate, and do not hold up its end",
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "vpp-punt-silent-"));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const pem = new Certificates(folder);
    pem.makeCa("ca");
    for (const name of ["daemon", "dns"]) pem.make(name, "ca");
    const at = (name: string) => pem.path(name);
    const files = { cert: at("daemon.pem"), key: at("daemon.key"), ca: at("ca.pem") };
    const door = await openTlsDoor(
      { host: "127.0.0.1", port: 0, ...files },
      (_, response) => response.end("here"),
      () => {},
    );
    const port = portOf(door.path);
    const own = { cert: readFileSync(at("dns.pem")), key: readFileSync(at("dns.key")) };
    const dial = async () => {
      const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, ...own }).setEncoding("utf8");
      socket.on("error", () => {});
      await once(socket, "secureConnect");
      return socket;
    };
    const idle = await dial();
    const left = await silence(t, port, MOST_SILENT + 10, MOST_SILENT);
    for (const socket of [idle, await dial()]) {
      socket.write("GET / HTTP/1.1\r\nhost: daemon\r\nconnection: close\r\n\r\n");
      t.regex((await once(socket, "data"))[0], /here/);
    }
    t.true(left.size >= MOST_SILENT - 1);
    await door.close();
    while (left.size > 0) await new Promise(setImmediate);
  },
);
