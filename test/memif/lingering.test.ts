// Peers that pass descriptors whose close waits: no port of the process waits for them.
import type { ExecutionContext } from "ava";
import { lingeringPeer } from "../support/descriptor/lingering.js";
import { event, memifPair, memifSocket, openMemif } from "../support/memif/ports.js";
import { need } from "../support/need.js";

/** ADD_REGION, which may not come before INIT. */
const ADD_REGION = `struct.pack("<H", 4).ljust(128, b"\\0")`;

/** A server on the builtin engine: libmemif reads its control sockets itself. */
function openServer(t: ExecutionContext) {
  const socket = memifSocket(t);
  return { socket, server: openMemif(t, { role: "server", socket, engine: "builtin" }) };
}

for (const [what, others] of [
  ["the descriptor of a message", ""],
  ["one of many descriptors beside a message", "os.pipe() * 20"],
] as const) {
  need("python3").test.serial(`${what} is closed elsewhere`, async (t) => {
    const { server, socket } = openServer(t);
    const refused = event(server, "refused");
    const peer = lingeringPeer(
      t,
      socket,
      `s = sequenced()\ns.recv(200)\npass_last(s, ${ADD_REGION}, [*(${others || "[]"})])`,
    );
    await refused;
    // The process has one control thread for all ports.
    await memifPair(t);
    t.false(peer.hasEnded());
  });
}
