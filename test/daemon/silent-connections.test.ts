// Connections that say nothing, at the doors of the daemon: they neither keep other callers out nor delay its end.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import test, { type ExecutionContext } from "ava";
import { type Handler, openHttpDoor, openTlsDoor, openUnixDoor } from "../../lib/daemon/doors/index.js";
import type { Caller } from "../../lib/daemon/identity.js";
import { SilentConnections } from "../../lib/sockets/index.js";
import { serveGrpc } from "../../lib/stonework/server.js";
import { Certificates } from "../support/daemon/certificates.js";
import { need } from "../support/need.js";

const MOST_SILENT = 256;
/** Connections of one address that have asked for something. */
const MOST_OF_ADDRESS = 1_024;
/** Milliseconds for which each connection may be silent, however many there are. */
const PATIENCE_MS = 1_000;

/** Opens connections that say nothing. Returns the set of open ones, which shrinks as they end. */
async function silence(t: ExecutionContext, to: NetConnectOpts, count: number): Promise<Set<Socket>> {
  const left = new Set<Socket>();
  for (let i = 0; i < count; i++) {
    const socket = connect(to);
    left.add(socket);
    socket
      .on("error", () => {})
      .on("close", () => left.delete(socket))
      .resume();
    t.teardown(() => socket.destroy());
    await once(socket, "connect");
  }
  return left;
}

/** Opens more silent connections than may stay, some time after each other. Resolves when the oldest ones have ended. */
async function flood(t: ExecutionContext, to: NetConnectOpts, more: number): Promise<void> {
  const first = await silence(t, to, MOST_SILENT);
  await sleep(PATIENCE_MS + 100);
  const later = await silence(t, to, more);
  while (first.size > MOST_SILENT - more) await new Promise(setImmediate);
  t.is(later.size, more);
}

function at(address: string) {
  return { host: "127.0.0.1", port: Number(address.split(":")[1]) };
}

const answers = { notReady: () => undefined, ready: () => "ready", contentType: "", metrics: async () => "" };
const QUESTION = "GET /livez HTTP/1.1\r\nhost: daemon\r\n\r\n";

async function asked(socket: Socket): Promise<string> {
  socket.setEncoding("utf8").write(QUESTION);
  return (await once(socket, "data"))[0] as string;
}

test("of many silent connections the oldest end; a connection with a request stays, and a new caller is answered", async (t) => {
  const { address, close } = await openHttpDoor({ port: 0 }, answers);
  const keeper = connect(at(address));
  t.regex(await asked(keeper), /200/);
  // It sends requests, so that HTTP does not end it.
  const sending = setInterval(() => keeper.write(QUESTION), 500);
  await flood(t, at(address), 10);
  clearInterval(sending);
  t.regex(await asked(keeper), /200/);
  t.regex(await asked(connect(at(address))), /200/);
  await close();
});

test("one address has 1,024 connections that have asked, and others are answered beside them", async (t) => {
  const { address, close } = await openHttpDoor({ port: 0 }, answers);
  const askers: Socket[] = [];
  t.teardown(() => {
    for (const asker of askers) asker.destroy();
  });
  const open = (localAddress: string) => {
    const socket = connect({ ...at(address), localAddress }).on("error", () => {});
    askers.push(socket);
    return socket;
  };
  const ask = async () => t.regex(await asked(open("127.0.0.1")), / 200 /);
  // HTTP ends a connection some seconds after its last answer.
  const asking = setInterval(() => {
    for (const asker of askers) asker.write(QUESTION);
  }, 2_000);
  t.teardown(() => clearInterval(asking));
  const missing = () => MOST_OF_ADDRESS - askers.filter(({ closed }) => !closed).length;
  while (missing() > 0) await Promise.all(Array.from({ length: Math.min(missing(), MOST_SILENT) }, ask));
  const surplus = open("127.0.0.1");
  surplus.resume().write(QUESTION);
  await once(surplus, "close");
  t.is(surplus.bytesRead, 0);
  t.regex(await asked(open("127.0.0.2")), / 200 /);
  askers.find(({ closed }) => !closed)!.destroy();
  for (;;) {
    const next = open("127.0.0.1");
    const answer = asked(next).catch(() => "");
    if ((await Promise.race([answer, once(next, "close").then(() => "")])) !== "") break;
  }
  await close();
});

test("so it is at the daemon's UNIX socket", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-silent-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "manager.sock");
  const caller = { kind: "uid", uid: 0 } as unknown as Caller;
  const rights = { mode: 0o600, group: undefined, owner: undefined };
  const handler = ((_: unknown, response: ServerResponse) => response.end("here")) as unknown as Handler;
  const door = await openUnixDoor({
    ...{ path, ...rights, handler, callerOf: () => caller },
    problem: (error) => t.fail(String(error)),
  });
  const keeper = connect({ path });
  t.regex(await asked(keeper), /here/);
  const sending = setInterval(() => keeper.write(QUESTION), 500);
  await flood(t, { path }, 10);
  clearInterval(sending);
  t.regex(await asked(keeper), /here/);
  t.regex(await asked(connect({ path })), /here/);
  await door.close();
});

test.serial("many connections at once have a second each, up to 4,096 of them", async (t) => {
  const silent = new SilentConnections<number>();
  const ended: number[] = [];
  const add = (key: number) => silent.add(key, { destroy: () => void ended.push(key), once: () => {} });
  const looked = () => new Promise(setImmediate);
  let now = 5_000;
  const clock = mock.method(performance, "now", () => now);
  for (let key = 1; key <= 4_096; key++) add(key);
  await looked();
  t.deepEqual(ended, []);
  add(4_097);
  await looked();
  t.deepEqual(ended, [1]);
  now += PATIENCE_MS;
  add(4_098);
  // Number 2 has sent something, which is read in the same turn, as after a standstill of this process.
  silent.delete(2);
  await looked();
  clock.mock.restore();
  t.is(ended.length, 1 + 4_097 - 2 - MOST_SILENT + 1);
  t.deepEqual(ended.slice(0, 3), [1, 3, 4]);
});

test("silent connections do not hold up the end of a StoneWork server", async (t) => {
  const { port, close } = await serveGrpc({ host: "127.0.0.1", port: 0 }, "stonework.start", () => {});
  const left = await silence(t, { host: "127.0.0.1", port }, 3);
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
    const files = { cert: pem.path("daemon.pem"), key: pem.path("daemon.key"), ca: pem.path("ca.pem") };
    const door = await openTlsDoor(
      { host: "127.0.0.1", port: 0, ...files },
      (_, response) => response.end("here"),
      () => {},
    );
    const own = { cert: readFileSync(pem.path("dns.pem")), key: readFileSync(pem.path("dns.key")) };
    const dial = async () => {
      const socket = connectTls({ ...at(door.path), rejectUnauthorized: false, ...own });
      socket.on("error", () => {});
      await once(socket, "secureConnect");
      return socket;
    };
    const idle = await dial();
    await flood(t, at(door.path), 10);
    for (const socket of [idle, await dial()]) t.regex(await asked(socket), /here/);
    await door.close();
  },
);
