// Frames for VPP's punt socket. Linux queues ten datagrams for a socket unless net.unix.max_dgram_qlen says more: a burst of answers does not
// fit, and what does not fit waits here.
import {
  MAX_INJECTED,
  MIN_INJECTED,
  PuntAction,
  PuntInjector,
  type PuntInjectorOptions,
} from "../punt-socket/index.js";

/** Frames that wait at the most: 2 MiB of the largest. */
const MOST_WAITING = 1024;

interface Waiting {
  readonly frame: Uint8Array;
  readonly swIfIndex: number;
  readonly action: PuntAction;
}

/** Sends frames out of VPP's interfaces, and IP packets that VPP routes, in order. */
export class Outbox {
  readonly #injector: PuntInjector;
  readonly #interfaces: { has(swIfIndex: number): boolean };
  #waiting: Waiting[] = [];
  /** The injector's count of refusals by a full queue, when it was last looked at. */
  #full = 0;

  /** @throws PuntError as `PuntInjector.open` */
  constructor(
    interfaces: { has(swIfIndex: number): boolean },
    to: Pick<PuntInjectorOptions, "vppPath" | "descriptor">,
  ) {
    this.#interfaces = interfaces;
    this.#injector = PuntInjector.open({ knownInterfaces: (index) => interfaces.has(index), ...to });
    this.#injector.on("drain", () => {
      try {
        this.#flush();
      } catch {
        // An error of the socket: the next send() meets it too, and its caller learns of it.
        this.#waiting = [];
      }
    });
  }

  /** Returns whether the frame is sent, or waits for room. False: too many wait, or VPP or its interface is gone. @throws PuntError ERR_PACKET_SIZE */
  send(frame: Uint8Array, swIfIndex: number, action: PuntAction = PuntAction.L2): boolean {
    // The interface that a packet came by may be gone with its VPP.
    if (!this.#interfaces.has(swIfIndex)) return false;
    this.#flush();
    const isSendable = frame.length >= MIN_INJECTED && frame.length <= MAX_INJECTED;
    if (this.#waiting.length === 0 || !isSendable) {
      if (this.#injector.inject(action, swIfIndex, frame)) return true;
      if (!this.#wasFull()) return false;
    }
    if (this.#waiting.length === MOST_WAITING) return false;
    // A copy: slice() of a Buffer is none.
    this.#waiting.push({ frame: Uint8Array.from(frame), swIfIndex, action });
    return true;
  }

  close(): void {
    this.#injector.close();
    this.#waiting = [];
  }

  /** Sends what waits as far as there is room. Without VPP, nothing waits: a restarted VPP gets no old frames. */
  #flush(): void {
    let done = 0;
    for (const { frame, swIfIndex, action } of this.#waiting) {
      const isSent = !this.#interfaces.has(swIfIndex) || this.#injector.inject(action, swIfIndex, frame);
      if (!isSent && this.#wasFull()) break;
      done = isSent ? done + 1 : this.#waiting.length;
      if (!isSent) break;
    }
    if (done > 0) this.#waiting.splice(0, done);
  }

  /** Returns whether the last refusal was by a full queue, and not by a VPP that is gone. */
  #wasFull(): boolean {
    const { full } = this.#injector.stats().refused;
    const isMore = full > this.#full;
    this.#full = full;
    return isMore;
  }
}
