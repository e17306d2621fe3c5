// Queues of a port: peers that have fewer, calls that open several, and polls in the handlers of others.
import test from "ava";
import { forward, Memif } from "../../lib/memif/index.js";
import { memifPair, openMemif, until } from "../support/memif/ports.js";

const polling = { rxMode: "polling" } as const;
const two = { rxQueues: 2, txQueues: 2 } as const;
const packet = new Uint8Array(64);

test("replies for a peer with fewer queues go by its last one", async (t) => {
  const { server, client } = await memifPair(t, polling, { rxQueues: 1, txQueues: 2 }, two);
  client.tx(1).send(packet);
  await until(() => server.rx(1).poll((batch) => batch.reply(0)) > 0);
  let got = 0;
  client.rx(0).poll((batch) => {
    got += batch.length;
  });
  t.is(got, 1);
  t.like(server.stats().tx, [{ packets: 1 }, { refused: 0 }]);
});

test("where another thread has the peer's last queue, replies are refused and counted", async (t) => {
  const { server, client } = await memifPair(t, polling, { rxQueues: 1, txQueues: 2 }, two);
  server.tx(0);
  const attached = Memif.attach(server.handle);
  t.teardown(() => attached.close());
  client.tx(1).send(packet);
  await until(() => attached.peer !== undefined && attached.rx(1).poll((batch) => batch.reply(0)) > 0);
  t.like(server.stats().tx, [{ packets: 0 }, { packets: 0, refused: 1 }]);
});

test("a forwarder chooses among the queues of each new peer", async (t) => {
  const a = await memifPair(t, polling, two, two);
  const b = await memifPair(t, polling, { rxQueues: 1, txQueues: 1 }, two);
  const forwarder = forward(a.server, b.server, undefined, { directions: "ab" });
  const sendBoth = () => {
    for (const queue of [0, 1]) a.client.tx(queue).send(packet);
    t.is(forwarder.poll(), 2);
  };
  const packets = (port: Memif) => port.stats().rx.map((queue) => queue.packets);
  sendBoth();
  b.client.rx(0).poll(() => {});
  t.deepEqual(packets(b.client), [2]);
  b.client.close();
  await until(() => b.server.peer === undefined);
  const next = openMemif(t, { role: "client", socket: b.socket, ...polling, ...two });
  await until(() => b.server.peer !== undefined && next.peer !== undefined);
  sendBoth();
  for (const queue of [0, 1]) next.rx(queue).poll(() => {});
  t.deepEqual(packets(next), [1, 1]);
  t.is(forwarder.stats().ab.refused, 0);
});

test("a call that opens several queues, of which one is taken, opens none", async (t) => {
  const { server } = await memifPair(t, two);
  const other = Memif.attach({ ...server.handle, ...polling });
  t.teardown(() => other.close());
  other.rx(1);
  const receive = (queues?: number[]) => server.receive(() => {}, queues);
  t.throws(() => receive(), { code: "ERR_QUEUE_TAKEN" });
  t.notThrows(() => other.rx(0));
  t.throws(() => receive([0]), { code: "ERR_QUEUE_TAKEN" });
});

test("a forwarder that is refused leaves no queue open", async (t) => {
  const [a, b] = [await memifPair(t), await memifPair(t)];
  const [otherA, otherB] = [a, b].map(({ server }) => Memif.attach({ ...server.handle, ...polling }));
  t.teardown(() => {
    for (const port of [otherA, otherB]) port!.close();
  });
  otherB!.rx(0);
  t.throws(() => forward(a.server, b.server), { code: "ERR_QUEUE_TAKEN" });
  t.notThrows(() => otherA!.rx(0));
  t.notThrows(() => [otherA, otherB].map((port) => port!.tx(0)));
});

test("a poll in a handler rings for what the handler has sent", async (t) => {
  const [x, y] = [await memifPair(t), await memifPair(t, {}, polling, { rxMode: "interrupt" })];
  y.server.receive((batch) => batch.reply(0));
  const bells: number[] = [];
  const ring = () => void bells.push(y.client.stats().tx[0]!.doorbells);
  const queue = y.client.rx(0);
  x.server.receive(() => {
    y.client.send(packet);
    ring();
    queue.poll(() => {});
    ring();
  });
  x.client.send(packet);
  await until(() => bells.length === 2);
  t.deepEqual(bells, [0, 1]);
});
