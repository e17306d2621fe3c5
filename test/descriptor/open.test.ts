// Opening things to be handed over: sockets, namespaces, devices that move; and the identity of a socket's peer.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, statSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import test, { type ExecutionContext } from "ava";
import {
  bindPuntSocket,
  connectMemifControl,
  connectPuntSocket,
  Descriptor,
  moveDevice,
  networkNamespace,
  openNamespace,
  openPacketSocket,
  openPeerProcess,
  peerCredentials,
  processIsAlive,
} from "../../lib/descriptor/index.js";
import { PuntSocket } from "../../lib/punt-socket/index.js";
import { openDescriptors, python, socketFolder, until } from "../support/descriptor/peer.js";
import { need } from "../support/need.js";

/** A network namespace of the test's, held by a process that sleeps; its path. */
function namespace(t: ExecutionContext): string {
  const child = spawn("unshare", ["--net", "sleep", "600"], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  const path = `/proc/${child.pid}/ns/net`;
  const own = statSync("/proc/self/ns/net").ino;
  for (const end = Date.now() + 30_000; statSync(path).ino === own; )
    if (Date.now() > end) throw new Error("no namespace");
  return path;
}

const inside = (path: string, ...command: string[]) =>
  execFileSync("nsenter", [`--net=${path}`, ...command], { encoding: "utf8" });

test("the peer of a socket of Node is known too", async (t) => {
  const path = join(socketFolder(t), "manager.sock");
  const server = createServer().listen(path);
  await once(server, "listening");
  const client = createConnection(path);
  const [accepted] = await once(server, "connection");
  t.like(peerCredentials(accepted), { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() });
  t.true(Array.isArray(peerCredentials(accepted).groups));
  client.destroy();
  accepted.destroy();
  t.throws(() => peerCredentials(accepted), { code: "ERR_NO_PEER" });
  server.close();
});

test("a socket of another family has no peer", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = createConnection((server.address() as { port: number }).port, "127.0.0.1");
  const [accepted] = await once(server, "connection");
  t.throws(() => peerCredentials(accepted), { code: "ERR_NO_PEER" });
  t.throws(() => peerCredentials(-1), { code: "EBADF" });
  client.destroy();
  server.close();
});

need("python3").test("the peer's process is pinned, and its end is seen", async (t) => {
  const path = join(socketFolder(t), "manager.sock");
  const server = createServer().listen(path);
  await once(server, "listening");
  const client = python(t, path, "s = connect()\nend(s)");
  const [accepted] = await once(server, "connection");
  const peer = openPeerProcess(accepted);
  if (peer === undefined) return void t.pass("this kernel has no SO_PEERPIDFD");
  t.true(processIsAlive(peer));
  accepted.destroy();
  await client;
  t.false(processIsAlive(peer));
  peer.close();
  server.close();
});

test("a descriptor has one owner, and none when it was closed or released", (t) => {
  const descriptor = openNamespace("/proc/self/ns/net");
  const copy = descriptor.duplicate();
  t.not(copy.fd, descriptor.fd);
  const fd = descriptor.release();
  t.false(descriptor.isOpen);
  t.throws(() => descriptor.fd, { code: "ERR_CLOSED" });
  t.throws(() => descriptor.duplicate(), { code: "ERR_CLOSED" });
  descriptor.close();
  using again = Descriptor.own(fd);
  t.deepEqual(networkNamespace(again), networkNamespace(copy));
  copy.close();
  copy.close();
  for (const wrong of [-1, 1.5, "3", undefined])
    t.throws(() => Descriptor.own(wrong as number), { code: "ERR_OPTION" });
});

// Alone, so that this thread gets the numbers that the other one gave up.
test.serial(
  "a descriptor that a worker thread took over from node:fs is closed once: its number may be another thread's by then",
  async (t) => {
    const code = `
    const { openSync } = require("node:fs");
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(new URL("../../lib/descriptor/index.js", import.meta.url).href)}).then(({ Descriptor }) => {
      const fds = Array.from({ length: 20 }, () => openSync("/dev/null", "r"));
      for (const fd of fds) Descriptor.own(fd).close();
      parentPort.on("message", () => process.exit()).postMessage(fds);
    });
  `;
    const worker = new Worker(code, { eval: true });
    t.teardown(() => worker.terminate());
    const [fds] = (await once(worker, "message")) as [number[]];
    const mine = fds.map(() => openSync("/dev/null", "r"));
    t.true(mine.some((fd) => fds.includes(fd)));
    worker.postMessage("end");
    await once(worker, "exit");
    for (const fd of mine) t.notThrows(() => closeSync(fd));
  },
);

