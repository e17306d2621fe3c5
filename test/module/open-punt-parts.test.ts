// An open punt over a manager that the test plays, with VPP's side of its ends in the same process.
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import type { Backing } from "../../lib/module/backing.js";
import type { CnfPacket, OpenPuntOptions } from "../../lib/module/index.js";
import { OpenPunt } from "../../lib/module/open-punt.js";
import { type PuntRequestInput, parseRequest } from "../../lib/punt/index.js";
import { PuntAction } from "../../lib/punt-socket/index.js";
import { until } from "../support/descriptor/peer.js";
import { frame, mac, udpPacket } from "../support/frames.js";
import { memifSide, socketSide, tap } from "../support/module/ends.js";
import { backingOf, change, failure, ID, NAMES, Played, settled, snapshot, statusOf } from "../support/module/life.js";

type Status = ReturnType<typeof statusOf>;

const HAIRPIN: PuntRequestInput = {
  ...{ cnf: "a", type: "HAIRPIN_XCONNECT" as const, interconnect: "MEMIF" as const },
  ...{ vppInterface1: "eth0", vppInterface2: "eth1" },
};

async function opened(t: ExecutionContext, options: OpenPuntOptions = {}, more: Partial<Backing> = {}) {
  const played = new Played();
  const punt = new OpenPunt(backingOf(played, more), HAIRPIN, options);
  t.teardown(() => punt.close());
  await punt.begin();
  return { punt, played };
}

function statusWith(interconnects: readonly object[], more: Partial<Status> = {}): Status {
  const metadata = { id: ID, interconnects } as unknown as Status["metadata"];
  return { ...statusOf("CREATED"), request: parseRequest(HAIRPIN), metadata, ...more };
}

/** A punt over two memifs, and VPP's sides of them. */
async function overMemifs(t: ExecutionContext, options: OpenPuntOptions = {}, cnfInterface: object = {}) {
  const sides = [memifSide(t, { cnfInterface }), memifSide(t, { cnfInterface })];
  const { punt, played } = await opened(t, options);
  await played.say(change(statusWith(sides.map(({ interconnect }) => interconnect))));
  await punt.ready();
  return { punt, played, sides };
}

const datagram = (to: string, text: string) =>
  frame({ from: "02:aa:00:00:00:01", to }, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [4000, 53], text));

async function taken(punt: OpenPunt, count: number): Promise<CnfPacket[]> {
  const packets: CnfPacket[] = [];
  for await (const packet of punt.packets()) if (packets.push(packet) === count) break;
  return packets;
}

test("a frame leaves by the interconnect of its interface, or by that of the index", async (t) => {
  const { punt, sides } = await overMemifs(t);
  const got: string[] = [];
  for (const [index, { server }] of sides.entries())
    server.receive((batch) => {
      for (let i = 0; i < batch.length; i++) got.push(`${index} ${Buffer.from(batch.copy(i))[0]}`);
    });
  const of = (byte: number) => Buffer.alloc(60, byte);
  t.true(punt.send(of(1)));
  t.true(punt.send(of(2), { interface: "eth0" }));
  t.true(punt.send(of(3), { interface: "eth1" }));
  t.true(punt.send(of(4), { interconnect: 1 }));
  t.true(punt.send(of(5), { interface: "eth0", interconnect: 1 }));
  // VPP's name of the interface that the request calls by its tag.
  t.true(punt.send(of(6), { interface: "host-eth1" }));
  t.throws(() => punt.send(of(7), { interface: "eth7" }), {
    code: "ERR_NO_INTERFACE",
    message: "cnf.send: no interconnect of the punt stands for interface eth7, but for eth0 and eth1",
  });
  for (const interconnect of [2, -1, 0.5, "0"] as number[])
    t.throws(() => punt.send(of(7), { interconnect }), {
      code: "ERR_NO_PORT",
      message: /: it has 2, numbered from 0$/,
    });
  const message = /^cnf\.send: the frame must be a Uint8Array; got "text"$/;
  t.throws(() => punt.send("text" as never), { code: "ERR_INVALID_PACKET", message });
  await until(() => got.length === 6);
  t.deepEqual(got.sort(), ["0 1", "0 2", "1 3", "1 4", "1 5", "1 6"]);
});

