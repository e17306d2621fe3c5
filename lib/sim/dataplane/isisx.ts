import type { DataPlane } from "./dataplane.js";
import { OSI_PROTOCOL } from "./osi.js";
import type { Packet } from "./packet.js";

/** ISISX, the StoneWork plugin: IS-IS frames of one interface leave through another, untouched. It checks no index. */
export class Isisx {
  readonly #connections = new Map<number, number>();
  readonly #dp: DataPlane;

  constructor(dp: DataPlane) {
    this.#dp = dp;
    dp.osi.register(OSI_PROTOCOL.isis, (packet) => this.#forward(packet));
    dp.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#forget(swInterface.swIfIndex);
    });
  }

  /** One destination an interface: connecting again changes it. */
  connect(rx: number, tx: number): void {
    this.#connections.set(rx, tx);
  }

  disconnect(rx: number): void {
    this.#connections.delete(rx);
  }

  entries(): IterableIterator<[rx: number, tx: number]> {
    return this.#connections.entries();
  }

  #forward(packet: Packet) {
    const node = this.#dp.graph.node("isisx");
    const tx = this.#connections.get(packet.rx);
    if (tx === undefined) return this.#dp.drop(packet, node, "no connection");
    packet.tx = tx;
    node.count("isisx forwarded packets");
    this.#dp.graph.node("interface-output").send(packet);
  }

  #forget(swIfIndex: number): void {
    for (const [rx, tx] of this.#connections) if (rx === swIfIndex || tx === swIfIndex) this.#connections.delete(rx);
  }
}
