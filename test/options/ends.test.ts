// A process ends by itself once its objects are closed, and also if its open objects are documented not to keep it running.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { daemonTest } from "../support/daemon/daemon.js";
import { type Ended, moduleText, runNode } from "../support/machine/script.js";
import { need } from "../support/need.js";

const ENTRIES = [
  "index",
  "binapi/index",
  "module/index",
  "daemon/index",
  "sim/index",
  "testing/index",
  "stonework/index",
];

/** Milliseconds after which a process that something keeps says so and ends. */
const KEPT_MS = 15_000;

/** A module's text with all names of the entries as `x`, and a VPP and a daemon in this process, by their sockets. */
function script(body: string, sockets: Readonly<Record<string, string>>, keptMs = KEPT_MS): string[] {
  const imports = ENTRIES.map((entry) => JSON.stringify(new URL(`../../lib/${entry}.js`, import.meta.url).href));
  return moduleText(`
    const x = Object.assign({}, ...await Promise.all([${imports.join()}].map((entry) => import(entry))));
    const at = ${JSON.stringify(sockets)};
    const SPAN = { cnf: "ends", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" };
    const HERE = { owner: "ends", host: new x.EmulatedHost({ hostInterfaces: async () => [] }), memifDirectory: at.folder + "/memif" };
    const next = (source, name) => new Promise((resolve) => source.once(name, resolve));
    ${body}
    console.log("used");
    // Nothing waits for this timer: it runs in a process that something else keeps.
    setTimeout(() => { console.log("kept by", process.getActiveResourcesInfo().join()); process.exit(0); }, ${keptMs}).unref();`);
}

const DONE: Ended = { output: "used\n", code: 0, signal: null };

/** Bodies that open, use and close. */
const CLOSED: Readonly<Record<string, string>> = {
  "Vpp with calls, dumps, a loop that was left, and a subscription": `
    const vpp = await x.Vpp.connect({ socketPath: at.vpp });
    await vpp.call("show_version");
    for await (const _ of vpp.dump("l2_xconnect_dump")) break;
    const events = await vpp.subscribe("want_interface_events", {}, "sw_interface_event");
    const waiting = events.next();
    void vpp.call("control_ping").catch(() => {});
    await vpp.close();
    await waiting;`,
  "Vpp that waits to connect again": `
    const sim = await x.EmbeddedVpp.start();
    const vpp = await x.Vpp.connect({ socketPath: sim.apiSocket, reconnect: { min: 60_000, max: 60_000 } });
    const lost = next(vpp, "disconnected");
    await sim.close();
    await lost;
    await vpp.close();`,
  "Vpp whose connect was given up": `
    const signal = AbortSignal.timeout(50);
    await x.Vpp.connect({ socketPath: at.folder + "/none", wait: true, signal }).catch(() => {});`,
  VppStats: `
    const stats = await x.VppStats.open({ socketPath: at.stats });
    if ((await stats.read()).size === 0) throw new Error("no counters");
    stats.close();`,
  "PuntManager, its watchers and its attachments": `
    const vpp = await x.Vpp.connect({ socketPath: at.vpp });
    const manager = await x.PuntManager.start({ vpp, ...HERE, store: new x.FileStore(at.folder + "/store.json") });
    const { id } = await manager.add(SPAN, { waitFor: "CREATED" });
    const ends = manager.attach(id);
    const left = manager.watch();
    await left.next();
    await left.return();
    const cut = manager.watch();
    await cut.next();
    const waiting = cut.next();
    ends.close();
    await manager.delete(id);
    await manager.close();
    await waiting;
    await vpp.close();`,
  "PuntManager without a VPP, with a change that waits": `
    const sim = await x.EmbeddedVpp.start();
    const vpp = await x.Vpp.connect({ socketPath: sim.apiSocket });
    const manager = await x.PuntManager.start({ vpp, ...HERE });
    const lost = next(vpp, "disconnected");
    await sim.close();
    await lost;
    const waiting = manager.add(SPAN, { waitFor: "CREATED" }).catch(() => {});
    await manager.close();
    await waiting;
    await vpp.close();`,
  "connectPunts with watchers and changes": `
    const punts = await x.connectPunts({ socket: at.daemon });
    await punts.add(SPAN, { waitFor: "CREATED" });
    const left = punts.watch();
    await left.next();
    await left.return();
    const cut = punts.watch();
    await cut.next();
    const waiting = cut.next().catch(() => {});
    await punts.delete({ cnf: "ends" });
    await punts.close();
    await waiting;`,
  "connectPunts to a daemon that is away": `
    const punts = await x.connectPunts({ socket: at.folder + "/none", wait: 60_000 });
    const waiting = punts.list().catch(() => {});
    await punts.close();
    await waiting;`,
  "openPunt by a manager of its own": `
    const punt = await x.openPunt(SPAN, { daemon: false, vppSocket: at.vpp, manager: HERE });
    punt.receive(() => {});
    await punt.ready();
    await punt.close();`,
  "openPunt by a daemon": `
    const punt = await x.openPunt(SPAN, { socket: at.daemon });
    const packets = punt.packets();
    const waiting = packets.next();
    await punt.ready();
    await punt.close();
    await waiting;`,
  "openPunt that waits for its daemon": `
    const punt = await x.openPunt(SPAN, { socket: at.folder + "/none", daemon: true });
    const waiting = punt.ready().catch(() => {});
    await punt.close();
    await waiting;`,
  "Daemon with a client": `
    const socket = at.folder + "/door.sock";
    const daemon = await x.Daemon.start({ socket, vppSocket: at.vpp, state: at.folder + "/state", manager: HERE });
    const punts = await x.connectPunts({ socket });
    await punts.add(SPAN, { waitFor: "CREATED" });
    const watching = punts.watch();
    await watching.next();
    await daemon.close();
    await punts.close();`,
  "Forwarder between ports": `
    const open = (role, name, more) => x.Memif.open({ role, socket: at.folder + "/" + name, ...more });
    const [a, b] = [open("server", "a"), open("server", "b")];
    const [from, to] = [open("client", "a"), open("client", "b")];
    await Promise.all([a, b, from, to].map((port) => port.peer ?? next(port, "up")));
    const forwarder = x.forward(a, b);
    const got = new Promise((resolve) => to.receive((batch) => resolve(batch.length)));
    const timer = setInterval(() => from.send(new Uint8Array(60)), 5);
    await got;
    clearInterval(timer);
    forwarder.close();
    from.close();
    to.close();`,
  "EmbeddedVpp in this process, with packets": `
    const sim = await x.EmbeddedVpp.start({ interfaces: ["eth0"] });
    sim.interface("eth0").inject(new Uint8Array(60));
    await sim.restart();
    await sim.close();`,
  "EmbeddedVpp in a process of its own": `
    const sim = await x.EmbeddedVpp.spawn({ interfaces: ["eth0"] });
    await sim.inject("eth0", new Uint8Array(60));
    await sim.close();`,
  testPunt: `
    const punt = await x.testPunt({ type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
    punt.sim.interface("eth0").inject(new Uint8Array(60));
    await punt.received();
    await punt.close();`,
  StoneWorkModule: `
    const folder = { directory: at.folder, grpcPort: 0, httpPort: 0 };
    const module = await x.StoneWorkModule.start({ label: "ends", address: "127.0.0.1", ...folder });
    await module.close();`,
  PcapngWriter: `
    const file = new x.PcapngWriter(at.folder + "/a.pcapng");
    const eth0 = file.addInterface("eth0");
    file.writePacket(eth0, new Uint8Array(60));
    file.close();`,
};

