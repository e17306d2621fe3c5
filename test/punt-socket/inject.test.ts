// Injection of packets into VPP.
import { once } from "node:events";
import { join } from "node:path";
import test from "ava";
import { PuntAction, PuntInjector } from "../../lib/punt-socket/index.js";
import { facingVpp, openInjector, socketFolder, startVpp, until } from "../support/punt-socket/peer.js";

test("packets reach VPP with action and interface", async (t) => {
  const { vpp } = facingVpp(t);
  const injector = openInjector(t, vpp.path, [3, 70000]);
  const frame = Buffer.from("an Ethernet frame of some bytes");
  t.true(injector.inject(PuntAction.L2, 3, frame));
  t.true(injector.inject(PuntAction.IP4_ROUTED, 70000, frame.subarray(0, 21)));
  t.is(injector.injectAll(PuntAction.IP6_ROUTED, 3, [frame, Buffer.alloc(2048, 1)]), 2);
  t.is(injector.injectAll(PuntAction.L2, 3, []), 0);
  await until(() => vpp.injected.length === 4);
  t.deepEqual(
    vpp.injected.map(({ swIfIndex, action, packet }) => [swIfIndex, action, Buffer.from(packet)]),
    [
      [3, 0, frame],
      [70000, 1, frame.subarray(0, 21)],
      [3, 2, frame],
      [3, 2, Buffer.alloc(2048, 1)],
    ],
  );
  t.like(injector.stats(), { packets: 4, bytes: 31 + 21 + 31 + 2048 });
});

