// One loop over several ports that are polled.
import { isAbortSignal, OptionCheck } from "../options.js";
import type { PacketBatch } from "./batch.js";

/** A port or a queue that is polled: a `MemifRxQueue`, a `PuntSocket`, a `PacketSocket`. */
export interface Pollable<B extends PacketBatch> {
  /** Passes one burst to the handler; returns the number of its packets. */
  poll(handler: (batch: B) => void): number;
}

/** Rounds between two turns of the event loop. */
const ROUNDS_A_TURN = 256;

/** A port in a group. */
interface Member {
  readonly poll: () => number;
  /** False once it was deleted, or has another handler: a round that is under way leaves it out. */
  isPolled: boolean;
}

/**
 * Polls several ports in turn: a busy one takes no more than one burst before each of the others has had its turn, and each round begins
 * with another one.
 */
export class PollGroup {
  readonly #members = new Map<object, Member>();
  #order: readonly Member[] = [];
  #first = 0;

  /**
   * Adds a port, or gives it another handler. A handler may call this and `delete`, for itself and for others.
   *
   * @throws PuntError ERR_OPTION: not a port, or not a function
   * @example
   * ```ts
   * import { Memif, type PacketBatch, PollGroup } from "vpp-punt";
   *
   * const open = (id: number) => Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id, rxMode: "polling" });
   * const handler = (batch: PacketBatch) => console.log(batch.length);
   * const group = new PollGroup().add(open(0).rx(), handler).add(open(1).rx(), handler);
   * await group.run(AbortSignal.timeout(1000));
   * ```
   */
  add<B extends PacketBatch>(port: Pollable<B>, handler: (batch: B) => void): this {
    const check = new OptionCheck("poll-group.add");
    check.object("port", port);
    check.callback("port.poll", port.poll);
    check.callback("handler", handler);
    this.#change(port, { poll: () => port.poll(handler), isPolled: true });
    return this;
  }

  /** Polls a port no more. Returns whether it was polled. */
  delete(port: object): boolean {
    return this.#change(port, undefined);
  }

  /** Polls each port once. Returns the number of packets. @throws what a handler throws: the ports after it have their turn in the next round */
  poll(): number {
    return this.#poll();
  }

  #poll(signal?: AbortSignal): number {
    const order = this.#order;
    const count = order.length;
    let packets = 0;
    const first = this.#first < count ? this.#first : 0;
    this.#first = count === 0 ? 0 : first + 1;
    for (let i = 0; i < count && !signal?.aborted; i++) {
      const at = first + i;
      const member = order[at < count ? at : at - count]!;
      if (member.isPolled) packets += member.poll();
    }
    return packets;
  }

  /**
   * Polls until the signal aborts, also in a handler, and gives the event loop a turn now and then.
   *
   * @throws PuntError ERR_OPTION: not a signal; what a handler throws
   */
  async run(signal: AbortSignal): Promise<void> {
    if (!isAbortSignal(signal)) new OptionCheck("poll-group.run").refuse("signal", "must be an AbortSignal");
    while (!signal.aborted) {
      for (let i = 0; i < ROUNDS_A_TURN && !signal.aborted; i++) this.#poll(signal);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Puts a member in the place of a port, or nothing. Returns whether the port was polled. */
  #change(port: object, member: Member | undefined): boolean {
    const before = this.#members.get(port);
    if (before) before.isPolled = false;
    if (member) this.#members.set(port, member);
    else this.#members.delete(port);
    this.#order = [...this.#members.values()];
    return before !== undefined;
  }
}
