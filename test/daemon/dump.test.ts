// The Dump call over a punt socket of the test's: which packets get a line, and what ends it.
import { existsSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { dump } from "../../lib/daemon/service/dump.js";
import { Dumps } from "../../lib/daemon/service/dumps.js";
import type { Parts, Scope } from "../../lib/daemon/service/scope.js";
import { PuntError } from "../../lib/errors.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { until } from "../support/descriptor/peer.js";
import { BROADCAST, frame, udpPacket } from "../support/frames.js";
import { openMemif } from "../support/memif/ports.js";
import { memifSide, socketSide } from "../support/module/ends.js";
import { ID, settled, statusOf } from "../support/module/life.js";

const datagram = (port: number) =>
  frame({ from: "02:fe:00:00:00:09", to: BROADCAST }, udpPacket({ from: "10.0.0.9", to: "10.0.0.1" }, [4000, port]));

/** A dump whose clock and looks are the test's. */
function dumped(t: ExecutionContext, interconnect: object, filter = "") {
  const status = {
    ...statusOf("CREATED"),
    metadata: { id: ID, interconnects: [interconnect] },
  } as unknown as PuntStatus;
  const ending = new AbortController();
  const stopping = new AbortController();
  const place = {
    ...{ now: 5_500, count: 0, there: status as PuntStatus | undefined, failure: undefined as PuntError | undefined },
    ...{ look: async () => {}, isOver: false },
  };
  const { now } = performance;
  const [set, clear] = [globalThis.setInterval, globalThis.clearInterval];
  performance.now = () => place.now;
  globalThis.setInterval = ((run: () => void) => {
    place.look = async () => {
      run();
      await settled();
    };
    return { unref: () => place };
  }) as never;
  globalThis.clearInterval = ((timer: unknown) => {
    if (timer === place) place.isOver = true;
  }) as never;
  const nameOf = () => {
    place.count++;
    return "Eth0";
  };
  const scope = {
    ...{
      op: "punt.dump",
      host: "",
      party: "pid 1",
      id: () => ID,
      requireVisible: async () => status,
      record: () => {},
    },
    view: { rights: { requireChange: () => ({ name: "rule" }) } },
  };
  const get = async () => {
    if (place.failure) throw place.failure;
    return place.there;
  };
  const dumps = new Dumps();
  const parts = { punts: { get }, table: { nameOf, find: () => undefined }, stopping: stopping.signal, dumps };
  const request = { id: ID, filter, host: "" };
  const lines = dump(
    parts as unknown as Parts,
    request as never,
    scope as unknown as Scope,
    { signal: ending.signal } as never,
  )[Symbol.asyncIterator]();
  t.teardown(async () => {
    performance.now = now;
    Object.assign(globalThis, { setInterval: set, clearInterval: clear });
    ending.abort();
    await lines.return?.();
  });
  const next = async () => {
    const { done, value } = await lines.next();
    if (done) return undefined;
    const { event } = value;
    return event?.case === "packet" ? event.value : event?.case;
  };
  return { place, next, ending, stopping, lines, dumps };
}

type Line = { readonly text: string; readonly passed: bigint; readonly length: number; readonly interface: string };

test("a caller has sixteen dumps at a time, and another caller's are not counted", (t) => {
  const dumps = new Dumps();
  const ends = Array.from({ length: 16 }, () => dumps.begin("pid 1", "punt.dump"));
  const refusal = { code: "ERR_RESOURCE_EXHAUSTED", message: /punt\.dump: a caller has 16 dumps at a time/ };
  t.throws(() => dumps.begin("pid 1", "punt.dump"), refusal);
  dumps.begin("pid 2", "punt.dump")();
  for (const end of ends) end();
  for (const _end of ends) dumps.begin("pid 1", "punt.dump");
  t.throws(() => dumps.begin("pid 1", "punt.dump"), refusal);
});

test.serial("a hundred packets a second get a line, and the next line tells how many got none", async (t) => {
  const side = socketSide(t);
  const { place, next } = dumped(t, side.interconnect);
  t.is(await next(), "connected");
  const send = async (count: number) => {
    const end = place.count + count;
    for (let i = 0; i < count; i++)
      while (side.vpp.punt(side.path, datagram(53)) !== undefined)
        await new Promise((resolve) => setImmediate(resolve));
    await until(() => place.count === end);
  };
  const passed = async (count: number) => {
    const found: bigint[] = [];
    while (found.length < count) found.push(((await next()) as Line).passed);
    return found;
  };
  await send(130);
  t.deepEqual(await passed(100), Array(100).fill(0n));
  place.now = 5_999;
  await send(1);
  place.now = 6_000;
  // The reader waits now, so that the first of these is not in the queue.
  const first = next();
  await send(1);
  t.is(((await first) as Line).passed, 31n);
  await send(149);
  // There is room for one line more: 99 wait.
  place.now = 7_000;
  await send(3);
  t.deepEqual(await passed(100), [...Array(99).fill(31n), 81n]);
  await send(1);
  t.deepEqual(await passed(1), [83n]);
});

test.serial(
  "a line has all words of the filter, in any case, in the interface's name or the packet's text",
  async (t) => {
    const side = socketSide(t);
    const { place, next } = dumped(t, side.interconnect, " eTH0  5300 10.0.0.9 ");
    t.is(await next(), "connected");
    for (const port of [53, 5300, 53, 5300]) t.is(side.vpp.punt(side.path, datagram(port)), undefined);
    for (let i = 0; i < 2; i++) {
      const line = (await next()) as Line;
      t.regex(line.text, /10\.0\.0\.9.*5300/);
      t.like(line, { interface: "Eth0", passed: 0n, length: datagram(53).length });
    }
    t.is(place.count, 4);
  },
);

test.serial(
  "a dump ends when its punt is gone or is another, when its reader goes, and when the daemon stops",
  async (t) => {
    const side = socketSide(t);
    const ends: [end: (place: ReturnType<typeof dumped>) => unknown, code?: string][] = [
      [({ place }) => (place.there = undefined)],
      [({ place }) => (place.there = { ...place.there!, metadata: { id: ID, interconnects: [] } } as never)],
      [({ ending }) => ending.abort()],
      [({ stopping }) => stopping.abort(), "ERR_CLOSED"],
    ];
    for (const [end, code] of ends) {
      const running = dumped(t, side.interconnect);
      const { place, next } = running;
      t.is(await next(), "connected");
      await place.look();
      t.is(side.vpp.punt(side.path, datagram(53)), undefined);
      t.like(await next(), { interface: "Eth0" });
      const last = next();
      end(running);
      await place.look();
      if (code === undefined) t.is(await last, undefined);
      else await t.throwsAsync(last, { code, message: /the daemon is stopping/ });
      t.true(place.isOver);
      t.notThrows(
        () => Array.from({ length: 16 }, () => running.dumps.begin("pid 1", "punt.dump")),
        "it counts no more",
      );
      t.false(existsSync(side.path), "the CNF's place is free");
    }
  },
);

test.serial("a dump ends with the daemon's error where the daemon does not know its punts any more", async (t) => {
  const { place, next } = dumped(t, socketSide(t).interconnect);
  t.is(await next(), "connected");
  const last = next();
  place.failure = new PuntError("punt.get", "ERR_ETCD_AWAY", "the punts are not known yet");
  await place.look();
  t.is(await t.throwsAsync(last), place.failure);
  t.true(place.isOver);
});

test.serial("a memif that VPP refuses ends the dump with VPP's reason", async (t) => {
  const side = memifSide(t);
  const first = dumped(t, side.interconnect);
  t.is(await first.next(), "connected");
  const second = dumped(t, side.interconnect);
  const error = await t.throwsAsync<PuntError>(second.next(), { code: "ERR_REFUSED" });
  t.true(error instanceof PuntError);
  t.regex(error!.message, /^punt\.attach: VPP refuses the memif connection: /);
});

test.serial("a memif that VPP refuses later, because VPP ends or begins, does not end the dump", async (t) => {
  const side = memifSide(t);
  const { next } = dumped(t, side.interconnect);
  t.is(await next(), "connected");
  side.server.close();
  const { socket } = (side.interconnect as unknown as { attachment: { socket: string } }).attachment;
  const beginning = openMemif(t, { role: "server", mode: "ethernet", socket, id: 1 });
  await until(() => beginning.stats().refused > 0);
  beginning.close();
  side.serve();
  // There is room once the other side has given its buffers.
  await until(() => side.server.send(datagram(53)) > 0);
  t.like(await next(), { length: datagram(53).length });
});