test("packets that would crash or confuse VPP are refused before anything is sent, and counted", async (t) => {
  const { vpp } = facingVpp(t);
  const injector = openInjector(t, vpp.path, [1]);
  const good = Buffer.alloc(64);
  for (const swIfIndex of [2, 0xffffffff, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
    t.throws(() => injector.inject(PuntAction.L2, swIfIndex, good), { code: "ERR_UNKNOWN_INTERFACE" });
  }
  for (const size of [0, 20, 2049]) {
    const error = t.throws(() => injector.injectAll(PuntAction.L2, 1, [good, Buffer.alloc(size), good]), {
      code: "ERR_PACKET_SIZE",
    });
    t.like(error, { details: { index: 1, length: size } });
  }
  t.throws(() => injector.inject(PuntAction.L2, 1, "a string of some twenty characters" as never), {
    code: "ERR_PACKET_SIZE",
  });
  for (const action of [3, -1, 0.5]) t.throws(() => injector.inject(action as never, 1, good), { code: "ERR_ACTION" });
  t.deepEqual(injector.stats(), {
    packets: 0,
    bytes: 0,
    refused: { full: 0, disconnected: 0, unknownInterface: 6, size: 4, action: 3 },
  });
  t.true(injector.inject(PuntAction.L2, 1, good));
  await until(() => vpp.injected.length > 0);
  t.is(vpp.injected.length, 1);
});

test("only a plain yes makes an interface known: the promise of an asynchronous function is none", (t) => {
  const { vpp } = facingVpp(t);
  for (const answer of [Promise.resolve(true), 1, "yes", {}, undefined]) {
    using injector = PuntInjector.open({ vppPath: vpp.path, knownInterfaces: (() => answer) as never });
    t.throws(() => injector.inject(PuntAction.L2, 1, Buffer.alloc(64)), { code: "ERR_UNKNOWN_INTERFACE" });
    t.is(injector.stats().refused.unknownInterface, 1);
  }
});

test("the known interfaces are read at each call", (t) => {
  const { vpp } = facingVpp(t);
  const known = new Set([1]);
  const bySet = PuntInjector.open({ vppPath: vpp.path, knownInterfaces: known });
  const byFunction = PuntInjector.open({ vppPath: vpp.path, knownInterfaces: (index) => known.has(index) });
  for (const injector of [bySet, byFunction]) {
    t.teardown(() => injector.close());
    t.true(injector.inject(PuntAction.L2, 1, Buffer.alloc(64)));
  }
  known.delete(1);
  for (const injector of [bySet, byFunction]) {
    t.throws(() => injector.inject(PuntAction.L2, 1, Buffer.alloc(64)), { code: "ERR_UNKNOWN_INTERFACE" });
  }
});

test("a full queue returns how many packets it accepted, drain follows, and nothing is lost", async (t) => {
  const folder = socketFolder(t);
  const vppPath = join(folder, "vpp");
  // Reads nothing until a command comes: neither side of it runs while this test blocks.
  const { PuntSocket } = await import("../../lib/punt-socket/index.js");
  const received: number[] = [];
  const vpp = PuntSocket.open({ path: vppPath, vppPath: null, takeOverUs: 1e6, onWarning: () => {} });
  t.teardown(() => vpp.close());
  const injector = openInjector(t, vppPath, [1]);
  const packets = Array.from({ length: 1000 }, (_, i) => {
    const packet = Buffer.alloc(64);
    packet.writeUInt32BE(i);
    return packet;
  });
  const take = () => {
    while (
      vpp.poll((batch) => {
        for (let i = 0; i < batch.length; i++) received.push(batch.u32(i, 0));
      }) > 0
    );
  };
  let sent = 0;
  let refusals = 0;
  while (sent < packets.length) {
    const accepted = injector.injectAll(PuntAction.L2, 1, packets.slice(sent));
    sent += accepted;
    if (sent === packets.length) break;
    refusals++;
    t.false(injector.inject(PuntAction.L2, 1, packets[sent]!));
    const drained = once(injector, "drain");
    take();
    await drained;
  }
  take();
  t.true(refusals > 0);
  t.is(injector.stats().packets, 1000);
  t.true(injector.stats().refused.full > refusals);
  t.deepEqual(
    received,
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

test("while VPP is away, no packet is accepted, and drain follows when VPP is back", async (t) => {
  const vppPath = join(socketFolder(t), "vpp");
  const injector = openInjector(t, vppPath, [1]);
  t.false(injector.inject(PuntAction.L2, 1, Buffer.alloc(64)));
  t.is(injector.injectAll(PuntAction.L2, 1, [Buffer.alloc(64), Buffer.alloc(64)]), 0);
  t.is(injector.stats().refused.disconnected, 3);
  const drained = once(injector, "drain");
  const first = startVpp(t, vppPath);
  await drained;
  t.true(injector.inject(PuntAction.L2, 1, Buffer.alloc(64)));
  await until(() => first.injected.length === 1);
  // A restart is noticed by the next packet, which reaches the new VPP.
  first.close();
  const second = startVpp(t, vppPath);
  t.true(injector.inject(PuntAction.L2, 1, Buffer.alloc(64)));
  await until(() => second.injected.length === 1);
  t.true(injector.reconnect());
  second.close();
  const third = startVpp(t, vppPath);
  t.is(injector.injectAll(PuntAction.L2, 1, [Buffer.alloc(64), Buffer.alloc(65)]), 2);
  await until(() => third.injected.length === 2);
  t.like(injector.stats(), { packets: 4, bytes: 3 * 64 + 65, refused: { disconnected: 3 } });
});

test("a reconnection to a VPP that is not there says so", (t) => {
  const vppPath = join(socketFolder(t), "vpp.sock");
  const injector = openInjector(t, vppPath, [1]);
  t.false(injector.reconnect());
  startVpp(t, vppPath);
  t.true(injector.reconnect());
});

test("options that are wrong are named, and a closed injector says so", (t) => {
  const { vpp } = facingVpp(t);
  const vppPath = vpp.path;
  const knownInterfaces = new Set<number>();
  const bad: [object, string][] = [
    [{ vppPath }, "knownInterfaces"],
    [{ vppPath, knownInterfaces: [1] }, "knownInterfaces"],
    [{ vppPath: "vpp", knownInterfaces }, "vppPath"],
    [{ vppPath, knownInterfaces, more: 1 }, "more"],
    [{ vppPath, knownInterfaces: null }, "knownInterfaces"],
    [{ descriptor: 5, knownInterfaces }, "descriptor"],
  ];
  for (const [options, option] of bad) {
    t.like(
      t.throws(() => PuntInjector.open(options as never), { code: "ERR_OPTION" }),
      { details: { option } },
    );
  }
  const injector = openInjector(t, vppPath, [1]);
  injector.close();
  injector.close();
  t.throws(() => injector.inject(PuntAction.L2, 1, Buffer.alloc(64)), { code: "ERR_CLOSED" });
  t.false(injector.reconnect());
});
