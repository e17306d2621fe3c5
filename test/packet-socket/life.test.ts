// The life of a port: its device goes and comes, its process has few rights, its thread ends.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { ExecutionContext } from "ava";
import { DescriptorServer, openPacketSocket } from "../../lib/descriptor/index.js";
import { PacketSocket } from "../../lib/packet-socket/index.js";
import { openDescriptors, socketFolder } from "../support/descriptor/peer.js";
import { need } from "../support/need.js";
import { addCable, cable, collect, frame, numberOf, openOn, until } from "../support/packet-socket/wire.js";

const linux = need("root", "netns");
const library = (file: string) => JSON.stringify(new URL(`../../lib/${file}`, import.meta.url).href);

/** Packet rings that this process has mapped. */
const mappings = () => readFileSync("/proc/self/maps", "utf8").match(/socket:\[/g)?.length ?? 0;

linux.test("a link that goes down and up is an event each time, and the port goes on", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a), openOn(t, b, { device: "far0" })];
  const states: string[] = [];
  port.on("link", (state) => states.push(state));
  const frames = collect(port);
  for (let round = 0; round < 3; round++) {
    a.ip("link", "set", "punt0", "down");
    await until(() => states.length === 2 * round + 1);
    t.is(port.link, "down");
    t.is(port.send(frame(99)), 0);
    t.is(port.send([frame(97), frame(98)]), 0);
    a.ip("link", "set", "punt0", "up");
    await until(() => states.length === 2 * round + 2);
    far.send(frame(round));
    await until(() => frames.length === round + 1);
  }
  t.deepEqual(states, ["down", "up", "down", "up", "down", "up"]);
  t.deepEqual(frames.map(numberOf), [0, 1, 2]);
  t.is(port.stats().tx.refused.down, 9);
});

linux.test("the removal of a device under traffic is an event, and the port follows its successor", async (t) => {
  const { a, b } = cable(t);
  const port = openOn(t, a);
  const states: string[] = [];
  port.on("link", (state) => states.push(state));
  const frames = collect(port);
  for (let round = 0; round < 3; round++) {
    const far = openOn(t, b, { device: "far0" });
    far.send(Array.from({ length: 500 }, (_, i) => frame(i)));
    a.ip("link", "del", "punt0");
    await until(() => states.at(-1) === "gone");
    t.is(port.send(frame(1)), 0);
    far.close();
    addCable(a, b);
    await until(() => states.at(-1) === "up");
    const next = openOn(t, b, { device: "far0" });
    next.send(frame(0xffffff));
    await until(() => frames.some((hex) => numberOf(hex) === 0xffffff));
    frames.length = 0;
  }
  t.is(states.filter((state) => state === "gone").length, 3);
});

linux.test("a device that is renamed is the same device", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a), openOn(t, b, { device: "far0" })];
  const frames = collect(port);
  a.ip("link", "set", "punt0", "down");
  a.ip("link", "set", "punt0", "name", "other0");
  a.ip("link", "set", "other0", "up");
  await until(() => port.link === "up");
  far.send(frame(5));
  await until(() => frames.map(numberOf).includes(5));
  t.pass();
});

linux.test("a port on a device that is down opens, and receives once it is up", async (t) => {
  const { a, b } = cable(t);
  a.ip("link", "set", "punt0", "down");
  const [port, far] = [openOn(t, a), openOn(t, b, { device: "far0" })];
  t.is(port.link, "down");
  const frames = collect(port);
  a.ip("link", "set", "punt0", "up");
  await until(() => port.link === "up");
  far.send(frame(1));
  await until(() => frames.length === 1);
  t.pass();
});

linux.test("closing in a handler keeps the batch until the handler returns", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a), openOn(t, b, { device: "far0" })];
  let view: Uint8Array | undefined;
  let number = -1;
  port.receive((batch) => {
    view = batch.view(0);
    port.close();
    number = batch.u32(0, 14);
  });
  far.send(frame(77));
  await until(() => number >= 0);
  t.is(number, 77);
  t.is(view!.length, 0);
  t.is(port.stats().rx.packets, 1);
  port.close();
});

linux.test.serial("ports that are opened and closed leave no descriptor and no ring", async (t) => {
  const { a, b } = cable(t);
  const far = openOn(t, b, { device: "far0" });
  const cycle = () => {
    const port = openOn(t, a, { ringBytes: 2 ** 20 });
    far.send(frame(1));
    port.poll((batch) => void batch.view(0));
    port.close();
  };
  cycle();
  const before = [openDescriptors(), mappings()] as const;
  for (let i = 0; i < 100; i++) cycle();
  await until(() => openDescriptors() <= before[0] && mappings() <= before[1]);
  t.pass();
});

linux.test.serial("a closed port receives nothing more, although its memory may still be there", async (t) => {
  const { a, b } = cable(t);
  const [port, far] = [openOn(t, a), openOn(t, b, { device: "far0" })];
  let kept: Uint8Array | undefined;
  port.receive((batch) => {
    kept = batch.copy(0);
    port.close();
  });
  far.send(Array.from({ length: 50 }, (_, i) => frame(i)));
  await until(() => kept !== undefined);
  t.throws(() => port.receive(() => {}), { code: "ERR_CLOSED" });
  t.is(kept!.length, 60);
});

