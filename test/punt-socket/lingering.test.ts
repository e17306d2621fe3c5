// Senders that pass descriptors to a punt socket: Linux refuses them, and an older one's are closed elsewhere.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type Descriptor, DescriptorServer } from "../../lib/descriptor/index.js";
import { PuntSocket } from "../../lib/punt-socket/index.js";
import { lingeringPeer } from "../support/descriptor/lingering.js";
import { python } from "../support/descriptor/peer.js";
import { need } from "../support/need.js";
import { open, socketFolder, until } from "../support/punt-socket/peer.js";

/** A socket that a peer has bound, and passes before anything about it is set here. */
async function passedSocket(t: ExecutionContext, code: string) {
  const path = join(socketFolder(t), "attach.sock");
  let descriptor: Descriptor | undefined;
  const server = DescriptorServer.listen(path, ({ descriptors }) => {
    descriptor = descriptors[0]!.duplicate();
    return { bytes: Buffer.of() };
  });
  t.teardown(() => server.close());
  const bound = `
punt = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
punt.bind(path + ".punt")
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.connect(path + ".punt")
${code}
s = connect()
send(s, frame(b"x", 1), [punt.fileno()])
punt.close()
s.recv(99)
s.close()`;
  const peer = lingeringPeer(t, path, bound);
  await peer.hasPassed();
  return { descriptor: descriptor!, peer };
}

const PACKET = `struct.pack("<II", 7, 0) + b"packet"`;

for (const [what, before] of [
  ["one datagram", ""],
  ["a burst", `for _ in range(3): sender.send(${PACKET})`],
] as const) {
  need("python3").test.serial(`what was passed beside ${what} is closed elsewhere`, async (t) => {
    const code = `${before}\npass_last(sender, ${PACKET}, os.pipe())`;
    const { descriptor, peer } = await passedSocket(t, code);
    const socket = PuntSocket.open({ descriptor, onWarning: () => {} });
    t.teardown(() => socket.close());
    let seen = 0;
    socket.receive((batch) => (seen += batch.length));
    await until(() => seen === (before === "" ? 1 : 4));
    t.false(peer.hasEnded());
  });
}

need("python3").test.serial("datagrams that are unread at the end are closed elsewhere", async (t) => {
  const { descriptor, peer } = await passedSocket(t, `pass_last(sender, ${PACKET})`);
  PuntSocket.open({ descriptor, onWarning: () => {} }).close();
  t.false(peer.hasEnded());
});

need("python3", "passrights").test.serial("a sender that passes a descriptor is refused", async (t) => {
  const path = join(socketFolder(t), "punt.sock");
  open(t, { path });
  const said = await python(
    t,
    path,
    `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(path)
try: send(s, b"x", [0])
except PermissionError: print("refused")`,
  );
  t.is(said, "refused\n");
  t.true(existsSync(path));
});