test("over a memif a packet has the interface that its interconnect stands for", async (t) => {
  const { punt, sides } = await overMemifs(t);
  const packets = taken(punt, 2);
  sides[1]!.server.send(Buffer.alloc(60, 1));
  await until(() => punt.stats().ports.some((port) => (port as { rx: { packets: number }[] }).rx[0]!.packets > 0));
  sides[0]!.server.send(Buffer.alloc(60, 0));
  t.deepEqual(
    (await packets).map(({ interface: name, swIfIndex, interconnect, frame: [byte] }) => [
      ...[name, swIfIndex, interconnect, byte],
    ]),
    [
      ["eth1", 0, 1, 1],
      ["eth0", 0, 0, 0],
    ],
  );
});

test("at a punt socket packets and frames go by VPP's index of an interface", async (t) => {
  const side = socketSide(t);
  const { punt, played } = await opened(t);
  await played.say(change(statusWith([side.interconnect])));
  await punt.ready();
  const packets = taken(punt, 1);
  t.is(side.vpp.punt(side.path, datagram("02:ee:00:00:00:01", "who?"), 2), undefined);
  const [packet] = await packets;
  t.like(packet, { interface: "eth1", swIfIndex: 2, interconnect: 0 });
  t.true(packet!.reply(Buffer.from("me")));
  t.true(punt.send(Buffer.alloc(60, 7), { interface: "eth0" }));
  await until(() => side.vpp.injected.length === 2);
  t.deepEqual(
    side.vpp.injected.map(({ swIfIndex, packet: [...bytes] }) => [swIfIndex, bytes.length]),
    [
      [2, 44],
      [1, 60],
    ],
  );
  const message = "cnf.send: VPP has no interface eth7";
  const error = t.throws(() => punt.send(Buffer.alloc(60), { interface: "eth7" }), { message });
  t.like(error, { op: "cnf.send", code: "ERR_NO_INTERFACE", details: { interface: "eth7" } });
  const needed = "cnf.send: a frame needs the interface that it leaves by (option interface)";
  t.throws(() => punt.send(Buffer.alloc(60)), { code: "ERR_NO_PORT", message: needed });
  t.is(punt.interfaceName(1), "eth0");
  t.is(punt.interfaceName(9), undefined);
});

test("the counters of a closed punt are those at closing", async (t) => {
  const { punt, sides } = await overMemifs(t);
  const packets = taken(punt, 1);
  sides[0]!.server.send(datagram("02:00:00:00:00:01", "who?"));
  await packets;
  await punt.close();
  t.is(punt.stats().ports.length, 2);
  t.is((punt.stats().ports[0] as { rx: { packets: number }[] }).rx[0]!.packets, 1);
});

test("VPP routes the answer to a datagram from a tunnel, which takes no frames", async (t) => {
  const side = socketSide(t);
  const interfaces = {
    ...NAMES,
    find: () => ({ swIfIndex: 3, mac: "00:00:00:00:00:00" }),
    has: () => true,
    nameOf: () => "gre0",
  };
  const { punt, played } = await opened(t, {}, { interfaces });
  await played.say(change(statusWith([side.interconnect])));
  await punt.ready();
  const packets = taken(punt, 1);
  const packet = datagram("02:ee:00:00:00:01", "who?").subarray(14);
  side.vpp.punt(side.path, Buffer.concat([Buffer.alloc(14, 0x2f), packet]), 3);
  t.true((await packets)[0]!.reply(Buffer.from("me")));
  await until(() => side.vpp.injected.length === 1);
  const [{ action, swIfIndex, packet: answer }] = side.vpp.injected as [(typeof side.vpp.injected)[0]];
  t.deepEqual([action, swIfIndex, answer.length, answer[0]], [PuntAction.IP4_ROUTED, 3, 30, 0x45]);
  const message = "cnf.send: gre0 takes no Ethernet frames, as a tunnel: VPP may crash by one";
  t.throws(() => punt.send(Buffer.alloc(60), { interface: "gre0" }), { code: "ERR_NO_INTERFACE", message });
});

test("a frame is not sent, and no error, while VPP is away or the punt is not known", async (t) => {
  const side = socketSide(t);
  const interfaces = { ...NAMES, size: 0, find: () => undefined, has: () => false };
  const { punt, played } = await opened(t, {}, { interfaces });
  t.false(punt.send(Buffer.alloc(60)));
  await played.say(change(statusWith([])));
  t.false(punt.send(Buffer.alloc(60)));
  await played.say(change(statusWith([side.interconnect])));
  t.false(punt.send(Buffer.alloc(60), { interface: "eth0" }));
  await played.say(change(statusWith([memifSide(t).interconnect])));
  t.false(punt.send(Buffer.alloc(60), { interface: "host-eth0" }));
});

