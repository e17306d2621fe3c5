// VPP's punt socket.
import { DESCRIPTOR_SIZE, MAX_INJECTED, PuntAction, writeDescriptor } from "../../punt-socket/index.js";
import type { PuntTransport } from "../dataplane/index.js";
import { FramePort } from "./frame-port.js";

/** The send buffer that VPP asks the kernel for (punt.c). It holds 171 small packets at most, over all clients. */
const SEND_BUFFER = 64 * 1024;
/** A descriptor and one buffer. VPP silently cuts off the rest of a longer datagram. */
const LONGEST_INJECTION = DESCRIPTOR_SIZE + MAX_INJECTED;

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
    const taken = this.#port.push(
      frame,
      peer,
      DESCRIPTOR_SIZE,
      (arena, at) => writeDescriptor(arena, at, swIfIndex, PuntAction.L2),
      done,
    );
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