test("device and inode identify a namespace; other files are refused", (t) => {
  const { dev, ino } = statSync("/proc/self/ns/net", { bigint: true });
  t.deepEqual(networkNamespace("/proc/self/ns/net"), { device: dev, inode: ino });
  for (const path of ["/proc/self/ns/mnt", "/proc/self/status", "/"]) {
    t.throws(() => networkNamespace(path), { code: "ERR_NOT_A_NAMESPACE" }, path);
    t.throws(() => openNamespace(path), { code: "ERR_NOT_A_NAMESPACE" }, path);
  }
  t.throws(() => networkNamespace("/nowhere"), { code: "ENOENT" });
  t.throws(() => networkNamespace(3 as never), { code: "ERR_OPTION" });
});

test("a worker thread that is terminated leaves no descriptor open", async (t) => {
  const library = new URL("../../lib/descriptor/index.js", import.meta.url).href;
  const code = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(library)}).then(({ openNamespace }) => {
      globalThis.kept = Array.from({ length: 100 }, () => openNamespace("/proc/self/ns/net"));
      parentPort.postMessage("open");
      setInterval(() => {}, 1000);
    });`;
  const before = openDescriptors();
  const worker = new Worker(code, { eval: true });
  await once(worker, "message");
  t.true(openDescriptors() >= before + 100);
  await worker.terminate();
  await until(() => openDescriptors() < before + 50);
});

test("a bound punt socket outlives its opener, and a path has one receiver", (t) => {
  const folder = socketFolder(t);
  const [path, vppPath] = [join(folder, "client"), join(folder, "vpp")];
  t.throws(() => bindPuntSocket({ path, vppPath }), { code: "ENOENT" });
  t.false(existsSync(path));
  const vpp = PuntSocket.open({ path: vppPath, vppPath: null, onWarning: () => {} });
  const bound = bindPuntSocket({ path, vppPath, mode: 0o600 });
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(vpp.sendTo(path, 1, Buffer.from("packet")), undefined);
  t.throws(() => bindPuntSocket({ path }), { code: "EADDRINUSE" });
  const next = bindPuntSocket({ path, replace: true });
  bound.close();
  next.close();
  t.true(existsSync(path));
  bindPuntSocket({ path }).close();
  using injector = connectPuntSocket(vppPath);
  t.true(injector.isOpen);
  vpp.close();
  t.throws(() => connectPuntSocket(vppPath), { code: "ENOENT" });
  writeFileSync(vppPath, "");
  t.throws(() => connectMemifControl(vppPath), { code: "ECONNREFUSED" });
});

const netns = need("root", "netns");

netns.test("a packet socket is opened in the namespace that is named, and nowhere else", (t) => {
  const path = namespace(t);
  inside(path, "ip", "link", "add", "punt0", "type", "veth");
  const own = statSync("/proc/self/ns/net").ino;
  openPacketSocket({ device: "punt0", namespace: path }).close();
  using descriptor = openNamespace(path);
  openPacketSocket({ device: "punt0", namespace: descriptor }).close();
  t.is(statSync("/proc/thread-self/ns/net").ino, own);
  t.throws(() => openPacketSocket({ device: "punt0" }), { code: "ENODEV" });
  t.throws(() => openPacketSocket({ device: "punt0", namespace: "/" }), { code: "ERR_NOT_A_NAMESPACE" });
  t.throws(() => openPacketSocket({ device: "a/b" }), { code: "ERR_OPTION" });
  t.throws(() => openPacketSocket({ device: "sixteen-letters!" }), { code: "ERR_OPTION" });
});

netns.test("a device moves between namespaces, under another name if asked", (t) => {
  const [from, to] = [namespace(t), namespace(t)];
  inside(from, "ip", "link", "add", "punt0", "type", "veth");
  inside(to, "ip", "link", "add", "taken", "type", "veth");
  using target = openNamespace(to);
  t.throws(() => moveDevice({ device: "punt0", from, to, name: "taken" }), { code: "EEXIST" });
  moveDevice({ device: "punt0", from, to: target, name: "punt1" });
  t.regex(inside(to, "ip", "link"), /punt1/);
  t.throws(() => moveDevice({ device: "punt0", from, to }), { code: "ENODEV" });
  t.throws(() => moveDevice({ device: "punt0", to: "/nowhere" }), { code: "ENOENT" });
  t.throws(() => moveDevice({ device: "punt0" } as never), { code: "ERR_OPTION" });
  moveDevice({ device: "punt1", from: to, to: from });
  t.regex(inside(from, "ip", "link"), /punt1/);
});

need("root", "setpriv").test("without the right for it, the error names the capability", (t) => {
  const library = new URL("../../lib/descriptor/index.js", import.meta.url).href;
  const code = `
    const { openPacketSocket } = await import(${JSON.stringify(library)});
    try { openPacketSocket({ device: "lo" }); } catch (error) { console.log(error.code, error.message); }`;
  const drop = ["--bounding-set=-net_raw", "--inh-caps=-all", "--reuid=65534", "--clear-groups"];
  const said = execFileSync("setpriv", [...drop, process.execPath, "--input-type=module", "-e", code], {
    encoding: "utf8",
  });
  t.regex(said, /^EPERM .*CAP_NET_RAW/);
});
