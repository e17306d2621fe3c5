// Callers that break HTTP/2 at the daemon's UNIX socket: their connections end once they are gone; those of silent and of stopped programs stay.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect as connectHttp2, type Http2ServerResponse } from "node:http2";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { openUnixDoor } from "../../lib/daemon/doors/unix.js";
import { python } from "../support/descriptor/peer.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const INTERVAL = 50;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Returns an HTTP/2 frame, as RFC 9113 has it. */
function frame(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

const SETTINGS = frame(4, 0, 0);
/** Data of a call that was never opened. */
const STRAY = frame(0, 0, 1, Buffer.alloc(5));

/** Opens a door whose calls are never answered. Returns its path, and the connections that it has. */
async function openDoor(t: ExecutionContext) {
  const path = join(socketFolder(t), "door.sock");
  const open = new Set<Socket>();
  const door = await openUnixDoor({
    ...{ path, mode: 0o600, group: undefined, owner: undefined, lookInterval: INTERVAL },
    handler: ((_request: unknown, response: Http2ServerResponse) => response.writeHead(200)) as never,
    problem: () => {},
    callerOf: (socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      return {} as never;
    },
  });
  t.teardown(() => door.close());
  return { path, open };
}

/** A call that stays open: its headers are `:method POST`, `:scheme http`, `:path /` (RFC 7541, appendix A). */
const CALL = frame(1, 4, 1, Buffer.from([0x83, 0x86, 0x84]));
/** The same for a stream that is not open. */
const OTHER_STRAY = frame(0, 0, 3, Buffer.alloc(5));

for (const [name, bytes] of [
  ["before its first call", STRAY],
  ["in the middle of a call", Buffer.concat([CALL, OTHER_STRAY])],
] as const)
  test(`a caller that breaks the protocol ${name}, and is gone, leaves no connection`, async (t) => {
    const { path, open } = await openDoor(t);
    const caller = connect(path).on("error", () => {});
    caller.resume();
    caller.write(Buffer.concat([PREFACE, SETTINGS, bytes]));
    while (open.size === 0) await sleep(1);
    await sleep(INTERVAL);
    caller.destroy();
    while (open.size > 0) await sleep(10);
    t.pass();
  });

test("a caller that only says nothing keeps its connection", async (t) => {
  const { path, open } = await openDoor(t);
  const caller = connectHttp2("http://localhost", { createConnection: () => connect(path) });
  t.teardown(() => caller.destroy());
  await once(caller, "connect");
  await sleep(6 * INTERVAL);
  t.is(open.size, 1);
  t.false(caller.destroyed);
});

test("a caller that is stopped in the middle of a call keeps its connection", async (t) => {
  const { path, open } = await openDoor(t);
  const socket = connect(path);
  const caller = connectHttp2("http://localhost", { createConnection: () => socket });
  t.teardown(() => caller.destroy());
  const call = caller.request({ ":method": "POST", ":path": "/" });
  await once(call, "response");
  // Neither reads nor answers.
  socket.pause();
  const raw = (socket as unknown as { readonly _handle: { readStop(): void } })._handle;
  raw.readStop();
  await sleep(6 * INTERVAL);
  t.is(open.size, 1);
});

test("a caller that goes without a word leaves no connection, and the door stays open", async (t) => {
  const { path, open } = await openDoor(t);
  const silent = connect({ path, allowHalfOpen: true });
  await once(silent, "connect");
  while (open.size === 0) await sleep(1);
  silent.end();
  silent.resume();
  while (open.size > 0) await sleep(1);
  const caller = connectHttp2("http://localhost", { createConnection: () => connect(path) });
  t.teardown(() => caller.destroy());
  const call = caller.request({ ":method": "POST", ":path": "/" });
  const [{ ":status": status }] = await once(call, "response");
  t.is(status, 200);
});

need("python3", "passrights").test("a message that passes descriptors is refused to its sender", async (t) => {
  const { path } = await openDoor(t);
  const code = `s = connect()\ntry: send(s, b"PRI", [0])\nexcept PermissionError: print("refused")`;
  t.is(await python(t, path, code), "refused\n");
});

const OPEN = `
  const [library, path] = process.argv.slice(1);
  const { openUnixDoor } = await import(library);
  process.umask(0o027);
  const place = { path, mode: 0o660, group: undefined, owner: undefined };
  const door = await openUnixDoor({ ...place, handler() {}, problem() {}, callerOf() {} });
  console.log(process.umask().toString(8));
  await door.close();
`;

test("a daemon that has made its socket makes other files as before", (t) => {
  const library = new URL("../../lib/daemon/doors/unix.js", import.meta.url).href;
  const args = ["--input-type=module", "-e", OPEN, "--", library, join(socketFolder(t), "door.sock")];
  t.is(spawnSync(process.execPath, args, { encoding: "utf8" }).stdout, "27\n");
});
