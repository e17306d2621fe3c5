// Faults that the embedded VPP has on request.
import { existsSync } from "node:fs";
import test from "ava";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { frame, udpPacket } from "../support/frames.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const loopback = { mac_address: "00:00:00:00:00:00" };

test("the nth message of a name is refused, with an error by name or number, and not carried out", async (t) => {
  const sim = await SimTest.start(t);
  sim.vpp.faults.add({ message: "create_loopback", nth: 2, action: { kind: "refuse", error: "INSTANCE_IN_USE" } });
  sim.vpp.faults.add({ message: "create_loopback", nth: 3, action: { kind: "refuse", error: -13 } });
  const retvals = [];
  for (let i = 0; i < 4; i++) retvals.push(await sim.retval("create_loopback", loopback));
  t.deepEqual(retvals, [0, -147, -13, 0]);
  t.is((await sim.vpp.interfaces()).filter(({ name }) => name.startsWith("loop")).length, 2);
  t.is(sim.vpp.faults.pending, 0);
  const { seen } = sim.vpp.faults;
  await sim.ok("control_ping");
  t.is(sim.vpp.faults.seen, seen + 1);
  sim.vpp.faults.add({ message: "*", times: Number.POSITIVE_INFINITY, action: { kind: "refuse", error: "BUSY" } });
  t.is(await sim.retval("create_loopback", loopback), -167);
  t.is(await sim.retval("control_ping"), -167);
  sim.vpp.faults.clear();
  t.is(await sim.retval("create_loopback", loopback), 0);
});

test("a fault that makes no sense is refused", async (t) => {
  const sim = await SimTest.start(t);
  const bad = { code: "ERR_BAD_FAULT" };
  t.throws(() => sim.vpp.faults.add({ message: "x", nth: 0, action: { kind: "cut" } }), bad);
  t.throws(() => sim.vpp.faults.add({ message: "x", action: { kind: "burn" } as never }), bad);
  t.throws(() => sim.vpp.faults.add({ message: "x", action: { kind: "refuse", error: 1 } }), bad);
  t.throws(() => sim.vpp.faults.add({ message: "x", action: { kind: "refuse", error: "NO_SUCH" as "BUSY" } }), bad);
  t.throws(() => sim.vpp.faults.add({ message: "x", action: { kind: "delay", ms: -1 } }), bad);
});

test("a delayed message holds up those behind it, in order", async (t) => {
  const sim = await SimTest.start(t);
  sim.vpp.faults.add({ message: "create_loopback", action: { kind: "delay", ms: 30 } });
  const order: string[] = [];
  await Promise.all([
    sim.api.call("create_loopback", loopback).then(() => order.push("slow")),
    sim.api.call("control_ping").then(() => order.push("ping")),
  ]);
  t.deepEqual(order, ["slow", "ping"]);
});

test("a lost reply: carried out, never answered; a lost request: neither", async (t) => {
  const sim = await SimTest.start(t);
  sim.vpp.faults.add({ message: "create_loopback", action: { kind: "lose-reply" } });
  sim.vpp.faults.add({ message: "create_loopback", action: { kind: "lose-request" } });
  sim.api.send("create_loopback", loopback);
  sim.api.send("create_loopback", loopback);
  await sim.ok("control_ping");
  t.deepEqual(sim.api.events, []);
  t.is((await sim.vpp.interfaces()).filter(({ name }) => name.startsWith("loop")).length, 1);
});

test("answer-twice: carried out once, and the whole answer comes twice", async (t) => {
  const sim = await SimTest.start(t);
  sim.vpp.faults.add({ message: "create_loopback", action: { kind: "answer-twice" } });
  sim.vpp.faults.add({ message: "sw_interface_dump", action: { kind: "answer-twice" } });
  t.is((await sim.api.call("create_loopback", loopback)).retval, 0);
  const fields = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: "" };
  const names = (await sim.api.dump("sw_interface_dump", fields)).map(({ interface_name }) => interface_name);
  t.is(names.length, 2 * new Set(names).size);
  t.is(names.filter((name) => name === "loop0").length, 2);
});

