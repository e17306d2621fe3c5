// The L2 cross-connect.
import type { Plane, SwInterface } from "../interface/index.js";

/** L2 cross-connect: a frame that comes in on one interface leaves through another, untouched. */
export class L2Xconnect {
  /** Interfaces that are or were in L2 mode. l2-output sends to no other. */
  readonly #l2Outputs = new Set<number>();
  readonly #plane: Plane;

  constructor(plane: Plane) {
    this.#plane = plane;
    this.#define();
    plane.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#interfaceDeleted(swInterface);
    });
  }

  set(rx: SwInterface, tx: SwInterface): void {
    rx.xconnectTo = tx.swIfIndex;
    this.#l2Outputs.add(rx.swIfIndex);
  }

  /** Puts an interface back to L3. */
  clear(rx: SwInterface): void {
    rx.xconnectTo = undefined;
    this.#l2Outputs.delete(rx.swIfIndex);
  }

  *pairs(): IterableIterator<{ rx: number; tx: number }> {
    for (const { swIfIndex, xconnectTo } of this.#plane.interfaces.values()) {
      if (xconnectTo !== undefined) yield { rx: swIfIndex, tx: xconnectTo };
    }
  }

  #define(): void {
    const { graph, arcs, interfaces } = this.#plane;
    const input = graph.node("l2-input");
    const output = graph.node("l2-output");
    const interfaceOutput = graph.node("interface-output");
    input.define((packet) => {
      if (arcs.l2Input.run(packet, packet.rx)) return;
      packet.tx = interfaces.find(packet.rx)!.xconnectTo!;
      output.send(packet);
    });
    output.define((packet) => {
      if (!this.#l2Outputs.has(packet.tx)) return this.#plane.drop(packet, output, "L2 output interface not valid");
      if (!packet.mirrored && arcs.l2Output.run(packet, packet.tx)) return;
      interfaceOutput.send(packet);
    });
  }

  /** VPP puts the peer of a deleted interface back to L3, but not the interfaces that were connected to the deleted one. */
  #interfaceDeleted(swInterface: SwInterface): void {
    const peer = swInterface.xconnectTo;
    if (peer !== undefined) {
      const other = this.#plane.interfaces.find(peer);
      if (other !== undefined) this.clear(other);
    }
    this.clear(swInterface);
  }
}
