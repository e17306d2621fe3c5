// A watcher that does not read: it gets an error and is dropped, others go on, and the log and the audit log say so instead of standard error.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2, constants, createServer } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createContextValues } from "@connectrpc/connect";
import test from "ava";
import { grpcHandler } from "../../lib/grpc/index.js";
import { SILENT } from "../../lib/logger.js";
import { Punts } from "../../lib/wire/index.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { span } from "../support/etcd/members.js";
import { until } from "../support/until.js";

/** An empty message of gRPC. */
const EMPTY = Buffer.alloc(5);

/** Watches, and takes only so many bytes of the answer. Resolves with the code of the reset. */
async function deafWatcher(
  socket: string,
  initialWindowSize = 0,
): Promise<{ session: ClientHttp2Session; dropped: Promise<number> }> {
  const session = connectHttp2("http://localhost", {
    createConnection: () => connect(socket),
    settings: { initialWindowSize },
  });
  session.on("error", () => {});
  const headers = { ":method": "POST", ":path": "/vpp_punt.v1.Punts/Watch", "content-type": "application/grpc+proto" };
  const stream = session.request({ ...headers, te: "trailers" });
  stream.on("error", () => {});
  stream.end(EMPTY);
  await once(stream, "response");
  const dropped = new Promise<number>((resolve) => {
    stream.once("close", () => {
      session.destroy();
      resolve(stream.rstCode!);
    });
  });
  return { session, dropped };
}

test("a stream whose caller goes without having read it ends", async (t) => {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const handler = grpcHandler({
    readMaxBytes: 1 << 20,
    routes: (router) =>
      router.service(Punts, {
        async *watch() {
          try {
            for (;;) yield { revision: "x".repeat(100_000) };
          } finally {
            end();
          }
        },
      }),
    contextValues: () => createContextValues(),
    unsent: (call) => t.fail(call),
  });
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-handler-"));
  const server = createServer(handler as Parameters<typeof createServer>[0]).listen(join(folder, "s"));
  t.teardown(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await once(server, "listening");
  const { session } = await deafWatcher(join(folder, "s"));
  session.destroy();
  await ended;
  t.pass();
});

test.serial("a watcher that reads no more is dropped, and the others get all changes", async (t) => {
  const { socket, connect: open } = await daemonTest(t, { watcherPatience: 2_000 });
  const punts = await open();
  // The window takes the first answer, and a part of what follows.
  const { dropped } = await deafWatcher(socket, 8_000);
  const many = Array.from({ length: 200 }, (_, index) => span(`fw${index}`));
  const created = new Set<string>();
  const seen = (async () => {
    for await (const event of punts.watch())
      if (
        event.kind === "change" &&
        event.event.to === "CREATED" &&
        created.add(event.event.id.cnf).size === many.length
      )
        return;
  })();
  await punts.apply({ punts: many }, { waitFor: "CREATED", keep: true });
  t.is(await dropped, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await seen;
  t.is(created.size, many.length);
});

test.serial("a watcher that does not read is dropped, and nothing else notices", async (t) => {
  const printed: unknown[] = [];
  const { error: before } = console;
  console.error = (...words) => void printed.push(words);
  t.teardown(() => {
    console.error = before;
  });
  const logged: string[] = [];
  const logger = { ...SILENT, warn: (_fields: object, message: string) => void logged.push(message) };
  const audit = join(mkdtempSync(join(tmpdir(), "vpp-punt-slow-")), "audit.log");
  t.teardown(() => rmSync(dirname(audit), { recursive: true, force: true }));
  const { socket, connect: open } = await daemonTest(t, { watcherPatience: 500, audit, logger });
  const punts = await open();
  const seen = (async () => {
    const states = new Set<string>();
    for await (const event of punts.watch())
      if (event.kind === "change" && states.add(event.event.id.cnf).has("last")) return [...states];
    return [];
  })();
  // More than the 16 KiB that Node.js holds for a stream before it waits for the reader.
  const many = Array.from({ length: 100 }, (_, index) => span(`fw${index}`));
  await punts.apply({ punts: many }, { waitFor: "CREATED", keep: true });
  const { dropped } = await deafWatcher(socket);
  await punts.add(span("dns"), { waitFor: "CREATED" });
  t.is(await dropped, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await punts.add(span("last", { vppInterface: "eth1" }), { waitFor: "CREATED" });
  t.deepEqual((await seen).slice(-2), ["dns", "last"]);
  t.deepEqual([printed, logged], [[], []]);
  // A daemon writes its log beside its answers.
  await until(() => readFileSync(audit, "utf8").includes("ERR_SLOW_WATCHER"));
});
