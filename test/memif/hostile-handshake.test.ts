// Clients that break the protocol before they are connected, against our server: each gets a DISCONNECT that names what is wrong, is
// counted, and leaves the port in good order for the next client.
import { release } from "node:os";
import type { MemifEnding } from "../../lib/memif/index.js";
import { openServer, servesTheNext } from "../support/memif/hostile.js";
import { startPeer } from "../support/memif/peer.js";
import { event } from "../support/memif/ports.js";
import { need } from "../support/need.js";

const { test } = need("g++");

/** Bad handshakes: scenario of test/peers/hostile_client.cc, and what the server must call it. */
const handshakes: Record<string, RegExp> = {
  "ring-before-init": /message type 5 before INIT/,
  "region-before-init": /message type 4 before INIT/,
  "connect-before-init": /message type 6 before INIT/,
  "unknown-type": /unexpected message type 99/,
  hello: /unexpected message type 2/,
  "init-twice": /INIT twice/,
  "unknown-id": /unmatched interface id 77/,
  "unknown-mode": /mode mismatch/,
  version: /unsupported version 768/,
  "region-index": /unexpected region index 250/,
  "region-without-fd": /missing memory region fd/,
  "region-larger-than-file": /region of \d+ bytes in a file of \d+/,
  "region-huge": /region of 18446744073709551615 bytes/,
  "region-empty": /region of 0 bytes/,
  "ring-without-fd": /missing ring interrupt fd/,
  "ring-offset": /ring 0 S2M exceeds its region/,
  "ring-unaligned": /ring 0 S2M is not aligned/,
  "ring-region": /ring 0 S2M in unknown region 9/,
  "ring-size": /ring of 2\^200 slots is too large/,
  "ring-private-header": /private headers not supported/,
  "ring-cookie": /ring 0 S2M has a wrong cookie/,
  "same-ring-300-times": /unexpected ring index 0/,
  "too-many-rings": /too many rings/,
  "no-rings": /no rings/,
  "doorbell-pipe": /ring interrupt fd is not an eventfd/,
  "doorbell-terminal": /ring interrupt fd is not an eventfd/,
  "doorbell-timer": /ring interrupt fd is not an eventfd/,
  "doorbell-socket": /ring interrupt fd is not an eventfd/,
  "doorbell-memory": /ring interrupt fd is not an eventfd/,
  "region-on-disk": /region file is not of tmpfs or hugetlbfs/,
};

// Linux tells of semaphores since 6.5.
const [major, minor] = release().split(".").map(Number);
if (major! > 6 || (major === 6 && minor! >= 5)) handshakes["doorbell-semaphore"] = /ring interrupt fd is a semaphore/;

for (const [which, reason] of Object.entries(handshakes)) {
  test(`server: handshake with ${which} is refused by name`, async (t) => {
    const { server, socket } = openServer(t);
    const refused = event<MemifEnding>(server, "refused");
    const peer = startPeer(t, "hostile_client", socket, which);
    const ending = await refused;
    t.regex(ending.reason, reason);
    t.is(ending.by, "violation");
    const said = (await peer.ended).find((line) => line.startsWith("disconnect "));
    t.is(said, `disconnect ${ending.reason}`);
    t.is(server.stats().violations, 1);
    await servesTheNext(t, server, socket);
  });
}

for (const [which, reason] of Object.entries({ "wrong-secret": /incorrect secret/, "no-secret": /secret required/ })) {
  test(`server: ${which} is refused and told`, async (t) => {
    const { server, socket } = openServer(t, { secret: "s3cret" });
    const refused = event<MemifEnding>(server, "refused");
    const peer = startPeer(t, "hostile_client", socket, which);
    t.regex((await refused).reason, reason);
    t.true((await peer.ended).some((line) => line.startsWith("disconnect ") && reason.test(line)));
    await servesTheNext(t, server, socket);
  });
}

test("server: a silent client is disconnected, and the server serves others until then", async (t) => {
  const { server, socket } = openServer(t);
  const peer = startPeer(t, "hostile_client", socket, "silence");
  await servesTheNext(t, server, socket);
  t.true((await peer.ended).includes("disconnect handshake timed out"));
});

test("server: DISCONNECT before INIT does no harm", async (t) => {
  const { server, socket } = openServer(t);
  t.deepEqual(await startPeer(t, "hostile_client", socket, "disconnect-before-init").ended, ["message 2", "end"]);
  await servesTheNext(t, server, socket);
});