/** Bodies with an open object that keeps no process running. */
const OPEN: Readonly<Record<string, string>> = {
  "VppStats that was read": `
    const stats = await x.VppStats.open({ socketPath: at.stats });
    await stats.read();`,
  "FileStore that is locked": `
    const store = new x.FileStore(at.folder + "/store.json");
    await store.open();
    await store.save({ punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} });`,
  "Memif ports after unref(), with handlers and packets": `
    const open = (role) => x.Memif.open({ role, socket: at.folder + "/memif.sock" });
    const ports = [open("server"), open("client")];
    await Promise.all(ports.map((port) => next(port, "up")));
    await new Promise((resolve) => {
      ports[0].receive(resolve);
      ports[1].send(new Uint8Array(60));
    });
    for (const port of ports) port.unref();`,
  "Forwarder whose ports are unreferenced": `
    const open = (name) => x.Memif.open({ role: "server", socket: at.folder + "/" + name });
    const [a, b] = [open("a"), open("b")];
    x.forward(a, b);
    a.unref();
    b.unref();`,
};

/** On the loopback device, which every machine has. */
const PACKET_SOCKETS: Readonly<Record<string, string>> = {
  "PacketSocket with a handler, once it is closed": "port.receive(() => {}); port.close();",
  "PacketSocket whose loop was left":
    "const it = port[Symbol.asyncIterator](); void it.next(); await it.return(); port.close();",
  "PacketSocket that nothing reads": "port.poll(() => {});",
  "PacketSocket after unref()": "port.receive(() => {}); port.unref();",
};

async function surroundings(t: ExecutionContext): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-ends-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { vpp, socket } = await daemonTest(t);
  return { folder, vpp: vpp.apiSocket, stats: vpp.statsSocket!, daemon: socket };
}

for (const [what, body] of Object.entries(CLOSED))
  test.serial(`a process ends when it has used and closed: ${what}`, async (t) => {
    t.deepEqual(await runNode(t, ...script(body, await surroundings(t))), DONE);
  });

for (const [what, body] of Object.entries(OPEN))
  test.serial(`a process ends that only has: ${what}`, async (t) => {
    t.deepEqual(await runNode(t, ...script(body, await surroundings(t))), DONE);
  });

for (const [what, body] of Object.entries(PACKET_SOCKETS))
  need("root").test.serial(`a process ends that only has: ${what}`, async (t) => {
    const opened = `const port = x.PacketSocket.open({ device: "lo" }); ${body}`;
    t.deepEqual(await runNode(t, ...script(opened, await surroundings(t))), DONE);
  });

test.serial("a process that has an open VPP in it goes on: the tests above would see it", async (t) => {
  const ended = await runNode(t, ...script("await x.EmbeddedVpp.start();", await surroundings(t), 100));
  t.regex(ended.output, /^used\nkept by /);
});
