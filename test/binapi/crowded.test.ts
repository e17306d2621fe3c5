// An API socket with a full queue of connections: VPP has room for a few only.
import { renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { fullSocket } from "../support/machine/full-socket.js";

test("a client waits for room in the queue of VPP's socket", async (t) => {
  await using vpp = await EmbeddedVpp.start();
  const socketPath = join(vpp.directory, "crowded.sock");
  await fullSocket(t, socketPath);
  await t.throwsAsync(Vpp.connect({ socketPath, connectTimeout: 50 }), {
    code: "ERR_TIMEOUT",
    message: /takes no connection.*queue/,
  });
  const connecting = Vpp.connect({ socketPath });
  await sleep(50);
  // Now VPP has room.
  renameSync(vpp.apiSocket, socketPath);
  await using client = await connecting;
  t.true(client.isConnected);
});