test("a question to a group is answered from the interface's MAC address and the source that the program names", async (t) => {
  const side = socketSide(t);
  const { punt, played } = await opened(t);
  await played.say(change(statusWith([side.interconnect])));
  await punt.ready();
  const packets = taken(punt, 2);
  const multicast = udpPacket({ from: "10.0.0.2", to: "224.0.0.251" }, [5353, 5353], "who?");
  const group = frame({ from: "02:aa:00:00:00:01", to: "01:00:5e:00:00:fb" }, multicast);
  side.vpp.punt(side.path, group, 2);
  side.vpp.punt(side.path, group, 9);
  const [known, unknown] = await packets;
  t.true(known!.reply(Buffer.from("me"), { source: "10.0.0.1" }));
  t.throws(() => known!.reply(Buffer.from("me"), { source: "10.0.0" }), { code: "ERR_OPTION" });
  t.is(unknown!.interface, undefined);
  t.throws(() => unknown!.reply(Buffer.from("me"), { source: "10.0.0.1" }), { code: "ERR_NO_SOURCE" });
  await until(() => side.vpp.injected.length === 1);
  const bytes = Buffer.from(side.vpp.injected[0]!.packet);
  t.deepEqual(bytes.subarray(0, 12), Buffer.concat([mac("02:aa:00:00:00:01"), mac("02:ee:00:00:00:01")]));
  t.deepEqual([...bytes.subarray(26, 30)], [10, 0, 0, 1]);
});

test("a frame that VPP has routed to the CNF is answered by way of VPP, another one by its sender", async (t) => {
  const side = memifSide(t, { cnfInterface: { mac: "02:00:00:00:00:01", addresses: ["10.0.0.1/24"] } });
  const interconnect = { ...side.interconnect, vppInterface: { mac: "02:00:00:00:00:02", addresses: [] } };
  const { punt, played } = await opened(t);
  await played.say(change(statusWith([interconnect])));
  await punt.ready();
  const answers: Buffer[] = [];
  side.server.receive((batch) => {
    for (let i = 0; i < batch.length; i++) answers.push(Buffer.from(batch.copy(i)));
  });
  const packets = taken(punt, 2);
  side.server.send([datagram("02:00:00:00:00:01", "routed"), datagram("02:00:00:00:00:09", "bridged")]);
  for (const packet of await packets) t.true(packet.reply(packet.payload!));
  await until(() => answers.length === 2);
  t.deepEqual(
    answers.map((answer) => answer.subarray(0, 6)),
    [mac("02:00:00:00:00:02"), mac("02:aa:00:00:00:01")],
  );
});

test("counters are those of the ports, of their answers, and of the packets that a late loop has lost", async (t) => {
  const { punt } = await overMemifs(t, { answer: ["arp"] });
  const { dropped, ports, answers } = punt.stats();
  t.is(dropped, 0);
  t.is(punt.dropped, 0);
  t.deepEqual(
    ports.map((port) => (port as { connects: number }).connects),
    [1, 1],
  );
  t.is(answers.length, 2);
  t.true(answers.every((each) => each !== undefined));
  const without = await overMemifs(t);
  t.deepEqual(without.punt.stats().answers, [undefined, undefined]);
});

test("each loop over packets ends the one before it, and a handler ends a loop", async (t) => {
  const { punt, sides } = await overMemifs(t);
  const first = punt.packets();
  const second = punt.packets();
  t.deepEqual(await first.next(), { done: true, value: undefined });
  sides[0]!.server.send(Buffer.alloc(60));
  t.false((await second.next()).done);
  // The end of a loop that is no longer the punt's leaves the packets to the later one.
  await first.return!();
  sides[0]!.server.send(Buffer.alloc(60));
  t.false((await second.next()).done);
  let bursts = 0;
  punt.receive(() => void bursts++);
  t.true((await second.next()).done);
  sides[0]!.server.send(Buffer.alloc(60));
  await until(() => bursts === 1);
  t.throws(() => punt.receive(5 as never), { code: "ERR_OPTION" });
});

test("packets that come after the end of a loop are dropped", async (t) => {
  const { punt, sides } = await overMemifs(t);
  const loop = punt.packets();
  await loop.return!();
  sides[0]!.server.send(Buffer.alloc(60));
  const rx = () => (punt.stats().ports[0] as { rx: { packets: number }[] }).rx[0]!.packets;
  await until(() => rx() === 1);
  t.true((await loop.next()).done);
  t.is(punt.dropped, 0);
});

