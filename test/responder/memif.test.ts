// A responder on a memif: bursts, what the handler gets, limits, announcements.
import test, { type ExecutionContext } from "ava";
import type { Memif } from "../../lib/memif/index.js";
import type { PacketBatch } from "../../lib/packet/index.js";
import { Responder } from "../../lib/responder/index.js";
import { arp, echoRequest, frame, udpPacket } from "../support/frames.js";
import { memifPair, until } from "../support/memif/ports.js";

const OUR_MAC = "02:fe:00:00:00:01";
const PEER_MAC = "02:fd:00:00:00:01";
const ADDRESSES = { mac: OUR_MAC, ipAddresses: ["10.0.0.2/24", "2001:db8::2/64"] };
const LINK = { from: PEER_MAC, to: OUR_MAC };
const PING = frame(LINK, echoRequest({ from: "10.0.0.1", to: "10.0.0.2" }));
const ARP = arp(1, [PEER_MAC, "10.0.0.1"], ["00:00:00:00:00:00", "10.0.0.2"]);

function data(text: string): Buffer {
  return frame(LINK, udpPacket({ from: "10.0.0.1", to: "10.0.0.2" }, [1, 2], text));
}

/** Text of each packet of a burst behind its UDP header. */
function texts(batch: PacketBatch): string[] {
  return Array.from({ length: batch.length }, (_, i) => Buffer.from(batch.copy(i).subarray(42)).toString());
}

/** All frames that a port gets. */
function collect(port: Memif): Buffer[] {
  const frames: Buffer[] = [];
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) frames.push(Buffer.from(batch.copy(i)));
  });
  return frames;
}

async function pair(t: ExecutionContext, options: Partial<Parameters<typeof Responder.on>[1]> = {}, port = {}) {
  const { server, client } = await memifPair(t, {}, port);
  const got = collect(server);
  return { server, client, got, responder: Responder.on(client, { ...ADDRESSES, announce: false, ...options }) };
}

test("questions are answered, and the handler gets the rest in order", async (t) => {
  const { server, got, responder } = await pair(t);
  const seen: string[] = [];
  responder.receive((batch) => seen.push(...texts(batch)));
  server.send([data("one"), PING, data("two"), ARP, PING, data("three")]);
  await until(() => seen.length === 3 && got.length === 3);
  t.deepEqual(seen, ["one", "two", "three"]);
  const { arp: arps, ping, refused, limited, unsent, dropped } = responder.stats();
  t.deepEqual(
    { arps, ping, refused, limited, unsent, dropped },
    { arps: 1, ping: 2, refused: 0, limited: 0, unsent: 0, dropped: 0 },
  );
});

test("the rest of a burst is an ordinary batch: its views end, and its packets can be retained and sent on", async (t) => {
  const { server, client, got, responder } = await pair(t, {}, { spareBuffers: 2 });
  const views: Uint8Array[] = [];
  const kept: Uint8Array[] = [];
  let old: PacketBatch | undefined;
  responder.receive((batch) => {
    old = batch;
    views.push(...batch);
    kept.push(batch.retain(batch.length - 1).bytes);
    client.send(batch);
  });
  server.send([PING, data("first"), PING, data("second")]);
  await until(() => got.length === 4);
  t.true(views.every(({ length }) => length === 0));
  t.throws(() => old!.u8(0, 0), { code: "ERR_BATCH_RELEASED" });
  t.is(Buffer.from(kept[0]!.subarray(42)).toString(), "second");
  t.deepEqual(got.filter((each) => each.includes("first") || each.includes("second")).length, 2);
});

test("packets that come before the handler are held for it", async (t) => {
  const { server, got, responder } = await pair(t);
  server.send([data("early"), PING, data("bird")]);
  await until(() => got.length === 1);
  const seen: string[] = [];
  responder.receive((batch) => seen.push(...texts(batch)));
  t.deepEqual(seen, ["early", "bird"]);
  server.send([data("late")]);
  await until(() => seen.length === 3);
  t.is(seen[2], "late");
});

test("a burst has a limit of answers of each kind; frames beyond it are dropped and counted", async (t) => {
  const { server, client, got, responder } = await pair(t, { answersPerBurst: 2 }, { rxMode: "polling" });
  server.send([...Array.from({ length: 10 }, () => PING), ARP, data("end")]);
  const seen: string[] = [];
  let bursts = 0;
  await until(() => {
    bursts += Math.min(
      1,
      client.rx().poll((batch) => responder.take(batch, (rest) => seen.push(...texts(rest)))),
    );
    return seen.length === 1;
  });
  t.is(bursts, 1);
  await until(() => got.length === 3);
  const { arp: arps, ping, limited } = responder.stats();
  t.deepEqual({ arps, ping, limited }, { arps: 1, ping: 2, limited: 8 });
  t.deepEqual(seen, ["end"]);
});

test("passAnswered hands on what was answered, too", async (t) => {
  const { server, responder } = await pair(t, { passAnswered: true });
  let count = 0;
  responder.receive((batch) => {
    count += batch.length;
  });
  server.send([PING, ARP, data("x")]);
  await until(() => count === 3);
  t.is(responder.stats().ping, 1);
});

test("addresses are announced when the port is connected, and when they change", async (t) => {
  const { client, got, responder } = await pair(t, { announce: true });
  // ARP, the IPv6 address, and the link-local one.
  await until(() => got.length === 3);
  responder.update(ADDRESSES);
  responder.update({ ...ADDRESSES, ipAddresses: ["10.0.0.3"] });
  await until(() => got.length === 4);
  t.is(got[3]!.readUInt16BE(12), 0x0806);
  t.is(responder.stats().announced, 4);
  t.truthy(client.peer);
});

test("wrong options are named", async (t) => {
  const { client } = await memifPair(t);
  for (const options of [
    { kinds: ["arp", "dns"] },
    { kinds: "arp" },
    { answersPerBurst: 0 },
    { passAnswered: 1 },
    { announce: "yes" },
    { ipAddresses: "10.0.0.2" },
    { ipAddresses: [7] },
    { mac: 7 },
    { colour: "red" },
  ]) {
    const error = t.throws(() => Responder.on(client, { ...ADDRESSES, ...(options as object) }), {
      code: "ERR_OPTION",
    });
    t.true(error!.message.includes(Object.keys(options)[0]!), error!.message);
  }
});

test("a responder is for a memif with Ethernet frames", async (t) => {
  const { client } = await memifPair(t, { mode: "ip" }, { mode: "ip" });
  const refused = (message: RegExp) => ({ code: "ERR_OPTION", message });
  t.throws(() => Responder.on(client, ADDRESSES), refused(/option port must carry Ethernet frames; its mode is "ip"$/));
  for (const port of [undefined, {}])
    t.throws(() => Responder.on(port as never, ADDRESSES), refused(/option port must be a memif port; got/));
});
