// Clients that pass descriptors whose close waits: the event loop waits for none of them, wherever the descriptor is closed.
import { existsSync, fstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import {
  type DescriptorHandler,
  DescriptorServer,
  queueLength,
  receiveDescriptors,
  takeDatagramSocket,
} from "../../lib/descriptor/index.js";
import { lingeringPeer } from "../support/descriptor/lingering.js";
import { openDescriptors, python, socketFolder, until } from "../support/descriptor/peer.js";
import { need } from "../support/need.js";

const echo: DescriptorHandler = ({ bytes }) => ({ bytes });

function listen(t: ExecutionContext, handler = echo) {
  const path = join(socketFolder(t), "attach.sock");
  const errors: unknown[] = [];
  const server = DescriptorServer.listen(path, handler, { maxConnections: 1, onError: (error) => errors.push(error) });
  t.teardown(() => server.close());
  return { path, server, errors };
}

need("python3").test.serial("a descriptor that a request has brought is closed elsewhere", async (t) => {
  const { path } = listen(t);
  const peer = lingeringPeer(t, path, `s = connect()\npass_last(s, frame(b"x", 1))\ns.recv(99)\ns.close()`);
  await peer.hasPassed();
  await receiveDescriptors(path, Buffer.of());
  t.false(peer.hasEnded());
});

/** Has the only place of a server until it is called. */
async function occupy(t: ExecutionContext) {
  let leave: (() => void) | undefined;
  const listening = listen(t, async ({ bytes }) => {
    if (bytes.length === 0) await new Promise<void>((resolve) => (leave = resolve));
    return { bytes };
  });
  void receiveDescriptors(listening.path, Buffer.of()).catch(() => {});
  await until(() => leave !== undefined);
  return { ...listening, leave: leave! };
}

need("python3").test.serial("an exchange that ends with unread descriptors is closed elsewhere", async (t) => {
  const { path, errors, leave } = await occupy(t);
  const peer = lingeringPeer(t, path, `s = connect()\ns.send(b"no header...")\npass_last(s, b"x")`);
  await peer.hasPassed();
  leave();
  await until(() => errors.length > 0);
  await receiveDescriptors(path, Buffer.of(1));
  t.false(peer.hasEnded());
});

need("python3").test.serial(
  "a server that closes with clients that wait to be accepted closes them elsewhere",
  async (t) => {
    const { path, server, leave } = await occupy(t);
    const peer = lingeringPeer(t, path, `s = connect()\npass_last(s, frame(b"x", 1))`);
    await peer.hasPassed();
    await server.close();
    leave();
    t.false(peer.hasEnded());
  },
);

need("python3").test.serial("many descriptors of one request are all closed", async (t) => {
  const { path } = listen(t);
  await receiveDescriptors(path, Buffer.of());
  const before = openDescriptors();
  const said = python(t, path, `s = connect()\nsend(s, frame(b"x", 16), [0] * 16)\nprint(len(s.recv(99)))`);
  t.is(await said, "13\n");
  await until(() => openDescriptors() <= before);
});

need("python3").test.serial("a datagram socket that was taken from another process is closed elsewhere", async (t) => {
  const path = join(socketFolder(t), "punt.sock");
  const peer = lingeringPeer(
    t,
    path,
    `
punt = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
punt.bind(path)
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.connect(path)
pass_last(sender, b"packet")
open(path + ".writing", "w").write("%d %d %d" % (os.getpid(), punt.fileno(), os.fstat(punt.fileno()).st_ino))
os.rename(path + ".writing", path + ".place")
while not os.path.exists(path + ".taken"): time.sleep(0.01)
for s in [sender, punt]: s.close()`,
  );
  await until(() => existsSync(`${path}.place`));
  const [pid, number, inode] = readFileSync(`${path}.place`, "utf8").split(" ").map(Number) as [number, number, number];
  const taken = takeDatagramSocket(pid, number, inode);
  t.is(queueLength(taken).datagrams, 1);
  writeFileSync(`${path}.taken`, "");
  await peer.hasPassed();
  taken.close();
  t.false(peer.hasEnded());
});

need("python3").test.serial(
  "a socket that its passer keeps goes on to reset its connection when it is closed",
  async (t) => {
    let inode = 0;
    const { path } = listen(t, ({ bytes, descriptors }) => {
      inode = fstatSync(descriptors[0]!.fd).ino;
      return { bytes };
    });
    const said = python(
      t,
      path,
      `
kept = socket.socket()
kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s = connect()
send(s, frame(b"x", 1), [kept.fileno()])
while not os.path.exists(path + ".closed"): time.sleep(0.01)
print(*struct.unpack("ii", kept.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)))`,
    );
    await until(() => inode !== 0);
    await until(() => !isOpen(`socket:[${inode}]`));
    writeFileSync(`${path}.closed`, "");
    t.is(await said, "1 0\n");
  },
);

/** Whether this process has the file open, in the words of /proc. */
function isOpen(file: string): boolean {
  return readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false; // The folder's own.
    }
  });
}