const workerFile = fileURLToPath(new URL("../support/packet-socket/worker.js", import.meta.url));

linux.test.serial("a worker that is terminated while it receives leaves nothing", async (t) => {
  const { a, b } = cable(t);
  const far = openOn(t, b, { device: "far0" });
  const before = [openDescriptors(), mappings()] as const;
  for (let i = 0; i < 10; i++) {
    const worker = new Worker(workerFile, { workerData: { namespace: a.path } });
    await once(worker, "message");
    far.send(Array.from({ length: 64 }, (_, n) => frame(n)));
    await once(worker, "message");
    far.send(Array.from({ length: 64 }, (_, n) => frame(n)));
    await worker.terminate();
  }
  await until(() => openDescriptors() <= before[0] + 1 && mappings() <= before[1]);
  t.pass();
});

/** A process of an unprivileged user in host a's namespace, which runs the code and prints lines. */
function unprivileged(t: ExecutionContext, namespace: string, code: string): ChildProcess {
  const drop = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];
  const command = ["setpriv", ...drop, process.execPath, "--input-type=module", "-e", code];
  const child = spawn("nsenter", [`--net=${namespace}`, ...command], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  return child;
}

need("root", "netns", "setpriv", "glibc").test.serial(
  "an unprivileged process sends and receives over what it was handed",
  async (t) => {
    const { a, b } = cable(t);
    const folder = socketFolder(t);
    chmodSync(folder, 0o755);
    const path = join(folder, "attach.sock");
    const server = DescriptorServer.listen(
      path,
      ({ descriptors: [namespace] }) => ({
        bytes: Buffer.of(),
        descriptors: [openPacketSocket({ device: "punt0", namespace: namespace! })],
      }),
      { mode: 0o666 },
    );
    t.teardown(() => server.close());
    const child = unprivileged(
      t,
      a.path,
      `
    const { openNamespace, receiveDescriptors } = await import(${library("descriptor/index.js")});
    const { PacketSocket } = await import(${library("packet-socket/index.js")});
    try { PacketSocket.open({ device: "punt0" }); } catch (error) { console.log(error.code, error.message); }
    const own = openNamespace("/proc/self/ns/net");
    const { descriptors: [descriptor] } = await receiveDescriptors(${JSON.stringify(path)}, Buffer.of(), { descriptors: [own] });
    const port = PacketSocket.open({ descriptor });
    port.receive((batch) => port.send(batch));
    console.log("open", port.device, descriptor.isOpen);`,
    );
    let output = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    await until(() => /open punt0/.test(output));
    t.regex(output, /^EPERM .*CAP_NET_RAW/);
    t.regex(output, /open punt0 false/);
    const far = openOn(t, b, { device: "far0" });
    const back = collect(far);
    far.send(Array.from({ length: 200 }, (_, i) => frame(i)));
    await until(() => back.length >= 200);
    t.deepEqual(back.map(numberOf), [...Array(200).keys()]);
  },
);

linux.test("a descriptor that is not a packet socket of a device is refused and closed", (t) => {
  const code = `
    const { Descriptor, openNamespace } = await import(${library("descriptor/index.js")});
    const { PacketSocket } = await import(${library("packet-socket/index.js")});
    const descriptor = openNamespace("/proc/self/ns/net");
    try { PacketSocket.open({ descriptor }); } catch (error) { console.log(error.code, descriptor.isOpen); }
    try { PacketSocket.open({ descriptor }); } catch (error) { console.log(error.code); }`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  t.is(said, "EINVAL false\nERR_CLOSED\n");
});

need("root", "netns", "prlimit").test("without a descriptor left, opening fails by name", (t) => {
  const code = `
    const { PacketSocket } = await import(${library("packet-socket/index.js")});
    const ports = [];
    try { for (;;) ports.push(PacketSocket.open({ device: "lo", ringBytes: 262144 })); }
    catch (error) { for (const port of ports) port.close(); console.log(error.code, ports.length > 0); }`;
  const command = ["--net", "prlimit", "--nofile=60:60", process.execPath, "--input-type=module", "-e", code];
  t.is(execFileSync("unshare", command, { encoding: "utf8" }), "EMFILE true\n");
});

need("root", "netns", "tun", "python3").test("frames of a TAP arrive, and go out", async (t) => {
  const { a } = cable(t);
  const answered = a.start(
    t,
    "python3",
    "-c",
    `
import fcntl, os, struct
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH", b"tap7", 0x0002 | 0x1000))
os.system("ip link set tap7 up; touch /dev/null")
print("made", flush=True)
seen = 0
while seen < 100:
    f = os.read(fd, 2048)
    if f[12:14] == b"\\x88\\xb5": seen += 1; os.write(fd, f)
os.read(fd, 2048)`,
  );
  void answered;
  await until(() => /tap7.*UP/.test(a.ip("link")));
  const port = PacketSocket.open({ device: "tap7", namespace: a.path });
  t.teardown(() => port.close());
  const frames = collect(port);
  port.send(Array.from({ length: 100 }, (_, i) => frame(i)));
  const own = () => frames.filter((hex) => hex.slice(24, 28) === "88b5");
  await until(() => own().length >= 100);
  t.deepEqual(own().map(numberOf), [...Array(100).keys()]);
});
