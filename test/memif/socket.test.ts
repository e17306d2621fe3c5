// The control socket: whose file it is, several interfaces on it, who may connect.
import { existsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import test from "ava";
import type { MemifEnding, MemifPeer } from "../../lib/memif/index.js";
import { startPeer } from "../support/memif/peer.js";
import { event, memifPair, memifSocket, open, openMemif, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";

test("the socket file has the mode asked for, and is gone after close", async (t) => {
  const socket = memifSocket(t);
  const server = openMemif(t, { role: "server", socket, socketMode: 0o600 });
  t.is(statSync(socket).mode & 0o777, 0o600);
  server.close();
  t.false(existsSync(socket));
});

test("the socket of another live server is an error; servers of one process share a socket by id", async (t) => {
  const socket = memifSocket(t);
  const first = openMemif(t, { role: "server", socket, id: 1 });
  t.throws(() => open({ role: "server", socket, id: 1 }), { code: "EEXIST", message: /id 1 is in use on/ });
  const second = openMemif(t, { role: "server", socket, id: 2 });
  first.close();
  t.true(existsSync(socket));
  const client = openMemif(t, { role: "client", socket, id: 2 });
  await Promise.all([event(second, "up"), event(client, "up")]);
  second.close();
  t.false(existsSync(socket));
});

test("a socket that another program listens on is left alone", async (t) => {
  const socket = memifSocket(t);
  const other = createServer().listen(socket);
  await new Promise((resolve) => other.once("listening", resolve));
  t.throws(() => open({ role: "server", socket }), {
    code: "EADDRINUSE",
    message: /a living process owns the socket there/,
  });
  t.true(existsSync(socket));
  other.close();
});

test("a file that isn't a socket is left alone", (t) => {
  const socket = memifSocket(t);
  writeFileSync(socket, "precious");
  t.throws(() => open({ role: "server", socket }), { code: "EEXIST", message: /something other than a socket/ });
  t.is(statSync(socket).size, 8);
});

test("a missing folder is an error that names the path", (t) => {
  t.throws(() => open({ role: "server", socket: "/no/such/folder/memif.sock" }), {
    code: "ENOENT",
    message: /\/no\/such\/folder\/memif\.sock/,
  });
});

need("g++").test("a stale file of a dead process is replaced", async (t) => {
  const socket = memifSocket(t);
  const dead = startPeer(t, "hostile_server", socket, "version");
  const first = openMemif(t, { role: "client", socket });
  await event(first, "refused");
  first.close();
  dead.process.kill("SIGKILL");
  await dead.ended;
  t.true(existsSync(socket));
  const server = openMemif(t, { role: "server", socket });
  const client = openMemif(t, { role: "client", socket });
  await Promise.all([event(server, "up"), event(client, "up")]);
  t.pass();
});

test("abstract sockets leave no file", async (t) => {
  const socket = `@vpp-punt-test-${process.pid}`;
  const server = openMemif(t, { role: "server", socket });
  const client = openMemif(t, { role: "client", socket });
  await Promise.all([event(server, "up"), event(client, "up")]);
  t.throws(() => open({ role: "server", socket }), { code: "EEXIST" });
});

test("the id distinguishes interfaces on one socket", async (t) => {
  const socket = memifSocket(t);
  const ids = [0, 7, 0xffffffff];
  const servers = ids.map((id) => openMemif(t, { role: "server", socket, id, name: `server${id}` }));
  const clients = ids.map((id) => openMemif(t, { role: "client", socket, id, name: `client${id}` }));
  const peers = await Promise.all(servers.map((server) => event<MemifPeer>(server, "up")));
  await Promise.all(clients.map((client) => client.peer ?? event(client, "up")));
  t.deepEqual(
    peers.map((peer) => peer.interface),
    ids.map((id) => `client${id}`),
  );
  t.deepEqual(
    clients.map((client) => client.peer!.interface),
    ids.map((id) => `server${id}`),
  );
});

test("a client with a wrong secret gets the reason", async (t) => {
  const socket = memifSocket(t);
  openMemif(t, { role: "server", socket, secret: "right" });
  const client = openMemif(t, { role: "client", socket, secret: "wrong", reconnectMs: 10 });
  t.deepEqual(await event<MemifEnding>(client, "refused"), { reason: "incorrect secret", by: "peer" });
});

test("a second client for the same id gets the reason, and connects when the first has left", async (t) => {
  const { server, client, socket } = await memifPair(t);
  const second = openMemif(t, { role: "client", socket, reconnectMs: 50 });
  t.is((await event<MemifEnding>(second, "refused")).reason, "already connected");
  t.not(server.peer, undefined);
  client.close();
  await event(second, "up");
  t.not(second.peer, undefined);
});

test("modes that differ do not connect; IP mode on both sides does", async (t) => {
  const socket = memifSocket(t);
  const server = openMemif(t, { role: "server", socket, mode: "ip" });
  const wrong = openMemif(t, { role: "client", socket, mode: "ethernet" });
  t.is((await event<MemifEnding>(wrong, "refused")).reason, "mode mismatch");
  wrong.close();
  const client = openMemif(t, { role: "client", socket, mode: "ip" });
  await Promise.all([event(server, "up"), event(client, "up")]);
  t.is(server.stats().violations >= 1, true);
});

test("fewer queues on one side: both use the smaller number", async (t) => {
  const { server, client } = await memifPair(t, {}, { rxQueues: 4, txQueues: 3 }, { rxQueues: 2, txQueues: 1 });
  t.is(client.peer!.txQueues, 2);
  t.is(client.peer!.rxQueues, 1);
  t.is(server.peer!.rxQueues, 2);
  t.is(client.tx(2).send(new Uint8Array(60)), 0);
  t.is(client.tx(1).send(new Uint8Array(60)), 1);
});

test("a client waits for its server, and comes back after it has gone", async (t) => {
  const socket = memifSocket(t);
  const client = openMemif(t, { role: "client", socket, reconnectMs: 20 });
  for (let i = 0; i < 3; i++) {
    const up = event<MemifPeer>(client, "up");
    const server = openMemif(t, { role: "server", socket, name: `life${i}` });
    t.is((await up).interface, `life${i}`);
    const down = event<MemifEnding>(client, "down");
    server.close();
    t.deepEqual(await down, { reason: "interface closed", by: "peer" });
  }
});

test("a reason for which a peer is refused is reported once, and again after a connection", async (t) => {
  const socket = memifSocket(t);
  const server = (secret: string) => openMemif(t, { role: "server", socket, secret });
  let current = server("theirs");
  const client = openMemif(t, { role: "client", socket, secret: "ours", reconnectMs: 1 });
  const endings: string[] = [];
  client.on("refused", ({ by, reason }) => void endings.push(`${by} ${reason}`));
  await until(() => client.stats().refused >= 3 && endings.length > 0);
  t.is(endings.length, 1);
  current.close();
  current = server("ours");
  await until(() => client.peer !== undefined);
  current.close();
  await until(() => client.peer === undefined);
  const { refused } = client.stats();
  current = server("theirs");
  // A server that closes in the middle of an attempt is a reason of its own.
  const alike = () => endings.filter((ending) => ending === endings[0]).length;
  await until(() => client.stats().refused >= refused + 3 && alike() > 1);
  t.is(alike(), 2);
});
