// What libmemif cannot do is an error, and what it does wrong is mended: one test a fault.
import { existsSync, writeFileSync } from "node:fs";
import test from "ava";
import { Memif, type MemifEnding } from "../../lib/memif.js";
import { native } from "../../lib/native.js";
import { event, memifPair, memifSocket, openMemif, until } from "../support/memif.js";
import { startPeer } from "../support/peer.js";

const present = native.buildInfo().libmemif;
const over = present ? test : test.skip;
const title = (text: string) => (present ? text : `${text} [skipped: libmemif is not in this build]`);
const engine = "libmemif" as const;

test("a build without libmemif says so", (t) => {
  if (present) {
    t.notThrows(() => Memif.open({ role: "client", socket: memifSocket(t), engine }).close());
    return;
  }
  const error = t.throws(() => Memif.open({ role: "client", socket: "/nowhere", engine }), { code: "ERR_NOT_BUILT" });
  t.regex(error!.message, /vpp-punt info/);
});

over(title("libmemif cannot retain, and says so at open"), (t) => {
  const open = () => Memif.open({ role: "client", socket: memifSocket(t), engine, spareBuffers: 4 });
  t.regex(t.throws(open, { code: "ERR_OPTION" })!.message, /libmemif, which cannot retain/);
});

over(title("a burst that ends with more queued is delivered whole: libmemif calls that an error"), async (t) => {
  const { server, client } = await memifPair(t, { engine, burst: 8 });
  let received = 0;
  server.receive((batch) => {
    received += batch.length;
  });
  const packets = Array.from({ length: 500 }, () => new Uint8Array(60));
  for (let sent = 0; sent < packets.length; ) {
    sent += client.send(packets.slice(sent));
    await new Promise(setImmediate);
  }
  await until(() => received === 500);
  t.is(Number(server.statistics().rx[0]!.packets), 500);
});

over(title("a stale socket file is replaced, a live one and another file are errors by name"), async (t) => {
  const socket = memifSocket(t);
  writeFileSync(socket, "not a socket");
  t.throws(() => Memif.open({ role: "server", socket, engine }), { code: "EEXIST", message: /something other/ });
  const other = memifSocket(t);
  const first = openMemif(t, { role: "server", socket: other, engine: "builtin" });
  t.throws(() => Memif.open({ role: "server", socket: other, engine }), { code: "EEXIST" });
  first.close();
  openMemif(t, { role: "server", socket: other, engine });
});

over(title("a wrong secret is told, not only tried again"), async (t) => {
  const socket = memifSocket(t);
  openMemif(t, { role: "server", socket, engine: "builtin", secret: "right" });
  const client = openMemif(t, { role: "client", socket, engine, secret: "wrong", reconnectMs: 10 });
  const { reason } = await event<{ reason: string }>(client, "refused");
  t.regex(reason, /secret/i);
});

over(title("several interfaces share a socket, and a taken id is an error"), async (t) => {
  const socket = memifSocket(t);
  const servers = [1, 2].map((id) => openMemif(t, { role: "server", socket, engine, id }));
  t.throws(() => Memif.open({ role: "server", socket, engine, id: 2 }), { code: "EEXIST" });
  const clients = [1, 2].map((id) => openMemif(t, { role: "client", socket, engine, id }));
  await Promise.all([...servers, ...clients].map((port) => event(port, "up")));
  t.deepEqual(
    clients.map((port) => port.peer!.interface),
    ["memif1", "memif2"],
  );
});

over(title("the peer's end is told with its reason, and the client connects again"), async (t) => {
  const socket = memifSocket(t);
  const client = openMemif(t, { role: "client", socket, engine, reconnectMs: 10 });
  for (let i = 0; i < 20; i++) {
    const server = Memif.open({ role: "server", socket, engine: "builtin" });
    await event(client, "up");
    const down = event<{ by: string; reason: string }>(client, "down");
    server.close();
    t.is((await down).by, "peer");
  }
});

/** What the library hands on unchecked, or crashes on where it is used. */
for (const [which, reason] of Object.entries({
  offset: /descriptor outside the peer's memory/,
  "just-past-region": /descriptor outside the peer's memory/,
  length: /descriptor outside the peer's memory/,
  "head-jump": /ring index jumped/,
  "endless-chain": /chain without an end/,
})) {
  over(title(`a client's ${which} ends the connection, and the next client is served`), async (t) => {
    const socket = memifSocket(t);
    const server = openMemif(t, { role: "server", socket, engine });
    server.receive(() => {});
    const down = event<MemifEnding>(server, "down");
    const peer = startPeer(t, "hostile_client", socket, which);
    const ending = await down;
    t.regex(ending.reason, reason);
    t.is(ending.by, "violation");
    await peer.ended;
    t.is(server.statistics().violations, 1);
    const up = event(server, "up");
    openMemif(t, { role: "client", socket, engine: "builtin" });
    await up;
  });
}

over(title("memory that a client truncates reads as zeros, and ends the connection"), async (t) => {
  const socket = memifSocket(t);
  const server = openMemif(t, { role: "server", socket, engine });
  const down = event<MemifEnding>(server, "down");
  const peer = startPeer(t, "hostile_client", socket, "truncate");
  let sum = 0;
  let bytes = 0;
  server.receive((batch) => {
    const view = batch.view(0);
    peer.process.stdin.write("x");
    // The handler must not leave while the peer truncates: it waits without the event loop.
    const wait = new Int32Array(new SharedArrayBuffer(4));
    for (let i = 0; i < 5000 && !existsSync(`${socket}.done`); i++) {
      Atomics.wait(wait, 0, 0, 1);
    }
    for (const byte of view) sum += byte;
    bytes = view.length;
  });
  t.is((await down).by, "violation");
  t.true(bytes > 0);
  t.is(sum, 0);
});
