// HTTP/2 sessions with a daemon that accepts connections and says nothing, such as a stopped process.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttp2Server } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import test from "ava";
import { Http2Sessions } from "../../lib/grpc/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { Punts } from "../../lib/wire/index.js";
import { uncaughtDuring } from "../support/machine/uncaught.js";

test("a call to a silent daemon fails, and closing the connection then leaves no error without a listener", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-silent-"));
  const path = join(folder, "s");
  const server = createServer(() => {}).listen(path);
  await once(server, "listening");
  t.teardown(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const errors = await uncaughtDuring(async () => {
    const ping = { pingIntervalMs: 20, pingTimeoutMs: 20 };
    const sessions = new Http2Sessions("http://localhost", ping, { createConnection: () => connect(path) });
    const transport = createGrpcTransport({ baseUrl: "http://localhost", sessionManager: sessions });
    await t.throwsAsync(createClient(Punts, transport).list({}), { message: /PING timed out/ });
    sessions.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  t.deepEqual(errors, []);
});

test("a daemon that is killed while an idle connection is tried leaves no call waiting", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-idle-"));
  const path = join(folder, "s");
  const sockets: Socket[] = [];
  let isKilled = false;
  const server = createHttp2Server((_, response) => void response.end());
  server.on("connection", (socket: Socket) => sockets.push(socket));
  server.on("session", (session) => {
    session.on("ping", () => {
      if (!isKilled) for (const socket of sockets.splice(0)) socket.destroy();
      isKilled = true;
    });
  });
  server.listen(path);
  await once(server, "listening");
  t.teardown(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const ping = { pingIntervalMs: 10, pingTimeoutMs: 60_000 };
  const sessions = new Http2Sessions("http://localhost", ping, { createConnection: () => connect(path) });
  t.teardown(() => sessions.abort());
  const ask = async () => {
    const stream = await sessions.request("GET", "/", {}, {});
    const [headers] = await once(stream.end().resume(), "response");
    await once(stream, "close");
    return headers[":status"];
  };
  t.is(await ask(), 200);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(await ask(), 200);
  t.true(isKilled);
});

test.serial(
  "a daemon that ends in the middle of a call is ERR_DISCONNECTED, however the connection ends",
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "vpp-punt-cut-"));
    const socket = join(folder, "s");
    const sockets: Socket[] = [];
    let end = (_: Socket) => {};
    const server = createHttp2Server(() => void end(sockets.at(-1)!)).listen(socket);
    server.on("connection", (each: Socket) => sockets.push(each));
    await once(server, "listening");
    const punts = new RemotePunts({ socket });
    t.teardown(async () => {
      await punts.close();
      server.close();
      await rm(folder, { recursive: true });
    });
    for (const ending of [(each: Socket) => each.destroy(), (each: Socket) => each.end()]) {
      end = ending;
      const error = await t.throwsAsync(
        punts.add({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" }),
      );
      t.like(error, { code: "ERR_DISCONNECTED" });
      t.regex(error!.message, /ended during the call: whether the call was carried out is not known|no daemon answers/);
    }
  },
);
