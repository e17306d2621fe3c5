// memif against libmemif's own example programs in both roles. test/support/machine/programs.ts finds the programs.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Memif, MemifPeer } from "../../lib/memif/index.js";
import { frame, icmpPacket } from "../support/frames.js";
import { libmemifExamples } from "../support/machine/programs.js";
import { event, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";

const { test } = need("libmemif-examples");

const US = "192.168.1.2";
const PEER = "192.168.1.1";
const OUR_MAC = "02:fe:00:00:00:02";
const PEER_MAC = "02:fe:00:00:00:01";

type Role = "server" | "client";

function start(t: ExecutionContext, example: string, role: Role, socket: string, ...more: string[]): ChildProcess {
  const theirs = role === "server" ? "slave" : "master";
  const child = spawn(join(libmemifExamples()!, example), ["-r", theirs, "-s", socket, ...more], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  return child;
}

/** Opens a port for each id, starts the example program as their peer, and waits until all are connected. */
async function open(
  t: ExecutionContext,
  example: string,
  role: Role,
  ids: number[],
  ...more: string[]
): Promise<Memif[]> {
  const socket = memifSocket(t);
  const ports = ids.map((id) => openMemif(t, { role, socket, id, reconnectMs: 50 }));
  const up = Promise.all(ports.map((port) => event<MemifPeer>(port, "up")));
  start(t, example, role, socket, ...more);
  await up;
  return ports;
}

for (const role of ["server", "client"] as const) {
  test(`icmp_responder answers pings; we are ${role}`, async (t) => {
    const [port] = await open(t, "icmp_responder", role, [0], "-a", PEER, "-m", PEER_MAC);
    const answers = new Set<number>();
    port!.receive((batch) => {
      for (let i = 0; i < batch.length; i++) {
        t.is(batch.u8(i, 34), 0); // echo reply
        answers.add(batch.u16(i, 40));
      }
    });
    for (let sequence = 0; sequence < 100; sequence++) {
      const rest = Buffer.alloc(4 + 56);
      rest.writeUInt16BE(sequence, 2);
      port!.send(frame({ from: OUR_MAC, to: PEER_MAC }, icmpPacket({ from: US, to: PEER }, 8, 0, rest)));
      await until(() => answers.size === sequence + 1);
    }
    t.is(port!.stats().violations, 0);
  });

  test(`test_app carries packets of all sizes from one interface to the other; we are ${role}`, async (t) => {
    const [one, other] = await open(t, "test_app", role, [0, 1], "-i", "0", "-t", "1");
    for (const [from, to] of [
      [one!, other!],
      [other!, one!],
    ] as const) {
      const sent: Uint8Array[] = [];
      const received: Uint8Array[] = [];
      to.receive((batch) => {
        for (let i = 0; i < batch.length; i++) received.push(batch.copy(i));
      });
      for (let i = 0; i < 500; i++) {
        const packet = new Uint8Array(60 + ((i * 37) % 1900)).fill(i);
        sent.push(packet);
        from.send(packet);
        if (i % 32 === 31) await until(() => received.length === sent.length);
      }
      await until(() => received.length === sent.length);
      t.true(received.every((packet, i) => Buffer.compare(packet, sent[i]!) === 0));
    }
  });

  test(`an example that is killed is a peer that has gone; we are ${role}`, async (t) => {
    const socket = memifSocket(t);
    const port = openMemif(t, { role, socket, reconnectMs: 50 });
    for (let round = 0; round < 2; round++) {
      const up = event<MemifPeer>(port, "up");
      const child = start(t, "icmp_responder", role, socket, "-a", PEER);
      await up;
      const down = event<{ by: string }>(port, "down");
      child.kill("SIGKILL");
      await once(child, "exit");
      if (role === "client") rmSync(socket); // libmemif does not bind a path where a file is left
      t.is((await down).by, "peer");
    }
  });
}
