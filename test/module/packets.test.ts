// The packets that a program gets one by one: their properties, and their queue.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { CnfPacket, PacketQueue, type Replier } from "../../lib/module/packets.js";
import { frame, udpPacket } from "../support/frames.js";

const LINK = { from: "02:aa:00:00:00:01", to: "02:fc:00:00:00:01" };
const DATAGRAM = frame(LINK, udpPacket({ from: "192.0.2.9", to: "192.0.2.1" }, [4000, 53], "who?"));
const PLACE = { interface: "eth0", swIfIndex: 3, interconnect: 1 };

function packet(bytes: Uint8Array, reply: Replier = () => true): CnfPacket {
  return new CnfPacket(bytes, PLACE, reply);
}

test("a packet has its frame, its place, and what its datagram says", (t) => {
  const whole = packet(DATAGRAM);
  t.like(whole, PLACE);
  t.is(whole.frame, DATAGRAM);
  t.is(Buffer.from(whole.payload!).toString(), "who?");
  t.deepEqual(whole.source, { address: "192.0.2.9", port: 4000 });
  t.deepEqual(whole.destination, { address: "192.0.2.1", port: 53 });
});

test("a packet without a whole datagram has no payload and no ports, and cannot be answered", (t) => {
  const arp = packet(DATAGRAM.subarray(0, 20), () => t.fail("it was answered"));
  t.deepEqual([arp.payload, arp.source, arp.destination], [undefined, undefined, undefined]);
  const message = "packet.reply: the packet is not a whole UDP datagram; answer it by send()";
  const error = t.throws(() => arp.reply(Buffer.from("me")), { code: "ERR_NOT_UDP", message });
  t.like(error, { op: "packet.reply" });
  t.throws(() => arp.reply(arp.payload!), { code: "ERR_NOT_UDP" });
});

test("an answer goes out with its packet, its payload and its source", (t) => {
  const said: unknown[] = [];
  let isThere = true;
  const question = packet(DATAGRAM, (of, udp, payload, options) => {
    said.push([of === question, udp.udpAt, Buffer.from(payload).toString(), options]);
    return isThere;
  });
  t.true(question.reply(Buffer.from("me")));
  isThere = false;
  t.false(question.reply(Buffer.from("you"), { source: "192.0.2.1" }));
  for (const wrong of ["me", undefined, [1, 2], new ArrayBuffer(2)])
    t.throws(() => question.reply(wrong as never), {
      code: "ERR_INVALID_PACKET",
      message: /the payload must be a Uint8Array/,
    });
  t.deepEqual(said, [
    [true, 34, "me", {}],
    [true, 34, "you", { source: "192.0.2.1" }],
  ]);
});

const numbered = (number: number) => packet(Uint8Array.of(number >> 8, number & 0xff));
const numberOf = ({ value }: IteratorResult<CnfPacket, undefined>) => value && value.frame[0]! * 256 + value.frame[1]!;

test("at most 4,096 packets wait for a late loop, and the newer ones are dropped and counted", async (t) => {
  const queue = new PacketQueue(() => t.fail("the loop has not ended"));
  for (let i = 0; i < 4096; i++) queue.put(numbered(i));
  t.is(queue.dropped, 0);
  for (let i = 0; i < 3; i++) queue.put(numbered(9000));
  t.is(queue.dropped, 3);
  t.is(numberOf(await queue.next()), 0);
  queue.put(numbered(5000));
  queue.put(numbered(9000));
  t.is(queue.dropped, 4);
  const rest: unknown[] = [];
  queue.end();
  for await (const each of { [Symbol.asyncIterator]: () => ({ next: () => queue.next() }) })
    rest.push(numberOf({ value: each }));
  t.deepEqual(rest, [...Array.from({ length: 4095 }, (_, i) => i + 1), 5000]);
});

test("each reader that waits gets one packet, in order, and the end", async (t) => {
  const queue = new PacketQueue(() => t.fail("the loop has not ended"));
  const readers = [queue.next(), queue.next(), queue.next()];
  queue.put(numbered(1));
  queue.put(numbered(2));
  queue.end();
  t.deepEqual((await Promise.all(readers)).map(numberOf), [1, 2, undefined]);
  t.deepEqual(await readers[2], { done: true, value: undefined });
  t.deepEqual(await queue.next(), { done: true, value: undefined });
});

test("a loop whose punt fails has what waits, then the error, and ends", async (t) => {
  const error = new PuntError("punt.open", "ERR_DELETED", "gone");
  const late = new PacketQueue(() => t.fail("the loop has not ended"));
  late.put(numbered(1));
  late.fail(error);
  t.is(numberOf(await late.next()), 1);
  t.is(await t.throwsAsync(late.next()), error);
  t.deepEqual(await late.next(), { done: true, value: undefined });
  const early = new PacketQueue(() => t.fail("the loop has not ended"));
  const readers = [early.next(), early.next()];
  early.fail(error);
  t.is(await t.throwsAsync(readers[0]!), error);
  for (const next of [readers[1]!, early.next()]) t.deepEqual(await next, { done: true, value: undefined });
});

test("a loop that is left says so, and forgets what waits", async (t) => {
  let ends = 0;
  const queue = new PacketQueue(() => void ends++);
  t.is(queue[Symbol.asyncIterator](), queue);
  queue.put(numbered(1));
  queue.put(numbered(2));
  for await (const each of queue) {
    t.is(numberOf({ value: each }), 1);
    break;
  }
  t.is(ends, 1);
  t.deepEqual(await queue.next(), { done: true, value: undefined });
  t.deepEqual(await queue.return(), { done: true, value: undefined });
});
