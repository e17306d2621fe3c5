// memif with a real VPP at the other end, in both roles: pings through it, jumbo frames in chains, several queues, its restart.
import type { ExecutionContext } from "ava";
import type { Memif, MemifOptions, MemifPeer } from "../../lib/memif/index.js";
import { frame, icmpPacket } from "../support/frames.js";
import { event, openMemif, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";
import { type RealVpp, startVpp } from "../support/vpp/real.js";

const real = need("root", "vpp").test.serial;

const VPP = "10.9.0.1";
const US = "10.9.0.2";
const VPP_MAC = "02:fd:00:00:00:01";
const OUR_MAC = "02:fe:00:00:00:02";

interface Setup {
  /** The role of this process. */
  role: "server" | "client";
  mode: "ethernet" | "ip";
  queues?: number;
  port?: Partial<MemifOptions>;
}

async function configure(vpp: RealVpp, socket: string, { role, mode, queues = 1 }: Setup): Promise<void> {
  const vppRole = role === "server" ? `slave rx-queues ${queues} tx-queues ${queues}` : "master";
  await vpp.configure(
    `create memif socket id 1 filename ${socket}`,
    `create interface memif socket-id 1 id 3 ${vppRole}${mode === "ip" ? " mode ip" : ""} secret s3cret buffer-size 2048`,
    `set interface mac address memif1/3 ${VPP_MAC}`,
    "set interface mtu packet 9000 memif1/3",
    `set interface ip address memif1/3 ${VPP}/24`,
    "set interface state memif1/3 up",
  );
  if (mode === "ethernet") await vpp.configure(`set ip neighbor memif1/3 ${US} ${OUR_MAC}`);
}

async function connect(t: ExecutionContext, setup: Setup): Promise<{ vpp: RealVpp; port: Memif; socket: string }> {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  const socket = `${vpp.directory}/memif.sock`;
  const { role, mode, queues = 1 } = setup;
  const more = { rxQueues: queues, txQueues: queues, reconnectMs: 50, ...setup.port };
  const port = openMemif(t, { role, socket, id: 3, mode, secret: "s3cret", ...more });
  const up = event<MemifPeer>(port, "up");
  await configure(vpp, socket, setup);
  t.regex((await up).name, /^VPP /);
  return { vpp, port, socket };
}

function echoRequest(size: number, sequence: number, mode: Setup["mode"]): Uint8Array {
  const rest = Buffer.alloc(size, sequence);
  rest.writeUInt32BE(sequence);
  const packet = icmpPacket({ from: US, to: VPP }, 8, 0, rest);
  return mode === "ip" ? packet : frame({ from: OUR_MAC, to: VPP_MAC }, packet);
}

/** Sends echo requests of these sizes on the queues in turn. Resolves when every reply has arrived with the same content. */
async function ping(t: ExecutionContext, port: Memif, sizes: readonly number[], mode: Setup["mode"]): Promise<void> {
  const start = mode === "ip" ? 24 : 38; // behind the ICMP checksum
  const requests = sizes.map((size, i) => echoRequest(size, i, mode));
  const replies = new Set<number>();
  const onBatch = replyHandlers.get(port)!;
  onBatch.handle = (packet) => {
    const body = Buffer.from(packet.subarray(start));
    if (packet[start - 4] !== 0 || body.length < 4) return; // no echo reply
    const sequence = body.readUInt32BE();
    t.is(Buffer.compare(body, Buffer.from(requests[sequence]!.subarray(start))), 0, `reply ${sequence}`);
    replies.add(sequence);
  };
  for (let i = 0; i < requests.length; i++) {
    const queue = port.tx(i % port.peer!.txQueues);
    while (queue.send(requests[i]!) === 0) await new Promise((resolve) => setImmediate(resolve));
    // VPP drops packets when its own ring is full, so that only few may be in flight.
    if (i % 16 === 15) await until(() => replies.size > i - 16);
  }
  await until(() => replies.size === requests.length);
}

/** The handler of the current ping of each port. A queue keeps its first handler. */
const replyHandlers = new WeakMap<Memif, { handle(packet: Uint8Array): void }>();

function listen(port: Memif): void {
  const handler = { handle: (_packet: Uint8Array) => {} };
  replyHandlers.set(port, handler);
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) handler.handle(batch.copy(i));
  });
}

for (const role of ["client", "server"] as const) {
  const vppRole = role === "client" ? "master" : "slave";
  for (const mode of ["ethernet", "ip"] as const) {
    real(`VPP as ${vppRole} answers pings of all sizes, jumbo frames in chains (${mode})`, async (t) => {
      const { port } = await connect(t, { role, mode });
      listen(port);
      await ping(
        t,
        port,
        Array.from({ length: 200 }, (_, i) => 18 + i * 44),
        mode,
      );
      const { rx, tx, violations } = port.stats();
      t.true(rx[0]!.chained > 0);
      t.true(tx[0]!.packets >= 200);
      t.is(violations, 0);
    });
  }

  real(`VPP as ${vppRole} with four queues`, async (t) => {
    const { port } = await connect(t, { role, mode: "ip", queues: 4 });
    listen(port);
    t.is(port.peer!.rxQueues, 4);
    t.is(port.peer!.txQueues, 4);
    await ping(t, port, new Array(100).fill(100), "ip");
    t.true(port.stats().tx.every(({ packets }) => packets === 25));
  });

  real(`VPP as ${vppRole} is killed and comes back: so does the port`, async (t) => {
    const setup: Setup = { role, mode: "ip" };
    const { vpp, port, socket } = await connect(t, setup);
    listen(port);
    await ping(t, port, [100, 200], "ip");
    const down = event(port, "down");
    await vpp.kill();
    t.deepEqual(await down, { reason: "connection closed by peer", by: "peer" });
    const up = event<MemifPeer>(port, "up");
    await vpp.start();
    await configure(vpp, socket, setup);
    await up;
    await ping(t, port, [100, 200, 3000], "ip");
    t.is(port.stats().connects, 2);
  });
}

real("VPP as master refuses a wrong secret, and the port says so", async (t) => {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  const socket = `${vpp.directory}/memif.sock`;
  await configure(vpp, socket, { role: "client", mode: "ip" });
  const port = openMemif(t, { role: "client", socket, id: 3, mode: "ip", secret: "guess" });
  t.deepEqual(await event(port, "refused"), { reason: "incorrect secret", by: "peer" });
});

real("an interface that is deleted in VPP goes down with its reason", async (t) => {
  const { vpp, port } = await connect(t, { role: "client", mode: "ip" });
  const down = event<{ reason: string; by: string }>(port, "down");
  await vpp.configure("delete interface memif memif1/3");
  const { reason, by } = await down;
  t.regex(reason, /interface deleted|connection closed/);
  t.is(by, "peer");
});
