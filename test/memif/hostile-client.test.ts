// Clients that break the protocol once connected, against our server: each gets a DISCONNECT that names what is wrong, is counted, and
// leaves the port in good order for the next client.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { MemifEnding } from "../../lib/memif/index.js";
import { openServer, servesTheNext } from "../support/memif/hostile.js";
import { startPeer } from "../support/memif/peer.js";
import { event, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";

const { test } = need("g++");

/** Bad descriptors and messages once connected; the good packets before the bad one are delivered. */
const violations: Record<string, { reason: RegExp; packets: number }> = {
  offset: { reason: /descriptor outside its region: offset 4294967280, length 64/, packets: 3 },
  "just-past-region": { reason: /descriptor outside its region: offset \d+, length 65/, packets: 3 },
  region: { reason: /descriptor names region 40 of 1/, packets: 3 },
  length: { reason: /descriptor outside its region: offset 65536, length 4294967295/, packets: 3 },
  "head-jump": { reason: /ring index jumped by 40000 slots of 1024/, packets: 0 },
  "endless-chain": { reason: /chain without an end/, packets: 0 },
  "connect-twice": { reason: /unexpected message type 6 while connected/, packets: 0 },
  "region-while-connected": { reason: /unexpected message type 4 while connected/, packets: 0 },
};

for (const [which, { reason, packets }] of Object.entries(violations)) {
  test(`server: ${which} while connected ends the connection by name`, async (t) => {
    const { server, socket } = openServer(t);
    let got = 0;
    server.receive((batch) => {
      for (let i = 0; i < batch.length; i++) got += batch.byteLength(i) === 64 ? 1 : 1000;
    });
    const down = event<MemifEnding>(server, "down");
    const peer = startPeer(t, "hostile_client", socket, which);
    const ending = await down;
    t.regex(ending.reason, reason);
    t.is(ending.by, "violation");
    t.true((await peer.ended).includes(`disconnect ${ending.reason}`));
    t.is(got, packets);
    t.is(server.stats().violations, 1);
    await servesTheNext(t, server, socket);
  });
}

for (const [which, reason] of Object.entries({
  "posted-buffer": /posted buffer outside its region: region 0, offset \d+, length 2048/,
  "posted-region": /posted buffer outside its region: region 77/,
  "posted-head": /ring index jumped: 5000 slots on a ring of 1024/,
})) {
  test(`server: sending to a client with a bad ${which} ends the connection by name`, async (t) => {
    const { server, socket } = openServer(t);
    const down = event<MemifEnding>(server, "down");
    const peer = startPeer(t, "hostile_client", socket, which);
    await event(server, "up");
    let ending: MemifEnding | undefined;
    down.then((value) => {
      ending = value;
    });
    // The bad buffer comes some time after the handshake.
    await until(() => {
      if (ending === undefined) server.send([new Uint8Array(100)]);
      return ending !== undefined;
    });
    t.regex(ending!.reason, reason);
    t.true((await peer.ended).includes(`disconnect ${ending!.reason}`));
    t.is(server.stats().tx[0]!.packets, 0);
  });
}

test("server: descriptors that change while they are read do no harm", async (t) => {
  const { server, socket } = openServer(t);
  server.receive((batch) => {
    for (let i = 0; i < batch.length; i++) t.true(batch.byteLength(i) <= 65535);
  });
  const down = event<MemifEnding>(server, "down");
  startPeer(t, "hostile_client", socket, "flip");
  const ending = await down;
  t.regex(ending.reason, /descriptor outside its region|descriptor names region 65535|chain without an end/);
  t.is(ending.by, "violation");
  await servesTheNext(t, server, socket);
});

test("server: a posted buffer longer than a packet can be is used", async (t) => {
  const { server, socket } = openServer(t);
  const peer = startPeer(t, "hostile_client", socket, "posted-long");
  await event(server, "up");
  await until(() => server.send(new Uint8Array(60000).fill(7)) === 1);
  await until(() => peer.lines.includes("filled 7 of 60000"));
  t.is(server.stats().violations, 0);
});

test("server: empty and too long packets are dropped and counted, the next one is delivered", async (t) => {
  for (const [which, counter] of [
    ["empty-packets", "droppedEmpty"],
    ["oversize-chain", "droppedOversize"],
  ] as const) {
    const { server, socket } = openServer(t);
    let got = 0;
    server.receive((batch) => {
      got += batch.length;
    });
    startPeer(t, "hostile_client", socket, which);
    await until(() => got === 1);
    t.is(server.stats().rx[0]![counter], 1);
  }
});

test("server: memory truncated in the middle of a handler reads as zeros, and ends the connection by name", async (t) => {
  const { server, socket } = openServer(t);
  const down = event<MemifEnding>(server, "down");
  const peer = startPeer(t, "hostile_client", socket, "truncate");
  let sum = 0;
  let views = 0;
  server.receive((batch) => {
    const view = batch.view(0);
    peer.process.stdin.write("x");
    // The handler must not leave while the peer truncates: it waits without the event loop.
    const wait = new Int32Array(new SharedArrayBuffer(4));
    for (let i = 0; i < 60_000 && !existsSync(`${socket}.done`); i++) {
      Atomics.wait(wait, 0, 0, 1);
    }
    for (let i = 0; i < batch.length; i++) {
      for (let at = 0; at < batch.byteLength(i); at++) sum += batch.u8(i, at);
    }
    views += view.length;
  });
  const ending = await down;
  t.is(ending.reason, "memory region truncated");
  t.is(ending.by, "violation");
  t.is(views, 64);
  t.is(sum, 0);
  t.true((await peer.ended).includes("disconnect memory region truncated"));
  await servesTheNext(t, server, socket);
});

test("server: a packet that becomes visible a moment after the server asked for doorbells is not left", async (t) => {
  const { server, socket } = openServer(t, { rxMode: "adaptive" });
  server.receive(() => {});
  const peer = startPeer(t, "hostile_client", socket, "late");
  t.true((await peer.ended).includes("taken 100 of 100"));
});

test("server: a peer killed while its packets are being handled", async (t) => {
  const { server, socket } = openServer(t);
  const down = event<MemifEnding>(server, "down");
  const peer = startPeer(t, "hostile_client", socket, "good");
  let sum = 0;
  let packets = 0;
  server.receive((batch) => {
    peer.process.kill("SIGKILL");
    for (let i = 0; i < batch.length; i++) sum += batch.u8(i, 59);
    packets += batch.length;
  });
  t.deepEqual(await down, { reason: "connection closed by peer", by: "peer" });
  t.is(packets, 10);
  t.is(sum, 0);
  await servesTheNext(t, server, socket);
});

const bigRegion = new URL("../../../test/support/memif/big_region.py", import.meta.url).pathname;

for (const [what, reason] of [
  ["rx", /descriptor outside its region: offset 4294967264, length 64/],
  ["tx", /posted buffer outside its region: region 0, offset 4294967264, length 2048/],
] as const) {
  need("python3").test(`server: memory beyond 4 GiB is not used (${what})`, async (t) => {
    const { server, socket } = openServer(t);
    let got = 0;
    server.receive((batch) => {
      got += batch.length;
    });
    const down = event<MemifEnding>(server, "down");
    const peer = spawn("python3", [bigRegion, socket, what], { stdio: "inherit" });
    t.teardown(() => peer.kill());
    await event(server, "up");
    if (what === "tx") t.is(server.send([new Uint8Array(100)]), 0);
    t.regex((await down).reason, reason);
    t.is(got, 0);
    await servesTheNext(t, server, socket);
  });
}
