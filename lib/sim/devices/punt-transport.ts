import { rmSync } from "node:fs";
import type { PuntTransport } from "../dataplane/index.js";
import { FramePort } from "./frame-port.js";

/** What VPP asks of the kernel (punt.c); with it 171 small packets are on their way at most, over all clients. */
const SEND_BUFFER = 64 * 1024;
const DESCRIPTOR = 8;
/** What is longer VPP cuts off silently: a descriptor and one buffer. */
const LONGEST_INJECTION = DESCRIPTOR + 2048;

/** VPP's punt socket: unconnected, sends to each client by its path, never tries twice. */
export class SocketPuntTransport implements PuntTransport {
  readonly #port: FramePort;
  readonly #peers = new Map<string, number>();
  #collected = false;

  /**
   * @param injected called with each datagram of a client, its own copy
   * @param flush called after each burst of them
   */
  constructor(
    readonly path: string,
    injected: (datagram: Uint8Array) => void,
    flush: () => void,
  ) {
    this.#port = new FramePort({ kind: "punt", name: path, netns: "", sendBuffer: SEND_BUFFER });
    this.#port.receive(LONGEST_INJECTION, injected, flush);
  }

  send(path: string, swIfIndex: number, frame: Uint8Array, done: (accepted: boolean) => void): void {
    const peer = this.#peerOf(path);
    this.#collected = true;
    const taken = this.#port.push(frame, peer, DESCRIPTOR, (arena, at) => writeDescriptor(arena, at, swIfIndex), done);
    if (!taken) done(false);
  }

  /** End of a burst. */
  flush(): void {
    if (!this.#collected) return;
    this.#collected = false;
    this.#port.flush();
  }

  close(): void {
    this.#port.close();
    rmSync(this.path, { force: true });
  }

  #peerOf(path: string): number {
    let peer = this.#peers.get(path);
    if (peer === undefined) {
      peer = this.#port.addPeer(path);
      this.#peers.set(path, peer);
    }
    return peer;
  }
}

/** sw_if_index and action 0, in host order: the hosts that Node runs on here are little endian. */
function writeDescriptor(arena: Uint8Array, at: number, swIfIndex: number): void {
  arena[at] = swIfIndex;
  arena[at + 1] = swIfIndex >>> 8;
  arena[at + 2] = swIfIndex >>> 16;
  arena[at + 3] = swIfIndex >>> 24;
  arena.fill(0, at + 4, at + DESCRIPTOR);
}
