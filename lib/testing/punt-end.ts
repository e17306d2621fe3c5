// The CNF's end of one interconnect in a unit test: frames in both directions, whatever the interconnect is.
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError } from "../errors.js";
import { OptionCheck } from "../options.js";
import type { AttachedPort, Attachments } from "../punt/index.js";
import type { PuntSocket } from "../punt-socket/index.js";
import type { EmbeddedVpp } from "../sim/index.js";

/** How long `received` and `open` wait by default, in ms. */
const PATIENCE_MS = 5_000;

/**
 * The CNF's end of an interconnect.
 * @example
 * ```ts
 * import { testPunt } from "vpp-punt/sim";
 *
 * await using t = await testPunt({
 *   type: "HAIRPIN_XCONNECT",
 *   interconnect: "MEMIF",
 *   vppInterface1: "eth0",
 *   vppInterface2: "eth1",
 * });
 * const [left, right] = t.ends;
 * t.sim.interface("eth0").inject(new Uint8Array(60));
 * for (const frame of await left!.received()) right!.send(frame);
 * ```
 */
export class PuntEnd {
  readonly #received: Uint8Array[] = [];
  readonly #send: (frame: Uint8Array) => boolean;
  readonly #isReady: () => boolean;
  /** Wakes the callers of `received`. */
  readonly #waiting = new Set<() => void>();

  /** @internal */
  constructor(port: AttachedPort, sim: EmbeddedVpp) {
    if (port.kind === "memif") {
      const { memif } = port;
      memif.receive((batch) => {
        for (let i = 0; i < batch.length; i++) this.#take(batch.copy(i));
      });
      this.#send = (frame) => memif.send(frame) === 1;
      this.#isReady = () => memif.peer !== undefined;
    } else if (port.kind === "tap") {
      const host = sim.host(port.name, port.namespace);
      host.on("packet", (frame) => this.#take(frame.slice()));
      this.#send = (frame) => host.send(frame);
      this.#isReady = () => true;
    } else {
      void this.#read(port.socket);
      this.#send = () => false;
      this.#isReady = () => true;
    }
  }

  /** @internal Opens the ends of a punt, and waits until VPP is connected to them. */
  static async open(attachments: Attachments, sim: EmbeddedVpp): Promise<PuntEnd[]> {
    const ends = attachments.ports.map((port) => new PuntEnd(port, sim));
    const end = performance.now() + PATIENCE_MS;
    while (!ends.every((one) => one.#isReady())) {
      if (performance.now() > end) throw timedOut("sim.testPunt", "VPP did not connect to the CNF's end");
      await sleep(1);
    }
    return ends;
  }

  /**
   * Sends a frame to VPP.
   *
   * @returns false if the frame was not sent: the ring is full, or the end is a punt socket, which sends through PuntInjector
   */
  send(frame: Uint8Array): boolean {
    return this.#send(frame);
  }

  /**
   * Returns the frames that have come since the last call, as soon as there are `count`.
   *
   * @throws PuntError `ETIMEDOUT`: fewer came within `timeout` ms (default 5,000); they stay for the next call.
   * `ERR_OPTION`: `count` is not a whole number from 0, or `timeout` not a time in ms
   */
  async received(count = 1, timeout = PATIENCE_MS): Promise<Uint8Array[]> {
    const check = new OptionCheck("sim.received");
    check.integer("count", count, 0, Number.MAX_SAFE_INTEGER);
    check.milliseconds("timeout", timeout);
    const end = performance.now() + timeout;
    while (this.#received.length < count) {
      const left = end - performance.now();
      const have = this.#received.length;
      if (left <= 0) throw timedOut("sim.received", `${have} of ${count} frames came in ${timeout} ms`);
      await this.#next(left);
    }
    return this.#received.splice(0);
  }

  async #read(socket: PuntSocket): Promise<void> {
    for await (const batch of socket) for (let i = 0; i < batch.length; i++) this.#take(batch.copy(i));
  }

  #take(frame: Uint8Array): void {
    this.#received.push(frame);
    for (const wake of this.#waiting) wake();
  }

  /** Waits for the next frame, at most `ms`. */
  #next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }
}

function timedOut(op: string, message: string): PuntError {
  return new PuntError(op, "ETIMEDOUT", message);
}