test("restarts, crashes and the end of a VPP follow one another, whatever was asked for at once", async (t) => {
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  vpp.crash();
  await Promise.all([vpp.restart(), vpp.restart({ downMs: 5 })]);
  const client = await ApiClient.connect(vpp.apiSocket);
  t.is((await client.call("create_loopback", loopback)).retval, 0);
  client.close();
  vpp.crash();
  const restart = vpp.restart();
  await vpp.close();
  await restart;
  vpp.crash();
  await t.throwsAsync(vpp.restart(), { code: "ERR_CLOSED" });
  t.false(existsSync(vpp.apiSocket));
  t.false(existsSync(vpp.directory));
});

for (const [kind, made] of [
  ["cut", 1],
  ["cut-request", 0],
] as const) {
  test(`${kind}: the connection breaks, and the next client finds ${made} of what was asked for`, async (t) => {
    const sim = await SimTest.start(t);
    sim.vpp.faults.add({ message: "create_loopback", action: { kind } });
    await t.throwsAsync(sim.api.call("create_loopback", loopback));
    const next = await ApiClient.connect(sim.vpp.apiSocket);
    t.is((await sim.vpp.interfaces()).filter(({ name }) => name.startsWith("loop")).length, made);
    next.close();
  });
}

test("a restart cuts every client and forgets everything but paths, network cards and faults to come", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24");
  await sim.ok("create_loopback", loopback);
  sim.vpp.faults.add({ message: "show_version", action: { kind: "refuse", error: "BUSY" } });
  await sim.vpp.restart();
  t.true(sim.api.closed);
  const next = await ApiClient.connect(sim.vpp.apiSocket);
  t.is((await next.call("show_version")).retval, -167);
  const names = (await sim.vpp.interfaces()).map(({ name, adminUp }) => [name, adminUp]);
  t.deepEqual(names, [
    ["local0", false],
    ["eth0", false],
    ["eth1", false],
  ]);
  t.deepEqual(await next.dump("ip_address_dump", { sw_if_index: 1, is_ipv6: false }), []);
  next.close();
});

test("a spawned VPP has the same control, can be killed with SIGKILL, and starts again at the same paths", async (t) => {
  const vpp = await EmbeddedVpp.spawn({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
  t.teardown(() => vpp.close());
  t.not(vpp.pid, process.pid);
  const client = await ApiClient.connect(vpp.apiSocket);
  const { sw_if_index } = await client.call("create_loopback", loopback);
  t.is(sw_if_index, 2);
  await vpp.addFault({ message: "create_loopback", action: { kind: "refuse", error: "BUSY" } });
  t.is((await client.call("create_loopback", loopback)).retval, -167);
  await vpp.transmitted("eth0");
  const packet = frame({ from: MAC.host0, to: MAC.eth0 }, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [1, 2]));
  await vpp.inject("eth0", [packet, packet]);
  const eth0 = (await vpp.interfaces()).find(({ name }) => name === "eth0");
  t.is(eth0!.counters.rxPackets, 2);
  await t.throwsAsync(vpp.inject("nothing", packet), { code: "ERR_NO_INTERFACE" });

  const gone = new Promise((resolve) => client.socket.once("close", resolve));
  await vpp.kill();
  await gone;
  t.false(vpp.alive);
  await t.throwsAsync(vpp.interfaces(), { code: "ERR_VPP_GONE" });
  t.true(existsSync(vpp.apiSocket), "what a killed VPP leaves behind");
  await vpp.start();
  const next = await ApiClient.connect(vpp.apiSocket);
  t.is((await vpp.interfaces()).length, 2);
  next.close();
  const { directory } = vpp;
  await vpp.close();
  t.false(existsSync(directory));
});

test("the crash fault kills a process of its own in the middle of a message", async (t) => {
  const vpp = await EmbeddedVpp.spawn();
  t.teardown(() => vpp.close());
  const client = await ApiClient.connect(vpp.apiSocket);
  await vpp.addFault({ message: "create_loopback", action: { kind: "crash" } });
  await t.throwsAsync(client.call("create_loopback", loopback));
  await vpp.start();
  t.true(vpp.alive);
});
