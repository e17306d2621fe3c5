// Ports over sockets that another process has opened: punt sockets, injectors, memif clients.
import { existsSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  bindPuntSocket,
  connectMemifControl,
  connectPuntSocket,
  type Descriptor,
  DescriptorServer,
  openNamespace,
  receiveDescriptors,
} from "../../lib/descriptor/index.js";
import { Memif } from "../../lib/memif/index.js";
import { PuntAction, PuntInjector, PuntSocket } from "../../lib/punt-socket/index.js";
import { openDescriptors, socketFolder, until } from "../support/descriptor/peer.js";
import { startVpp } from "../support/punt-socket/peer.js";

/** The descriptor as another process gets it: passed over a socket. */
async function passed(t: ExecutionContext, descriptor: Descriptor): Promise<Descriptor> {
  const path = join(socketFolder(t), "attach.sock");
  await using _server = DescriptorServer.listen(path, () => ({ bytes: Buffer.of(), descriptors: [descriptor] }));
  return (await receiveDescriptors(path, Buffer.of())).descriptors[0]!;
}

const quiet = { onWarning: () => {} };

test("a punt socket receives over a socket that was bound and connected elsewhere, and leaves its file", async (t) => {
  const folder = socketFolder(t);
  const [path, vppPath] = [join(folder, "client"), join(folder, "vpp")];
  const vpp = startVpp(t, vppPath);
  const descriptor = await passed(t, bindPuntSocket({ path, vppPath }));
  const seen: string[] = [];
  const socket = PuntSocket.open({ descriptor, ...quiet });
  t.false(descriptor.isOpen);
  socket.receive((batch) => void seen.push(`${batch.swIfIndex(0)} ${Buffer.from(batch.copy(0))}`));
  t.like(socket.stats(), { connected: true, connectError: undefined });
  t.is(vpp.punt(path, Buffer.from("one"), 7), undefined);
  await until(() => seen.length === 1);
  t.deepEqual(seen, ["7 one"]);
  vpp.close();
  socket.close();
  t.true(existsSync(path));
});

test("an injector sends over a connected socket, and says when VPP is gone", async (t) => {
  const vppPath = join(socketFolder(t), "vpp");
  const vpp = startVpp(t, vppPath);
  const descriptor = await passed(t, connectPuntSocket(vppPath));
  const injector = PuntInjector.open({ descriptor, knownInterfaces: new Set([3]) });
  t.teardown(() => injector.close());
  t.true(injector.inject(PuntAction.L2, 3, new Uint8Array(60)));
  await until(() => vpp.injected.length === 1);
  t.like(vpp.injected[0], { swIfIndex: 3, action: PuntAction.L2 });
  vpp.close();
  t.false(injector.inject(PuntAction.L2, 3, new Uint8Array(60)));
  t.false(injector.reconnect());
  t.is(injector.stats().refused.disconnected, 1);
});

test("a memif client speaks over a connected control socket, and goes on over the next one", async (t) => {
  const socket = join(socketFolder(t), "memif.sock");
  let server = Memif.open({ role: "server", socket });
  const client = Memif.open({ role: "client", descriptor: await passed(t, connectMemifControl(socket)) });
  t.teardown(() => client.close());
  const seen: number[] = [];
  const endings: string[] = [];
  client.on("down", ({ by }) => endings.push(by));
  client.receive((batch) => void seen.push(batch.u8(0, 0)));
  for (let round = 0; round < 3; round++) {
    await until(() => client.peer !== undefined && server.peer !== undefined);
    t.is(server.send(new Uint8Array(64).fill(round)), 1);
    await until(() => seen.length === round + 1);
    server.close();
    await until(() => client.peer === undefined);
    server = Memif.open({ role: "server", socket });
    client.reconnect(await passed(t, connectMemifControl(socket)));
  }
  t.deepEqual(seen, [0, 1, 2]);
  t.deepEqual(endings, ["peer", "peer", "peer"]);
  await until(() => client.peer !== undefined);
  // In the place of a connection that lives.
  client.reconnect(connectMemifControl(socket));
  await until(() => endings.at(-1) === "self");
  await until(() => client.peer !== undefined);
  server.close();
});

test("a descriptor of another kind is refused and closed", async (t) => {
  const folder = socketFolder(t);
  const vppPath = join(folder, "vpp");
  startVpp(t, vppPath);
  const server = Memif.open({ role: "server", socket: join(folder, "memif.sock") });
  t.teardown(() => server.close());
  const before = openDescriptors();
  const namespace = () => openNamespace("/proc/self/ns/net");
  for (const make of [namespace, () => connectMemifControl(join(folder, "memif.sock"))]) {
    const code = make === namespace ? "ENOTSOCK" : "EPROTOTYPE";
    t.throws(() => PuntSocket.open({ descriptor: make(), ...quiet }), { code });
    t.throws(() => PuntInjector.open({ descriptor: make(), knownInterfaces: new Set() }), { code });
  }
  t.throws(() => Memif.open({ role: "client", descriptor: connectPuntSocket(vppPath) }), { code: "EPROTOTYPE" });
  t.throws(() => Memif.open({ role: "client", descriptor: namespace() }), { code: "ENOTSOCK" });
  await until(() => openDescriptors() <= before + 4);
});

test("options that do not go with a descriptor are named", (t) => {
  using descriptor = openNamespace("/proc/self/ns/net");
  const refused = { code: "ERR_OPTION" };
  t.throws(() => PuntSocket.open({ descriptor, path: "/tmp/x" }), refused);
  t.throws(() => PuntSocket.open({ descriptor, mode: 0o600 }), refused);
  t.throws(() => PuntSocket.open({ descriptor: 3 as never }), refused);
  t.throws(() => PuntSocket.open({}), refused);
  t.throws(() => PuntInjector.open({ descriptor, vppPath: "/tmp/x", knownInterfaces: new Set() }), refused);
  t.throws(() => Memif.open({ role: "client", descriptor, socket: "/tmp/x" }), refused);
  t.throws(() => Memif.open({ role: "server", descriptor }), refused);
  t.throws(() => Memif.open({ role: "client" }), refused);
  t.true(descriptor.isOpen);
  const client = Memif.open({ role: "client", socket: "/tmp/nothing.sock" });
  t.throws(() => client.reconnect(3 as never), refused);
  t.throws(() => client.reconnect(descriptor), { code: "ERR_MODE" });
  t.false(descriptor.isOpen);
  client.close();
  t.throws(() => client.reconnect(openNamespace("/proc/self/ns/net")), { code: "ERR_CLOSED" });
  t.throws(() => PuntSocket.open({ descriptor, ...quiet }), { code: "ERR_CLOSED" });
});
