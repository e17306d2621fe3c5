// Feature arcs: points of the graph at which features look at packets.
import { PuntError } from "../../../errors.js";
import type { Packet } from "./packet.js";

/** Looks at a packet on its way. Returns true if it has taken the packet; no other code may touch the packet then. */
export type Feature = (packet: Packet) => boolean;

/**
 * A point of the graph at which features look at packets, per interface and in a fixed order.
 * The arc counts, as VPP does: a feature that was enabled twice is off after it was disabled twice.
 */
export class FeatureArc {
  readonly #order = new Map<string, { rank: number; feature: Feature }>();
  readonly #enabled = new Map<number, Map<string, number>>();
  readonly #chains = new Map<number, { readonly name: string; readonly feature: Feature }[]>();

  constructor(readonly name: string) {}

  /** Adds a feature at the end of the arc's order. */
  register(name: string, feature: Feature): void {
    this.#order.set(name, { rank: this.#order.size, feature });
  }

  enable(name: string, swIfIndex: number, on: boolean): void {
    if (!this.#order.has(name)) {
      throw new PuntError("sim.feature", "ERR_INTERNAL", `no feature ${name} on arc ${this.name}`);
    }
    const counts = this.#enabled.get(swIfIndex) ?? new Map<string, number>();
    const count = (counts.get(name) ?? 0) + (on ? 1 : -1);
    if (count > 0) counts.set(name, count);
    else counts.delete(name);
    this.#enabled.set(swIfIndex, counts);
    this.#rebuild(swIfIndex, counts);
  }

  /** Runs the interface's features. Returns true if a feature has taken the packet. */
  run(packet: Packet, swIfIndex: number): boolean {
    const chain = this.#chains.get(swIfIndex);
    if (chain === undefined) return false;
    for (const { name, feature } of chain) {
      packet.trace?.hop(name, `${this.name} of sw_if_index ${swIfIndex}`);
      if (feature(packet)) return true;
    }
    return false;
  }

  /** Forgets an interface that is being deleted. */
  forget(swIfIndex: number): void {
    this.#enabled.delete(swIfIndex);
    this.#chains.delete(swIfIndex);
  }

  #rebuild(swIfIndex: number, counts: Map<string, number>): void {
    const names = [...counts.keys()].sort((a, b) => this.#order.get(a)!.rank - this.#order.get(b)!.rank);
    if (names.length === 0) this.forget(swIfIndex);
    else
      this.#chains.set(
        swIfIndex,
        names.map((name) => ({ name, feature: this.#order.get(name)!.feature })),
      );
  }
}
