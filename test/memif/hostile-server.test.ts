// Servers that break the protocol, against our client: each gets a DISCONNECT that names what is wrong.
import type { ExecutionContext } from "ava";
import type { Memif, MemifEnding } from "../../lib/memif/index.js";
import { type Peer, startPeer } from "../support/memif/peer.js";
import { event, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";

const { test } = need("g++");

function startServer(t: ExecutionContext, which: string): { client: Memif; peer: Peer } {
  const socket = memifSocket(t);
  const peer = startPeer(t, "hostile_server", socket, which);
  return { peer, client: openMemif(t, { role: "client", socket, bufferSize: 2048, reconnectMs: 100 }) };
}

const handshakes: Record<string, RegExp> = {
  version: /incompatible protocol version/,
  "one-region": /two regions are needed/,
  "hello-twice": /HELLO twice/,
  "connected-before-hello": /CONNECTED before HELLO/,
  "connected-before-connect": /CONNECTED before CONNECT/,
  "ack-before-hello": /ACK before HELLO/,
  init: /unexpected message type 3/,
};

for (const [which, reason] of Object.entries(handshakes)) {
  test(`client: handshake with ${which} is refused by name`, async (t) => {
    const { client, peer } = startServer(t, which);
    const ending = await event<MemifEnding>(client, "refused");
    t.regex(ending.reason, reason);
    t.is(ending.by, "violation");
    t.true((await peer.ended).includes(`disconnect ${ending.reason}`));
    t.is(client.stats().violations, 1);
  });
}

test("client: the reason of a server's refusal is reported without control characters", async (t) => {
  const { client } = startServer(t, "refuse");
  t.deepEqual(await event<MemifEnding>(client, "refused"), { reason: "go?away?[31m", by: "peer" });
});

const violations: Record<string, { reason: RegExp; packets: number }> = {
  offset: { reason: /descriptor outside the slot's buffer: region 1, offset 0, length 64/, packets: 2 },
  "offset-far": { reason: /descriptor outside the slot's buffer: region 1, offset 4294967280, length 64/, packets: 2 },
  region: { reason: /descriptor outside the slot's buffer: region 0/, packets: 2 },
  length: { reason: /descriptor outside the slot's buffer: region 1, offset \d+, length 2049/, packets: 2 },
  "tail-jump": { reason: /ring index jumped by 40000 slots of 1024/, packets: 0 },
  "endless-chain": { reason: /chain without an end/, packets: 0 },
  "connected-twice": { reason: /unexpected message type 7 while connected/, packets: 0 },
};

for (const [which, { reason, packets }] of Object.entries(violations)) {
  test(`client: ${which} while connected ends the connection by name`, async (t) => {
    const { client, peer } = startServer(t, which);
    let got = 0;
    client.receive((batch) => {
      got += batch.length;
    });
    const ending = await event<MemifEnding>(client, "down");
    t.regex(ending.reason, reason);
    t.is(ending.by, "violation");
    t.is(got, packets);
    t.true((await peer.ended).includes(`disconnect ${ending.reason}`));
  });
}

test("client: descriptors that change while they are read do no harm", async (t) => {
  const { client } = startServer(t, "flip");
  client.receive((batch) => {
    for (let i = 0; i < batch.length; i++) t.true(batch.byteLength(i) <= 65535);
  });
  const ending = await event<MemifEnding>(client, "down");
  t.regex(ending.reason, /descriptor outside the slot's buffer|chain without an end/);
  t.is(ending.by, "violation");
});

test("client: a server that returns slots it was never given", async (t) => {
  const { client } = startServer(t, "tail-back");
  let ending: MemifEnding | undefined;
  client.once("down", (value) => {
    ending = value;
  });
  await until(() => {
    client.send(new Uint8Array(60));
    return ending !== undefined;
  });
  t.regex(ending!.reason, /ring index jumped: \d+ slots on a ring of 1024/);
});

test("client: its memory cannot be truncated by the server", async (t) => {
  const { client, peer } = startServer(t, "truncate");
  await event(client, "up");
  await until(() => peer.lines.filter((line) => line.startsWith("truncate")).length === 2);
  t.deepEqual(
    peer.lines.filter((line) => line.startsWith("truncate")),
    ["truncate refused", "truncate refused"],
  );
});
