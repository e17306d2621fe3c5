// openPunt with an embedded VPP: by a manager of this process, and by a daemon.
import { once } from "node:events";
import { existsSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { PuntError } from "../../lib/errors.js";
import { ownBacking } from "../../lib/module/backing.js";
import {
  type CnfRequest,
  type CnfStatus,
  type OpenPunt,
  type OpenPuntOptions,
  openPunt,
} from "../../lib/module/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { ask } from "../support/daemon/traffic.js";

interface Place {
  readonly vpp: EmbeddedVpp;
  open(request: CnfRequest, options?: OpenPuntOptions): Promise<OpenPunt>;
  readonly directory: string;
}

const CONFIGURATION = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"];

async function own(t: ExecutionContext): Promise<Place> {
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0", "eth1"], exec: CONFIGURATION });
  t.teardown(() => vpp.close());
  const { directory } = vpp;
  const options: OpenPuntOptions = {
    daemon: false,
    vppSocket: vpp.apiSocket,
    socketDirectory: join(directory, "sockets"),
    manager: { host: new EmulatedHost(vpp), memifDirectory: join(directory, "memif"), resyncInterval: 500 },
  };
  return { vpp, directory, open: opener(t, options) };
}

async function byDaemon(t: ExecutionContext): Promise<Place> {
  const { vpp, socket, directory } = await daemonTest(t);
  return { vpp, directory, open: opener(t, { socket }) };
}

function opener(t: ExecutionContext, common: OpenPuntOptions): Place["open"] {
  return async (request, options = {}) => {
    const punt = await openPunt(request, { ...common, ...options });
    t.teardown(() => punt.close());
    return punt;
  };
}

const DNS = { af: "IPV4", protocol: "UDP", port: 53 } as const;

/** Resolves when the status is that. */
async function until(punt: OpenPunt, isIt: (status: CnfStatus) => boolean): Promise<void> {
  while (!isIt(punt.status)) await once(punt, "status");
}

async function answer(punt: OpenPunt): Promise<void> {
  for await (const packet of punt.packets()) packet.reply(Buffer.from(`answer to ${Buffer.from(packet.payload!)}`));
}

test("a program that asks for another port is ready when VPP has that port, and not before", async (t) => {
  const { vpp, open } = await byDaemon(t);
  const before = await open({ cnf: "dns", udp: 53 });
  await before.ready();
  await before.close();
  const seen: { state: string; port: unknown }[] = [];
  const after = await open({ cnf: "dns", udp: 5353 });
  const take = ({ state, punt }: CnfStatus) =>
    seen.push({ state, port: (punt?.request as { toHost?: { port?: number } } | undefined)?.toHost?.port });
  take(after.status);
  after.on("status", take);
  const done = answer(after);
  await after.ready();
  t.deepEqual(
    [...new Set(seen.map(({ port }) => port))].filter((port) => port !== undefined),
    [5353],
  );
  t.is(await ask(vpp, 5353, "one"), "answer to one");
  await after.close();
  await done;
});

test("a program whose socket a later program of its CNF takes over says so, and has it again when that one ends", async (t) => {
  const { vpp, open } = await byDaemon(t);
  const first = await open({ cnf: "dns", udp: 53 });
  await first.ready();
  const second = await open({ cnf: "dns", udp: 53 });
  await second.ready();
  await until(first, ({ state, reasons }) => state === "waiting" && reasons[0]?.code === "EADDRINUSE");
  await second.close();
  await first.ready();
  const done = answer(first);
  t.is(await ask(vpp, 53, "one"), "answer to one");
  await first.close();
  await done;
});

test("a program that listens once its punt is open hears why it waits", async (t) => {
  const punt = await openPunt({ cnf: "dns", udp: 53 }, { socket: "/none/manager.sock" });
  t.teardown(() => punt.close());
  const [status] = (await once(punt, "status")) as [CnfStatus];
  t.is(status.state, "waiting");
  t.deepEqual(
    status.reasons.map(({ code }) => code),
    ["DAEMON_AWAY"],
  );
});

for (const [name, place] of Object.entries({ "a manager of this process": own, "a daemon": byDaemon })) {
  test(`${name}: a punt socket at a path of the program's own, and again when its file is removed`, async (t) => {
    const { vpp, open, directory } = await place(t);
    const socketPath = join(directory, "own.sock");
    const dns = await open({ cnf: "dns", type: "PUNT_TO_SOCKET", socketPath, toHost: DNS });
    const done = answer(dns);
    await dns.ready();
    t.is(await ask(vpp, 53, "one"), "answer to one");
    unlinkSync(socketPath);
    while (!existsSync(socketPath)) await sleep(10);
    await dns.ready();
    t.is(await ask(vpp, 53, "two"), "answer to two");
    await dns.close();
    await done;
    t.false(existsSync(socketPath));
  });

  test(`${name}: a DNS responder is three lines, and goes on over a restart of VPP`, async (t) => {
    const { vpp, open } = await place(t);
    const dns = await open({ cnf: "dns", udp: 53 });
    const done = answer(dns);
    t.is((await dns.ready()).state, "ready");
    t.is(dns.status.punt?.state, "CREATED");
    t.is(await ask(vpp, 53, "one"), "answer to one");
    const states: string[] = [];
    dns.on("status", ({ state }) => states.push(state));
    await vpp.restart();
    t.is(await ask(vpp, 53, "two"), "answer to two");
    await dns.ready();
    t.false(states.includes("failed"), states.join());
    await dns.close();
    await done;
    t.throws(() => dns.packets(), { code: "ERR_CLOSED" });
  });

  test(`${name}: packets come again after the file of the punt socket was removed`, async (t) => {
    const { vpp, open } = await place(t);
    const dns = await open({ cnf: "dns", udp: 53 });
    const done = answer(dns);
    await dns.ready();
    const attachment = dns.status.punt!.metadata.interconnects[0]!.attachment as { path: string };
    t.is(await ask(vpp, 53, "one"), "answer to one");
    unlinkSync(attachment.path);
    const isAnswered = async () => (await ask(vpp, 53, "two", 1).catch(() => "")) === "answer to two";
    while (!(await isAnswered())) await sleep(100);
    await dns.ready();
    t.is(dns.status.punt!.state, "CREATED");
    await dns.close();
    await done;
  });

  test(`${name}: bursts, the name of an interface, and frames by name`, async (t) => {
    const { vpp, open } = await place(t);
    const punt = await open({ cnf: "raw", udp: 7 });
    const seen: (string | undefined)[] = [];
    punt.receive((batch) => {
      for (let i = 0; i < batch.length; i++) {
        seen.push(punt.interfaceName(batch.swIfIndex(i)));
        const frame = Buffer.from(batch.copy(i));
        // The host's answer would come from its address: exchange the ports only.
        punt.send(frame, { interface: "eth1" });
      }
    });
    await punt.ready();
    await vpp.cli("set interface state eth1 up");
    vpp.interface("eth1").transmitted();
    const isSent = () =>
      vpp
        .interface("eth1")
        .transmitted()
        .some((frame) => Buffer.from(frame).includes("burst"));
    while (!isSent()) await ask(vpp, 7, "burst", 1);
    t.true(
      seen.every((each) => each === "eth0"),
      seen.join(),
    );
    t.throws(() => punt.send(Buffer.alloc(64), { interface: "nowhere" }), { code: "ERR_NO_INTERFACE" });
  });

  test(`${name}: over a memif the frames of an interface come and go`, async (t) => {
    const { vpp, open } = await place(t);
    const punt = await open({
      ...{ cnf: "fw", type: "HAIRPIN_XCONNECT", interconnect: "MEMIF" },
      ...{ vppInterface1: "eth0", vppInterface2: "eth1" },
    } as CnfRequest);
    await vpp.cli("set interface state eth1 up");
    punt.receive((batch, interconnect) => {
      for (const frame of batch) punt.send(frame, { interconnect: 1 - interconnect });
    });
    await punt.ready();
    const passes = async (text: string) => {
      for (let i = 0; i < 400; i++) {
        await ask(vpp, 9, text, 1);
        if ((await vpp.transmitted("eth1")).some((frame) => Buffer.from(frame).includes(text))) return true;
      }
      return false;
    };
    vpp.interface("eth1").transmitted();
    t.true(await passes("first"));
    await vpp.restart();
    await vpp.cli("set interface state eth1 up");
    t.true(await passes("second"));
  });

  test(`${name}: a waiting punt names what it waits for; an impossible request is refused`, async (t) => {
    const { open } = await place(t);
    const waiting = await open({ cnf: "s", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth9" });
    await until(waiting, ({ reasons }) => reasons.some(({ code }) => code === "INTERFACE"));
    const error = await t.throwsAsync<PuntError>(waiting.ready({ timeout: 300 }));
    t.is(error!.code, "ETIMEDOUT");
    t.like(waiting.status, { state: "waiting", reasons: [{ code: "INTERFACE", text: "VPP interface eth9" }] });
    await t.throwsAsync(open({ cnf: "a b", udp: 53 }), { code: "ERR_INVALID_REQUEST" });
    await t.throwsAsync(open({ cnf: "a", udp: 70_000 }), { code: "ERR_OPTION" });
    await open({ cnf: "first", udp: 99 });
    await t.throwsAsync(open({ cnf: "second", udp: 99 }), { code: "ERR_CONFLICT" });
  });

  test(`${name}: a different request with the same id changes the punt`, async (t) => {
    const { vpp, open } = await place(t);
    const first = await open({ cnf: "dns", udp: 53 });
    await first.ready();
    await first.close();
    const second = await open({ cnf: "dns", udp: 5300 });
    void answer(second);
    await second.ready();
    t.is(await ask(vpp, 5300, "moved"), "answer to moved");
  });
}

test("a session's punt goes when it closes, a persistent one stays", async (t) => {
  const { open, directory } = await byDaemon(t);
  const socket = join(directory, "manager.sock");
  const session = await open({ cnf: "brief", udp: 1000 }, { lifetime: "session", grace: 100 });
  await session.ready();
  const persistent = await open({ cnf: "long", udp: 1001 });
  await persistent.ready();
  await session.close();
  await persistent.close();
  const { RemotePunts } = await import("../../lib/module/remote/index.js");
  const punts = new RemotePunts({ socket });
  t.deepEqual(
    (await punts.list()).map(({ id }) => id.cnf),
    ["long"],
  );
  await punts.close();
});

test("an operator who deletes the punt is not fought", async (t) => {
  const { open, directory } = await byDaemon(t);
  const { RemotePunts } = await import("../../lib/module/remote/index.js");
  const operator = new RemotePunts({ socket: join(directory, "manager.sock") });
  t.teardown(() => operator.close());
  const punt = await open({ cnf: "dns", udp: 53 });
  await punt.ready();
  const packet = punt.packets().next();
  const failed = new Promise((resolve) => punt.on("status", ({ state }) => state === "failed" && resolve(state)));
  await operator.delete({ cnf: "dns" });
  await failed;
  await t.throwsAsync(packet, { code: "ERR_DELETED" });
  await t.throwsAsync(punt.packets().next(), { code: "ERR_DELETED" });
  t.like(punt.status, { state: "failed", reasons: [{ code: "ERR_DELETED" }] });
  await t.throwsAsync(punt.ready(), { code: "ERR_DELETED" });
  t.deepEqual(await operator.list(), []);
  t.deepEqual(punt.ports, [], "its socket is closed");
});

test("an embedded VPP needs no paths: this process manages it, and all sockets are in its folder", async (t) => {
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: CONFIGURATION });
  t.teardown(() => vpp.close());
  const dns = await openPunt({ cnf: "dns", udp: 53 }, { vpp });
  const span = await openPunt(
    { cnf: "span", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" },
    { vpp },
  );
  t.teardown(() => Promise.all([dns.close(), span.close()]));
  await Promise.all([dns.ready(), span.ready()]);
  const sockets = (folder: string) => readdirSync(join(vpp.directory, folder)).filter((name) => name.endsWith(".sock"));
  t.deepEqual([sockets("sockets").length, sockets("memif").length], [1, 1]);
  await dns.close();
  await span.close();
  await vpp.close();
  t.false(existsSync(vpp.directory));
});

test("an embedded VPP excludes other paths, and a wrong option is named", async (t) => {
  const vpp = { apiSocket: "/tmp/vpp-punt-nowhere/api.sock", directory: "/tmp/vpp-punt-nowhere" };
  const refused = async (options: object, option: string) => {
    const error = await t.throwsAsync(openPunt({ cnf: "dns", udp: 53 }, options as OpenPuntOptions));
    t.like(error, { code: "ERR_OPTION", details: { option } }, JSON.stringify(options));
  };
  const places = [{ daemon: true }, { socket: "/a" }, { vppSocket: "/a" }, { socketDirectory: "/a" }];
  for (const place of places) await refused({ vpp, ...place }, "vpp");
  for (const bad of [null, "sim", [], 1]) await refused({ vpp: bad }, "vpp");
  await refused({ vpp: { ...vpp, apiSocket: "api.sock" } }, "vpp.apiSocket");
  await refused({ vpp: { ...vpp, directory: `/${"d".repeat(80)}` } }, "vpp.directory");
  await refused({ vpp: { apiSocket: vpp.apiSocket } }, "vpp.directory");
});

test("a folder of punt sockets that cannot be made is an error by name", async (t) => {
  const [vppSocket, socketDirectory] = ["/tmp/vpp-punt-nowhere/folder/api.sock", "/dev/null/sockets"];
  const options = { daemon: false, vppSocket, socketDirectory, manager: { memifDirectory: "/tmp/vpp-punt-nowhere" } };
  for (let i = 0; i < 2; i++) {
    const error = await t.throwsAsync<PuntError>(openPunt({ cnf: "dns", udp: 53 }, options), { code: "ENOTDIR" });
    t.is(error!.message, "cnf.open: cannot make the folder /dev/null/sockets");
    t.like(error, { op: "cnf.open", details: { path: socketDirectory }, cause: { code: "ENOTDIR" } });
    t.regex(String(error!.details.remedy), /option socketDirectory, or run the daemon/);
  }
});

test("punts over one VPP share a manager, which ends with the last of them", async (t) => {
  const manager = { memifDirectory: "/tmp/vpp-punt-nowhere" };
  const options = { vppSocket: "/tmp/vpp-punt-nowhere/shared.sock", socketDirectory: "/tmp", manager };
  const [first, second] = [await ownBacking(options), await ownBacking(options)];
  t.is(first.punts, second.punts);
  await first.close();
  const third = await ownBacking(options);
  t.is(third.punts, second.punts);
  await third.close();
  await second.close();
  const next = await ownBacking(options);
  t.not(next.punts, second.punts);
  await next.close();
});

test("openPunt does not wait for VPP or for a daemon", async (t) => {
  const directory = "/tmp/vpp-punt-nowhere";
  const alone = await openPunt(
    { cnf: "dns", udp: 53 },
    {
      daemon: false,
      vppSocket: `${directory}/api.sock`,
      socketDirectory: "/tmp",
      manager: { memifDirectory: directory },
    },
  );
  t.is(alone.status.state, "waiting");
  while (alone.status.reasons[0]?.code !== "VPP") await sleep(5);
  const text = `a connection to VPP (binapi.connect: ${directory}/api.sock: No such file or directory)`;
  t.like(alone.status, { state: "waiting", reasons: [{ code: "VPP", text }] });
  await alone.close();
  const away = await openPunt({ cnf: "dns", udp: 53 }, { socket: `${directory}/manager.sock` });
  t.like(away.status, { state: "waiting", reasons: [{ code: "DAEMON_AWAY" }] });
  t.regex(away.status.reasons[0]!.text, /no daemon answers at .*manager\.sock: connect ENOENT/);
  await away.close();
  t.false(existsSync(`${directory}/manager.sock`));
});
