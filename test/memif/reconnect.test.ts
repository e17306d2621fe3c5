// A port that stays while its peer comes and goes: its queue objects stay the same, and pass the packets of each connection.
import test, { type ExecutionContext } from "ava";
import type { Memif, MemifOptions, MemifRxQueue } from "../../lib/memif/index.js";
import { event, memifSocket, openMemif, until } from "../support/memif/ports.js";

const MODES = ["polling", "adaptive", "interrupt"] as const;
const PACKETS = 100;
/** The peers of one port: rings and buffers of other sizes are other memory, at other addresses. */
const LIVES: readonly Partial<MemifOptions>[] = [
  { ringSize: 64, bufferSize: 2048 },
  { ringSize: 256, bufferSize: 256 },
  { ringSize: 32, bufferSize: 4096 },
];

/** Receives on the first queue of a port in the way that its mode needs; the texts so far, and the queues that handlers were given. */
class Receiver {
  readonly texts: string[] = [];
  readonly queues = new Set<MemifRxQueue>();
  readonly #poll: () => unknown;

  constructor(port: Memif, rxMode: MemifOptions["rxMode"]) {
    const handler = (batch: { length: number; copy(index: number): Uint8Array }, queue: MemifRxQueue) => {
      this.queues.add(queue);
      for (let i = 0; i < batch.length; i++) this.texts.push(Buffer.from(batch.copy(i)).toString());
    };
    if (rxMode === "polling") {
      const queue = port.rx(0);
      this.#poll = () => queue.poll((batch) => handler(batch, queue));
    } else {
      port.receive(handler);
      this.#poll = () => 0;
    }
  }

  async has(count: number): Promise<void> {
    await until(() => {
      this.#poll();
      return this.texts.length >= count;
    });
  }
}

/** Texts of 1 to 1,100 bytes. */
function textsOf(what: string): string[] {
  return Array.from({ length: PACKETS }, (_, index) => `${what} ${index} ${"x".repeat(11 * index)}`);
}

/** Sends all, as often as the ring takes some. */
async function send(port: Memif, texts: readonly string[], receiver: Receiver): Promise<void> {
  const queue = port.tx(0);
  const before = receiver.texts.length;
  for (let sent = 0; sent < texts.length; ) {
    sent += queue.send(texts.slice(sent, sent + 8).map((text) => Buffer.from(text)));
    await receiver.has(before + sent);
  }
}

async function outlives(t: ExecutionContext, role: MemifOptions["role"], options: Partial<MemifOptions>) {
  const socket = memifSocket(t);
  const common = { socket, ...options };
  const other = role === "server" ? "client" : "server";
  // As server, the port takes whatever the client chooses.
  const most = { ringSize: 256, bufferSize: 4096 };
  const kept = openMemif(t, { role, reconnectMs: 5, ...(role === "server" ? most : {}), ...common });
  const received = new Receiver(kept, options.rxMode);
  const tx = kept.tx(0);
  const expected: string[] = [];
  for (const [life, sizes] of LIVES.entries()) {
    const up = event(kept, "up");
    const peer = openMemif(t, { role: other, reconnectMs: 5, ...sizes, ...common });
    await Promise.all([up, event(peer, "up")]);
    const atPeer = new Receiver(peer, options.rxMode);
    const [here, there] = [textsOf(`to the port, life ${life}`), textsOf(`from the port, life ${life}`)];
    await send(peer, here, received);
    await send(kept, there, atPeer);
    expected.push(...here);
    t.deepEqual(received.texts, expected);
    t.deepEqual(atPeer.texts, there);
    t.is(kept.tx(0), tx);
    const down = event(kept, "down");
    peer.close();
    await down;
    t.is(tx.send(Buffer.from("nobody is there")), 0);
  }
  t.deepEqual([...received.queues], [options.rxMode === "polling" ? [...received.queues][0]! : kept.rx(0)]);
  const { rx, tx: sent, connects, violations } = kept.stats();
  t.deepEqual(
    [rx[0]!.packets, sent[0]!.packets, connects, violations],
    [LIVES.length * PACKETS, LIVES.length * PACKETS, LIVES.length, 0],
  );
}

for (const role of ["server", "client"] as const)
  for (const rxMode of MODES)
    for (const zeroCopy of [true, false])
      test(`the queues of a ${role} outlive its peers: ${rxMode}, zeroCopy ${zeroCopy}`, (t) =>
        outlives(t, role, { rxMode, zeroCopy }));
