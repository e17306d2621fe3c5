// The application's side of the interconnects: opens what a punt's metadata says, and keeps what arrives.
import { once } from "node:events";
import { type Attachment, Memif, PuntSocket, type PuntStatus } from "../../lib/index.js";
import { until } from "./until.js";

/** One interconnect as the application sees it. */
export interface Link {
  readonly received: Uint8Array[];
  /** Sends a frame towards VPP. */
  send(frame: Uint8Array): void;
  /** Resolves when VPP is at the other end. */
  ready(): Promise<void>;
  close(): void;
}

type OnFrame = (frame: Uint8Array) => void;

function openMemif({ socket, id, secret }: Extract<Attachment, { kind: "memif" }>, onFrame: OnFrame): Link {
  const received: Uint8Array[] = [];
  const port = Memif.open({ role: "client", socket, id, secret, reconnectMs: 50 });
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) {
      const frame = batch.copy(i);
      received.push(frame);
      onFrame(frame);
    }
  });
  return {
    received,
    send: (frame) => void port.send(frame),
    ready: async () => void (port.peer ?? (await once(port, "up"))),
    close: () => port.close(),
  };
}

/** Opened before the punt is asked for: VPP does not look whether a client is there. */
export function openPuntSocket(path: string, vppPath: string): Link {
  const received: Uint8Array[] = [];
  const socket = PuntSocket.open({
    path,
    vppPath,
    onWarning: () => undefined,
    onBatch: (batch) => {
      for (let i = 0; i < batch.length; i++) received.push(batch.copy(i));
    },
  });
  return {
    received,
    send: () => undefined,
    // The socket is connected to VPP's, and a new VPP has another one under the same name.
    ready: async () => void (await until(() => socket.reconnect())),
    close: () => socket.close(),
  };
}

/** Opens the memif interconnects of a punt. What comes in on one goes out on the other: a bump in the wire. */
export function openLinks({ metadata }: PuntStatus): Link[] {
  const links: Link[] = [];
  for (const [index, { attachment }] of metadata.interconnects.entries()) {
    if (attachment.kind !== "memif") continue;
    links.push(openMemif(attachment, (frame) => links[1 - index]?.send(frame)));
  }
  return links;
}
