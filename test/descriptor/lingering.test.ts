// Clients that pass descriptors whose close waits: the event loop waits for none of them, wherever the descriptor is closed.
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type DescriptorHandler, DescriptorServer, receiveDescriptors } from "../../lib/descriptor/index.js";
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