test("a punt that has failed says why, whatever is known of it", async (t) => {
  const { punt, played } = await opened(t);
  const refused = { item: "acl/x", code: "VNET_API_ERROR_X", text: "no room" } as unknown as Status["failure"];
  await played.say(change(statusWith([], { state: "FAILED", failure: refused! })));
  t.is(punt.status.state, "failed");
  const error = await t.throwsAsync<PuntError>(punt.ready());
  t.like(error, { op: "cnf.ready", code: "VNET_API_ERROR_X", details: { status: punt.status } });
  t.is(error!.message, `cnf.ready: ${punt.status.reasons[0]!.text}`);
  const fatal = failure("ERR_POLICY", "punt.watch");
  await played.say(fatal);
  t.is(await t.throwsAsync(punt.ready()), fatal);
});

test("a punt that is not ready in time says what it waits for", async (t) => {
  const { punt, played } = await opened(t);
  const missing = [
    { kind: "interface", text: "VPP interface eth0" },
    { kind: "vrf", text: "VRF 5" },
  ] as unknown as Status["missing"];
  await played.say(change(statusWith([], { state: "PENDING", missing })));
  const message = "cnf.ready: the punt is waiting after 1 ms: VPP interface eth0, VRF 5";
  const error = await t.throwsAsync<PuntError>(punt.ready({ timeout: 1 }), { code: "ETIMEDOUT", message });
  t.deepEqual(error!.details, { state: "waiting", reasons: punt.status.reasons });
  for (const wrong of [{ timeout: -1 }, { timeOut: 1 }, 1])
    await t.throwsAsync(punt.ready(wrong as never), { code: "ERR_OPTION" });
});

test("a degraded punt is ready, and there is no event where nothing changes", async (t) => {
  const { punt, played } = await opened(t);
  const states: string[] = [];
  punt.on("status", ({ state }) => states.push(state));
  const degraded = statusWith([], { state: "DEGRADED", reasons: [{ code: "MTU", text: "small", remedy: "none" }] });
  await played.say(change(degraded), change(degraded), snapshot([degraded]));
  t.is((await punt.ready()).state, "degraded");
  t.deepEqual(states, ["degraded"]);
  await played.say(change({ ...degraded, reasons: [] }));
  t.deepEqual(states, ["degraded", "degraded"]);
});

test("a status that the program has heard is not told again as the first one", async (t) => {
  const { punt, played } = await opened(t);
  const states: string[] = [];
  punt.on("status", ({ state }) => states.push(state));
  punt.tellFirst();
  await played.say(change(statusWith([])));
  t.deepEqual(states, ["ready"]);
});

test("each error of the watch is reported once while the daemon is away", async (t) => {
  const { punt, played } = await opened(t);
  await played.say(snapshot([statusWith([])]));
  t.is(punt.status.state, "ready");
  const away = failure("ERR_DISCONNECTED", "punt.watch");
  await played.say(away);
  t.deepEqual(
    punt.status.reasons.map(({ code }) => code),
    ["DAEMON_AWAY"],
  );
  await until(() => played.watched.length === 2);
  await played.say(snapshot([statusWith([])]));
  t.like(punt.status, { state: "ready", reasons: [] });
});

test("ends that could not be opened are opened later", async (t) => {
  const { punt, played } = await opened(t);
  const side = socketSide(t);
  const taker = side.socket(0, "other").descriptor;
  await played.say(change(statusWith([side.interconnect])));
  t.like(punt.status, { state: "waiting", reasons: [{ code: "EADDRINUSE" }] });
  taker.close();
  await until(() => punt.status.state === "ready");
  t.deepEqual(
    punt.ports.map(({ kind }) => kind),
    ["af-unix"],
  );
});

test("ends that could not be opened are not opened after the punt has failed for good", async (t) => {
  const { punt, played } = await opened(t);
  const side = socketSide(t);
  const taker = side.socket(0, "other").descriptor;
  await played.say(change(statusWith([side.interconnect])), failure("ERR_POLICY", "punt.watch"));
  t.like(punt.status, { state: "failed", reasons: [{ code: "ERR_POLICY" }] });
  taker.close();
  // The next attempt would come after 500 ms.
  await sleep(700);
  t.deepEqual(punt.ports, []);
});

test("what the daemon cannot hand over is what the punt waits for", async (t) => {
  const asked: unknown[] = [];
  const handOver: Backing["handOver"] = async (id, { have, packets }) => {
    asked.push([id, have, packets]);
    throw new PuntError("punt.attach", "ERR_POLICY", "not yours");
  };
  const { punt, played } = await opened(t, {}, { handOver });
  t.deepEqual(punt.ports, []);
  await played.say(change(statusWith([socketSide(t).interconnect])));
  t.like(punt.status, { state: "waiting", reasons: [{ code: "ERR_POLICY", text: "punt.attach: not yours" }] });
  t.deepEqual(asked[0], [ID, {}, false]);
});

