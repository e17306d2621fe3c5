// The number of calls at a time over one connection, at the daemon's doors, and the longest answer of a daemon.
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, createServer, type Http2ServerResponse } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openUnixDoor } from "../../lib/daemon/doors/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const MOST = 2_000;

function sessionAt(t: ExecutionContext, path: string): ClientHttp2Session {
  const session = connectHttp2("http://localhost", { createConnection: () => connect(path) });
  t.teardown(() => session.destroy());
  return session;
}

test("a caller's call beyond 2,000 over one connection waits until another one ends, and other callers do not", async (t) => {
  const path = join(temporaryFolder(t), "door.sock");
  const waiting: Http2ServerResponse[] = [];
  const door = await openUnixDoor({
    ...{ path, mode: 0o600, group: undefined, owner: undefined },
    handler: (_request, response) => void waiting.push(response as Http2ServerResponse),
    callerOf: () => ({ kind: "unix", uid: 0, gid: 0, pid: 0, groups: [], socket: path }),
    problem: (error) => t.fail(String(error)),
  });
  t.teardown(() => door.close());
  const session = sessionAt(t, path);
  const [{ maxConcurrentStreams }] = await once(session, "remoteSettings");
  t.is(maxConcurrentStreams, MOST);
  const arrived = async (count: number) => {
    while (waiting.length < count) await new Promise(setImmediate);
  };
  for (let index = 0; index <= MOST; index++) session.request({ ":path": "/" }).resume();
  await arrived(MOST);
  // The answer to a ping comes after what was sent before it.
  await new Promise((resolve) => session.ping(resolve));
  t.is(waiting.length, MOST);
  const other = sessionAt(t, path);
  other.request({ ":path": "/" }).resume();
  await arrived(MOST + 1);
  waiting[0]!.end();
  await arrived(MOST + 2);
});

test("an answer of more than 512 MiB is refused by its announced length", async (t) => {
  const path = join(temporaryFolder(t), "daemon.sock");
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/grpc+proto" });
    response.write(Buffer.from([0, 0x20, 0, 0, 1]));
  });
  await once(server.listen(path), "listening");
  t.teardown(() => server.close());
  const punts = new RemotePunts({ socket: path });
  t.teardown(() => punts.close());
  await t.throwsAsync(punts.list(), { code: "ERR_ANSWER_SIZE", message: /more than 512 MiB/ });
});
