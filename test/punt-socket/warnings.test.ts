// Warnings of a socket that is opened where packets will be lost, and none where they will not.

import { once } from "node:events";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { PuntSocket, type PuntWarning } from "../../lib/punt-socket/index.js";
import { facingVpp, socketFolder } from "../support/punt-socket/peer.js";

/** Opens a socket, and returns it with its warnings. */
function opened(t: ExecutionContext, path: string, vppPath: string | null): [PuntSocket, PuntWarning[]] {
  const warnings: PuntWarning[] = [];
  const socket = PuntSocket.open({ path, vppPath, onWarning: (warning) => void warnings.push(warning) });
  t.teardown(() => socket.close());
  return [socket, warnings];
}

const notConnected = (warnings: readonly PuntWarning[]) => warnings.filter(({ code }) => code === "NOT_CONNECTED");

/** Runs `body` where the kernel's limit of a queue reads as `text`, or can't be read. */
function withQueueLimit(text: string | undefined, body: () => void): void {
  const { readFileSync } = fs;
  const read = (file: string, ...rest: unknown[]) => {
    if (file !== "/proc/sys/net/unix/max_dgram_qlen")
      return (readFileSync as (...args: unknown[]) => unknown)(file, ...rest);
    if (text === undefined) throw new Error("there is no /proc");
    return text;
  };
  const replace = (by: unknown) => {
    fs.readFileSync = by as typeof readFileSync;
    syncBuiltinESMExports();
  };
  replace(read);
  try {
    body();
  } finally {
    replace(readFileSync);
  }
}

test("a VPP's socket of another kind is a warning that names both paths and the error", async (t) => {
  const folder = socketFolder(t);
  const [path, vppPath] = [join(folder, "client"), join(folder, "vpp")];
  const server = createServer().listen(vppPath);
  t.teardown(() => server.close());
  await once(server, "listening");
  const [socket, warnings] = opened(t, path, vppPath);
  t.is(socket.stats().connectError, "EPROTOTYPE");
  const message =
    `${path} could not be connected to VPP's punt socket ${vppPath} (EPROTOTYPE): only net.unix.max_dgram_qlen ` +
    "packets are queued, and the rest is lost. VPP's socket file must be writable by this process's user.";
  t.deepEqual(notConnected(warnings), [{ code: "NOT_CONNECTED", message }]);
});

test("a VPP that is not there yet, or is gone, or is not wanted, causes no warning", (t) => {
  const { vpp, path, folder } = facingVpp(t);
  const dead = join(folder, "dead");
  bindPuntSocket({ path: dead }).close();
  const cases: [string | null, string | undefined][] = [
    [vpp.path, undefined],
    [null, "ENOTCONN"],
    [join(folder, "nobody"), "ENOENT"],
    [dead, "ECONNREFUSED"],
  ];
  for (const [vppPath, connectError] of cases) {
    const [socket, warnings] = opened(t, path, vppPath);
    t.like(socket.stats(), { connected: connectError === undefined, connectError });
    t.deepEqual(notConnected(warnings), []);
    socket.close();
  }
});

test.serial(
  "the limit of the queue is the system's: a small one causes the only warning, a large or unknown one none",
  (t) => {
    const { vpp, path } = facingVpp(t);
    const cases: [string | undefined, number | undefined, number][] = [
      ["511\n", 511, 1],
      ["512\n", 512, 0],
      ["4096\n", 4096, 0],
      [undefined, undefined, 0],
    ];
    for (const [text, limit, count] of cases) {
      withQueueLimit(text, () => {
        const [socket, warnings] = opened(t, path, vpp.path);
        t.is(socket.queueLimit, limit);
        t.is(warnings.length, count);
        for (const warning of warnings) {
          t.is(warning.code, "QUEUE_LIMIT");
          t.true(warning.message.startsWith(`net.unix.max_dgram_qlen is ${limit}: `));
        }
        socket.close();
      });
    }
  },
);

test("a socket whose warning handler throws lets go of its path", async (t) => {
  const folder = socketFolder(t);
  const [path, vppPath] = [join(folder, "client"), join(folder, "vpp")];
  const server = createServer().listen(vppPath);
  t.teardown(() => server.close());
  await once(server, "listening");
  const onWarning = () => {
    throw new Error("listener");
  };
  t.throws(() => PuntSocket.open({ path, vppPath, onWarning }), { message: "listener" });
  t.deepEqual(fs.readdirSync(folder), ["vpp"]);
});
