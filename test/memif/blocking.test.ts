// Peers that try to stop a thread of ours, or to hide that they have gone.
import type { ExecutionContext } from "ava";
import type { MemifEnding } from "../../lib/memif/index.js";
import { openServer, servesTheNext } from "../support/memif/hostile.js";
import { startPeer } from "../support/memif/peer.js";
import { event, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";

const { test } = need("g++");

test("server: a peer that jams its doorbell does not block the sender", async (t) => {
  const { server, socket } = openServer(t);
  const peer = startPeer(t, "hostile_client", socket, "jam");
  await event(server, "up");
  await until(() => server.send(new Uint8Array(60)) === 1);
  await until(() => peer.lines.includes("got 1"));
  peer.process.kill("SIGKILL");
  t.is((await event<MemifEnding>(server, "down")).by, "peer");
  t.is(server.stats().tx[0]!.doorbells, 1);
  await servesTheNext(t, server, socket);
});

test("client: a peer that jams its doorbell does not block the sender", async (t) => {
  const socket = memifSocket(t);
  const peer = startPeer(t, "hostile_server", socket, "jam");
  const client = openMemif(t, { role: "client", socket, reconnectMs: 20 });
  await event(client, "up");
  // One after the other: the server jams its doorbell some time after the handshake.
  await until(() => {
    client.send(new Uint8Array(60));
    return peer.lines.some((line) => line.startsWith("got "));
  });
  t.is(client.send(new Uint8Array(60)), 1);
  peer.process.kill("SIGKILL");
  t.is((await event<MemifEnding>(client, "down")).by, "peer");
});

for (const rxMode of ["interrupt", "adaptive"] as const) {
  test(`server: a doorbell with an over-full counter still wakes the receiver, in rxMode ${rxMode}`, async (t) => {
    const { server, socket } = openServer(t, { rxMode });
    let got = 0;
    server.receive((batch) => {
      got += batch.length;
    });
    const peer = startPeer(t, "hostile_client", socket, "overfill");
    await event(server, "up");
    // The receiver looks at the ring for a while after the peer has come, and then waits for the doorbell.
    await new Promise((resolve) => setTimeout(resolve, 100));
    peer.process.stdin.write("x");
    await until(() => got === 2);
    t.is(server.stats().violations, 0);
  });
}

async function endsTruncated(t: ExecutionContext, scenario: string): Promise<void> {
  for (const rxMode of ["interrupt", "adaptive", "polling"] as const) {
    const { server, socket } = openServer(t, { rxMode });
    const ignore = () => {};
    if (rxMode !== "polling") server.receive(ignore);
    const peer = startPeer(t, "hostile_client", socket, scenario);
    await event(server, "up");
    let ending: MemifEnding | undefined;
    server.once("down", (value) => {
      ending = value;
    });
    peer.process.stdin.write("x");
    await until(() => {
      if (rxMode === "polling") server.rx(0).poll(ignore);
      return ending !== undefined;
    });
    t.deepEqual(ending, { reason: "memory region truncated", by: "violation" });
    t.is(server.stats().rx[0]!.packets, 0);
    t.true((await peer.ended).includes("disconnect memory region truncated"));
    await servesTheNext(t, server, socket);
    server.close();
  }
}

test("server: a receiver that never sends notices that its ring was truncated", (t) =>
  endsTruncated(t, "truncate-unread"));

need("g++", "hugetlb").test("server: truncated huge pages that are larger than the region end the connection", (t) =>
  endsTruncated(t, "huge-region"),
);
