// The limits of messages and calls at StoneWork's ports, and of the answers of CNFs.
import { once } from "node:events";
import { connect, constants, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import test, { type ExecutionContext } from "ava";
import { SILENT } from "../../lib/logger.js";
import { Cnf } from "../../lib/stonework/orchestrator/cnf.js";
import { serveGrpc } from "../../lib/stonework/server.js";
import { CnfDiscovery, ItemSchema, ManagerService } from "../../lib/stonework/wire.js";

const HEADERS = {
  ":method": "POST",
  ":path": "/ligato.generic.ManagerService/SetConfig",
  "content-type": "application/grpc",
  te: "trailers",
};

/** A server that counts its calls, and clients of it. */
async function served(t: ExecutionContext) {
  let calls = 0;
  const { port, close } = await serveGrpc({ host: "127.0.0.1", port: 0 }, "test", (router) =>
    router.service(ManagerService, {
      setConfig: () => {
        calls++;
        return {};
      },
    }),
  );
  t.teardown(close);
  const client = async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    t.teardown(() => session.destroy());
    const [settings] = await once(session, "remoteSettings");
    return { session, settings };
  };
  return { client, calls: () => calls };
}

/** A message of gRPC with that many bytes of an unknown field. */
function messageOf(bytes: number): Buffer {
  const length = bytes - 6;
  // Field 15, with a length of 4 bytes.
  const varint = [0x80 | (length & 0x7f), 0x80 | ((length >> 7) & 0x7f), 0x80 | ((length >> 14) & 0x7f), length >> 21];
  return envelopeOf(Buffer.concat([Buffer.from([0x7a, ...varint]), Buffer.alloc(length)]));
}

function envelopeOf(content: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

test("a message of more than 4 MiB is refused, and a compressed one, and the handler is not asked", async (t) => {
  const { client, calls } = await served(t);
  const { session } = await client();
  const answer = async (message: Buffer, more = {}) => {
    const stream = session.request({ ...HEADERS, ...more });
    stream.resume().end(message);
    const [trailers] = await once(stream, "trailers");
    return Number(trailers["grpc-status"]);
  };
  t.is(await answer(messageOf(4 << 20)), 0);
  t.is(calls(), 1);
  t.is(await answer(messageOf((4 << 20) + 2)), 8);
  // A caller that compresses learns that it may not.
  t.is(await answer(envelopeOf(gzipSync(Buffer.alloc(1 << 20)), 1), { "grpc-encoding": "gzip" }), 12);
  t.is(calls(), 1);
});

test("of more than 64 requests that arrive at a time, the oldest is ended, and others are answered", async (t) => {
  const { client } = await served(t);
  const { session, settings } = await client();
  t.is(settings.maxConcurrentStreams, 100);
  const streams = Array.from({ length: 64 }, () => session.request(HEADERS));
  const closed: number[] = [];
  for (const [index, stream] of streams.entries())
    stream.on("error", () => {}).on("close", () => closed.push(index, stream.rstCode));
  const { session: other } = await client();
  const late = other.request(HEADERS);
  late.resume().end(Buffer.alloc(5));
  const [trailers] = await once(late, "trailers");
  t.is(trailers["grpc-status"], "0");
  while (closed.length === 0) await new Promise(setImmediate);
  t.deepEqual(closed, [0, constants.NGHTTP2_ENHANCE_YOUR_CALM]);
});

/** A client of the CNF at a port. */
function cnfAt(t: ExecutionContext, port: number): Cnf {
  const cnf = new Cnf({ pid: 1, label: "a", address: "127.0.0.1", grpcPort: port, httpPort: 0 }, 20_000, SILENT);
  t.teardown(() => cnf.close());
  return cnf;
}

test("an item has at most 1,000 punts, and waits for at most 1,000 things", async (t) => {
  let count = 1_000;
  const { port, close } = await serveGrpc({ host: "127.0.0.1", port: 0 }, "test", (router) =>
    router.service(CnfDiscovery, {
      getPuntRequests: () => ({ puntRequests: Array.from({ length: count }, () => ({})) }),
      getItemDependencies: () => {
        const dep = { case: "anyof" as const, value: { keyPrefixes: Array<string>(count).fill("a") } };
        return { dependencies: [{ dep }] };
      },
    }),
  );
  t.teardown(close);
  const cnf = cnfAt(t, port);
  const item = create(ItemSchema);
  t.is((await cnf.puntRequests(item)).length, 1_000);
  t.is((await cnf.dependencies(item)).length, 1);
  count++;
  await t.throwsAsync(cnf.puntRequests(item), { message: "the CNF has more than 1000 punts for one item" });
  await t.throwsAsync(cnf.dependencies(item), { message: "the CNF has more than 1000 dependencies for one item" });
});

test("an answer of a CNF with more than 4 MiB is refused by its announced length", async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/grpc" });
    response.write(Buffer.from([0, 0, 0x40, 0, 1]));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const cnf = cnfAt(t, port);
  const own = { address: "127.0.0.1", grpcPort: 1, httpPort: 1 };
  await t.throwsAsync(cnf.discover(own), { message: /larger than configured readMaxBytes 4194304/ });
});
