// The application's side of the interconnects: opens what a punt's metadata says, and keeps what arrives.
import { type AttachedPort, attach, type Memif, type PacketBatch, type PuntMetadata } from "../lib/index.js";
import { until } from "./until.js";

/** The application's ends of one punt. */
export interface Application {
  /** The packets that have come in on the first interconnect. */
  readonly received: Uint8Array[];
  /** Resolves when VPP, the same or a new one, is at the other end of all of them. */
  ready(metadata: PuntMetadata): Promise<void>;
  close(): void;
}

function isReady(port: AttachedPort): boolean {
  if (port.kind === "memif") return port.memif.peer !== undefined;
  return port.kind !== "af-unix" || port.socket.reconnect();
}

/** Sends packets of each memif out of the other, as a bump in the wire. */
function forward(memifs: readonly Memif[], keep: (batch: PacketBatch) => void): void {
  for (const [index, memif] of memifs.entries()) {
    memif.receive((batch) => {
      if (index === 0) keep(batch);
      memifs[1 - index]?.send(batch);
    });
  }
}

export function openApplication(metadata: PuntMetadata): Application {
  const received: Uint8Array[] = [];
  const keep = (batch: PacketBatch) => {
    for (let i = 0; i < batch.length; i++) received.push(batch.copy(i));
  };
  const attached = attach(metadata, {
    memif: { reconnectMs: 50 },
    puntSocket: { onBatch: keep, onWarning: () => undefined },
  });
  forward(
    attached.ports.flatMap((port) => (port.kind === "memif" ? [port.memif] : [])),
    keep,
  );
  return {
    received,
    ready: async (now) => {
      attached.reconnect(now);
      await until(() => attached.ports.every(isReady));
    },
    close: () => attached.close(),
  };
}
