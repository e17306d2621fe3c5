// A watch that the daemon has reset because the program did not read: the module says so, and does not begin it again.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { constants, createServer } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { PuntError } from "../../lib/errors.js";
import { connectPunts } from "../../lib/module/index.js";

/** An empty message of gRPC. */
const EMPTY = Buffer.alloc(5);

test("a watch that was not read for too long ends with ERR_SLOW_WATCHER", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-slow-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  let watches = 0;
  const server = createServer().on("stream", (stream, headers) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    if (!headers[":path"]!.endsWith("/Watch")) return void stream.end(EMPTY);
    watches++;
    stream.write(EMPTY, () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
  });
  const socket = join(folder, "manager.sock");
  await once(server.listen(socket), "listening");
  t.teardown(() => server.close());
  const punts = await connectPunts({ socket });
  const error = await t.throwsAsync<PuntError>(async () => {
    for await (const _event of punts.watch());
  });
  t.is(error.code, "ERR_SLOW_WATCHER", error.message);
  t.is(watches, 1);
  await punts.close();
});
