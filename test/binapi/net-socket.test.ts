// The API socket by node:net keeps what it was given, although its caller uses the buffer again.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { NetSocket } from "../../lib/binapi/net-socket.js";

/** More bytes than a socket of Linux's takes at once. */
const SIZE = 4 * 1024 * 1024;

test("bytes that the kernel has not taken yet are those of the write", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-net-"));
  const path = join(folder, "api.sock");
  const server = createServer({ pauseOnConnect: true });
  const accepted = once(server, "connection") as Promise<[Socket]>;
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const socket = new NetSocket(path, () => {});
  t.teardown(() => {
    socket.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const [peer] = await accepted;
  const buffer = Buffer.alloc(SIZE, 1);
  t.is(socket.write(buffer, 0, SIZE), SIZE);
  buffer.fill(2);
  let [received, wrong] = [0, 0];
  for await (const chunk of peer as AsyncIterable<Buffer>) {
    received += chunk.length;
    wrong += chunk.filter((byte) => byte !== 1).length;
    if (received === SIZE) break;
  }
  t.is(wrong, 0);
});
