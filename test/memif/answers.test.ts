// Packets that wait for answers: after an answer, a port looks for the next packet for a moment in place of sleeping.
import test from "ava";
import { ping } from "../support/memif/pinger.js";
import { memifSocket, openMemif } from "../support/memif/ports.js";

const ROUNDS = 3000;

for (const rxMode of ["interrupt", "adaptive"] as const) {
  test(`in ${rxMode} mode, each packet is answered, whether it comes at once or late`, async (t) => {
    const socket = memifSocket(t);
    const server = openMemif(t, { role: "server", socket, rxMode });
    server.receive((batch) => {
      server.send(batch);
    });
    const numbers = await ping({ socket, rxMode, rounds: ROUNDS });
    t.deepEqual(
      numbers,
      Array.from({ length: ROUNDS }, (_, round) => round),
    );
    t.is(server.stats().rx[0]!.packets, ROUNDS);
  });
}
