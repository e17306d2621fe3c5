// Many ports in one process, and a storm of memif clients.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Memif } from "../../../lib/memif/index.js";
import { PuntSocket } from "../../../lib/punt-socket/index.js";
import { within } from "../settling.js";
import type { Load } from "./daemon.js";

const LONGEST = 120_000;
/** Packets for each port. */
const PACKETS = 1_000;
const frame = new Uint8Array(64);

async function until(what: string, isIt: () => boolean): Promise<void> {
  const reached = async () => {
    while (!isIt()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  await within(what, LONGEST, reached());
}

const descriptors = () => readdirSync("/proc/self/fd").length;

/** Runs `body` in a folder of its own, and expects the descriptors of before afterwards. */
async function inFolder(body: (folder: string) => Promise<string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-load-"));
  const before = descriptors();
  try {
    const done = await body(folder);
    await until(`descriptors as before, ${before}`, () => descriptors() <= before + 2);
    return done;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function manyPorts({ of }: Load): Promise<string> {
  const count = of(64);
  return inFolder(async (folder) => {
    const got = new Map<object, number>();
    const receiver = (port: object) => (batch: { readonly length: number }) =>
      void got.set(port, (got.get(port) ?? 0) + batch.length);
    const pairs = Array.from({ length: count }, (_, id) =>
      (["server", "client"] as const).map((role) => Memif.open({ role, socket: `${folder}/memif.sock`, id })),
    );
    const memifs = pairs.flat();
    for (const port of memifs) port.receive(receiver(port));
    await until(`${memifs.length} memif ports are connected`, () => memifs.every(({ peer }) => peer !== undefined));
    const onWarning = () => {};
    const open = (name: string) => PuntSocket.open({ path: `${folder}/${name}`, vppPath: null, onWarning });
    const sockets = Array.from({ length: count }, (_, index) => open(`punt${index}`));
    for (const socket of sockets) socket.receive(receiver(socket));
    const vpp = open("vpp");
    const all = [...memifs, ...sockets];
    const sent = new Map<object, number>(all.map((port) => [port, 0]));
    const isSent = () => [...sent.values()].every((each) => each >= PACKETS);
    while (!isSent()) {
      for (const port of memifs)
        sent.set(port, sent.get(port)! + port.send(Array(Math.min(64, PACKETS - sent.get(port)!)).fill(frame)));
      for (const socket of sockets)
        while (sent.get(socket)! < PACKETS && vpp.sendTo(socket.path, 1, frame) === undefined)
          sent.set(socket, sent.get(socket)! + 1);
      await new Promise(setImmediate);
    }
    await until(`${PACKETS} packets at each of ${all.length} ports`, () =>
      all.every((port) => got.get(port) === PACKETS),
    );
    for (const port of [...all, vpp]) port.close();
    return `${memifs.length} memif ports and ${sockets.length} punt sockets, ${PACKETS} packets each`;
  });
}

/** Clients that come all at once to one server, for one interface: one is taken, the others are refused and come back. */
async function memifStorm({ of }: Load): Promise<string> {
  const count = of(200);
  return inFolder(async (folder) => {
    const socket = `${folder}/memif.sock`;
    const server = Memif.open({ role: "server", socket });
    let refused = 0;
    const clients = Array.from({ length: count }, () => {
      const client = Memif.open({ role: "client", socket, reconnectMs: 20 });
      client.on("refused", () => {
        refused++;
      });
      return client;
    });
    await until("a client is connected", () => clients.some(({ peer }) => peer !== undefined));
    await until("the others were refused", () => refused >= count - 1);
    for (const client of clients) client.close();
    await until("the server is free again", () => server.peer === undefined);
    const next = Memif.open({ role: "client", socket, reconnectMs: 20 });
    await until("the next client is connected", () => next.peer !== undefined && server.peer !== undefined);
    next.close();
    server.close();
    return `${count} clients at once, one taken, the others refused; the next one is taken`;
  });
}

export const portLoads = { "ports in one process": manyPorts, "storm of memif clients": memifStorm };
