// The API socket by node:net: whole in both directions, however slowly either side reads.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { NetSocket } from "../../lib/binapi/net-socket.js";

/** More bytes than a socket of Linux's takes at once. */
const SIZE = 4 * 1024 * 1024;

/** A promise and the function that resolves it. */
function resolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A socket and its peer, which reads nothing by itself. */
async function connected(t: ExecutionContext, onReady: (socket: NetSocket, isOver: boolean) => void) {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-net-"));
  const path = join(folder, "api.sock");
  const server = createServer({ pauseOnConnect: true });
  const accepted = once(server, "connection") as Promise<[Socket]>;
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const socket: NetSocket = new NetSocket(path, (_, isOver) => onReady(socket, isOver));
  t.teardown(() => {
    socket.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const [peer] = await accepted;
  return { socket, peer };
}

test("a reader that takes a byte at a time is called until it has all of them, and then told of the end", async (t) => {
  const byte = new Uint8Array(1);
  const results: number[] = [];
  let text = "";
  const ended = resolvers();
  const { peer, socket } = await connected(t, (port, isOver) => {
    let size = 0;
    // After the end a reader reads on until there is nothing, as the link does.
    do {
      size = port.read(byte, 0, 1);
      if (size > 0) text += String.fromCharCode(byte[0]!);
      else results.push(size);
    } while (isOver && size > 0);
    if (isOver && size === 0) ended.resolve();
  });
  peer.end("abcdefgh");
  await ended.promise;
  t.is(text, "abcdefgh");
  t.is(results.at(-1), 0);
  t.is(socket.failure(), undefined);
  t.is(socket.write(byte, 0, 1), -constants.errno.EPIPE);
});

test("a reader that takes nothing holds its peer up, and gets every byte when it goes on", async (t) => {
  let [isReading, received, wrong] = [false, 0, 0];
  const all = resolvers();
  const into = new Uint8Array(100_000);
  const take = (socket: NetSocket) => {
    const size = isReading ? socket.read(into, 0, into.length) : 0;
    for (let i = 0; i < size; i++) if (into[i] !== ((received + i) & 0xff)) wrong++;
    received += Math.max(0, size);
    if (received === SIZE) all.resolve();
  };
  const { peer } = await connected(t, take);
  const bytes = Buffer.alloc(SIZE, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  const written = new Promise((resolve) => peer.write(bytes, resolve));
  // Many turns of the event loop, in each of which a reader that takes everything would take some.
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
  t.true(peer.writableLength > 0);
  isReading = true;
  await all.promise;
  await written;
  t.is(wrong, 0);
});

test("a socket that is closed calls its reader no more", async (t) => {
  const called = resolvers();
  let [isClosed, late] = [false, 0];
  const { peer, socket } = await connected(t, () => {
    if (isClosed) late++;
    called.resolve();
  });
  peer.write("abc");
  await called.promise;
  isClosed = true;
  socket.close();
  t.true(socket.read(new Uint8Array(1), 0, 1) < 0);
  peer.resume();
  await once(peer, "close");
  t.is(late, 0);
});

test("bytes that the kernel has not taken yet are those of the write", async (t) => {
  const { socket, peer } = await connected(t, () => {});
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

test("a socket that is closed does not wait for a peer to read", async (t) => {
  const { socket, peer } = await connected(t, () => {});
  t.is(socket.write(Buffer.alloc(SIZE), 0, SIZE), SIZE);
  socket.close();
  let received = 0;
  for await (const chunk of peer as AsyncIterable<Buffer>) received += chunk.length;
  t.true(received < SIZE);
});