test("an end that is not connected is what the punt waits for", async (t) => {
  const { punt, played } = await opened(t);
  const side = memifSide(t);
  side.server.close();
  await played.say(change(statusWith([side.interconnect, tap("tap0")])));
  const text = "interconnect 0: memif is not connected to VPP";
  t.deepEqual(punt.status.reasons, [{ code: "NOT_CONNECTED", text }]);
  side.serve();
  await punt.ready();
});

test("a closed punt refuses all calls, and wakes the callers that wait for it", async (t) => {
  const { punt, played } = await opened(t);
  const waiting = punt.ready();
  const loop = punt.packets();
  const states: string[] = [];
  punt.on("status", ({ state }) => states.push(state));
  await punt.close();
  t.deepEqual(states, [], "its state has not changed");
  const error = await t.throwsAsync<PuntError>(waiting, { code: "ERR_CLOSED" });
  t.is(error!.message, "cnf.ready: the punt was closed");
  t.true((await loop.next()).done);
  const calls = {
    send: () => punt.send(Buffer.alloc(60)),
    receive: () => punt.receive(() => {}),
    packets: () => punt.packets(),
  };
  for (const [name, call] of Object.entries(calls))
    t.throws(() => void call(), { code: "ERR_CLOSED", message: `cnf.${name}: the punt was closed` });
  await t.throwsAsync(punt.ready(), { code: "ERR_CLOSED" });
  await punt[Symbol.asyncDispose]();
  t.deepEqual(played.calls, ["add undefined", "close"]);
  await played.say(snapshot([statusWith([])]));
  t.is(punt.status.state, "waiting");
});

test("a packet of a closed punt is answered no more", async (t) => {
  const { punt, sides } = await overMemifs(t);
  const packets = taken(punt, 1);
  sides[0]!.server.send(datagram("02:ee:00:00:00:01", "who?"));
  const [packet] = await packets;
  await punt.close();
  t.throws(() => packet!.reply(Buffer.from("me")), {
    code: "ERR_CLOSED",
    message: "packet.reply: the punt was closed",
  });
});

test("the punt of a session is deleted when it is closed, unless it has failed or the daemon is away", async (t) => {
  const session = { lifetime: "session" } as const;
  const first = await opened(t, session);
  await Promise.all([first.punt.close(), first.punt.close()]);
  t.deepEqual(first.played.calls, ["add undefined", "delete a", "close"]);
  const away = await opened(t, session);
  await away.played.say(failure("ERR_DISCONNECTED", "punt.watch"));
  await away.punt.close();
  t.deepEqual(away.played.calls, ["add undefined", "close"]);
  const failed = await opened(t, session);
  await failed.played.say(failure("ERR_POLICY", "punt.watch"));
  await failed.punt.close();
  t.deepEqual(failed.played.calls, ["add undefined", "close"]);
  const slow = await opened(t, session);
  let done = () => {};
  slow.played.delete = () => new Promise<void>((resolve) => (done = resolve));
  const closing = slow.punt.close();
  await settled();
  t.deepEqual(slow.played.calls, ["add undefined", "delete a"], "the connection is needed until then");
  done();
  await closing;
  const refused = await opened(t, session);
  refused.played.delete = async () => Promise.reject(failure("ERR_POLICY"));
  await refused.punt.close();
  t.deepEqual(refused.played.calls, ["add undefined", "delete a", "close"]);
  await settled();
});

test.serial("ends that cannot be opened are tried again one at a time, however often the status changes", async (t) => {
  const waiting = new Set<NodeJS.Timeout>();
  const { setTimeout: start, clearTimeout: stop } = globalThis;
  t.teardown(() => Object.assign(globalThis, { setTimeout: start, clearTimeout: stop }));
  const { punt, played } = await opened(t);
  globalThis.setTimeout = ((body: () => void, ms: number) => {
    const timer = start(() => {
      waiting.delete(timer);
      body();
    }, ms);
    waiting.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((timer: NodeJS.Timeout) => {
    waiting.delete(timer);
    stop(timer);
  }) as typeof clearTimeout;
  const attachment = { kind: "af-unix", path: "/nowhere/cnf", vppPath: "/nowhere/vpp" };
  const broken = statusWith([{ type: "AF_UNIX", attachment }]);
  for (let i = 0; i < 20; i++) await played.say(change(broken));
  t.is(punt.status.reasons[0]?.code, "ENOENT");
  t.is(waiting.size, 1);
});
