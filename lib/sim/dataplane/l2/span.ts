// SPAN: copies of an interface's packets.
import { VnetError } from "../../vnet-error.js";
import type { Plane } from "../interface/index.js";
import { NO_INTERFACE, type Packet } from "../vlib/index.js";

export interface SpanMirror {
  from: number;
  to: number;
  rx: boolean;
  tx: boolean;
}

interface Directions {
  rx: Set<number>;
  tx: Set<number>;
}

const RX = 1;
const TX = 2;

/**
 * SPAN: copies of an interface's packets go to other interfaces. VPP keeps mirrors by sw_if_index, checks no index, and
 * keeps them when an interface is deleted, and so does this class.
 */
export class Span {
  readonly #levels = { device: new Map<number, Directions>(), l2: new Map<number, Directions>() };
  readonly #plane: Plane;

  constructor(plane: Plane) {
    this.#plane = plane;
    const { arcs } = plane;
    arcs.deviceInput.register("span-input", (packet) => this.#mirror(packet, "device", "rx"));
    arcs.interfaceOutput.register("span-output", (packet) => this.#mirror(packet, "device", "tx"));
    arcs.l2Input.register("span-l2-input", (packet) => this.#mirror(packet, "l2", "rx"));
    arcs.l2Output.register("span-l2-output", (packet) => this.#mirror(packet, "l2", "tx"));
  }

  /** @param state 0: off, 1: received, 2: sent, 3: both */
  set(from: number, to: number, state: number, isL2: boolean): void {
    if (state > (RX | TX)) throw new VnetError("UNIMPLEMENTED", `unknown SPAN state ${state}`);
    if (from === NO_INTERFACE || (to === NO_INTERFACE && state > 0) || from === to) {
      throw new VnetError("INVALID_INTERFACE", `SPAN from ${from} to ${to}`);
    }
    const level = isL2 ? this.#levels.l2 : this.#levels.device;
    const directions = level.get(from) ?? { rx: new Set(), tx: new Set() };
    level.set(from, directions);
    this.#update(from, directions.rx, to, (state & RX) !== 0, isL2 ? "span-l2-input" : "span-input");
    this.#update(from, directions.tx, to, (state & TX) !== 0, isL2 ? "span-l2-output" : "span-output");
  }

  *mirrors(isL2: boolean): IterableIterator<SpanMirror> {
    const level = isL2 ? this.#levels.l2 : this.#levels.device;
    for (const [from, { rx, tx }] of [...level].sort(([a], [b]) => a - b)) {
      for (const to of [...new Set([...rx, ...tx])].sort((a, b) => a - b)) {
        yield { from, to, rx: rx.has(to), tx: tx.has(to) };
      }
    }
  }

  #update(from: number, ports: Set<number>, to: number, on: boolean, feature: string): void {
    const had = ports.size > 0;
    if (to === NO_INTERFACE) ports.clear();
    else if (on) ports.add(to);
    else ports.delete(to);
    if (had !== ports.size > 0) this.#arcOf(feature).enable(feature, from, !had);
  }

  #arcOf(feature: string) {
    const { arcs } = this.#plane;
    if (feature === "span-input") return arcs.deviceInput;
    if (feature === "span-output") return arcs.interfaceOutput;
    return feature === "span-l2-input" ? arcs.l2Input : arcs.l2Output;
  }

  #mirror(packet: Packet, level: "device" | "l2", direction: "rx" | "tx"): boolean {
    const ports = this.#levels[level].get(direction === "rx" ? packet.rx : packet.tx)?.[direction];
    if (ports === undefined || packet.mirrored) return false;
    const next = this.#plane.graph.node(level === "l2" ? "l2-output" : "interface-output");
    for (const to of ports) {
      const copy = packet.copy();
      copy.tx = to;
      copy.mirrored = true;
      next.send(copy);
    }
    return false;
  }
}
