// The StoneWork plugin ISISX.
import type { Plane } from "../interface/index.js";
import type { Packet } from "../vlib/index.js";
import { OSI_PROTOCOL, type Osi } from "./osi.js";

/** ISISX, the StoneWork plugin: IS-IS frames of one interface leave through another, untouched. It checks no index. */
export class Isisx {
  readonly #connections = new Map<number, number>();
  /** The interfaces that are connected to one. */
  readonly #sources = new Map<number, Set<number>>();
  readonly #plane: Plane;

  constructor(plane: Plane, osi: Osi) {
    this.#plane = plane;
    osi.register(OSI_PROTOCOL.isis, (packet) => this.#forward(packet));
    plane.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#forget(swInterface.swIfIndex);
    });
  }

  /** One destination an interface: connecting again changes it. */
  connect(rx: number, tx: number): void {
    this.disconnect(rx);
    this.#connections.set(rx, tx);
    this.#sources.set(tx, (this.#sources.get(tx) ?? new Set()).add(rx));
  }

  disconnect(rx: number): void {
    const tx = this.#connections.get(rx);
    if (tx === undefined) return;
    this.#connections.delete(rx);
    this.#sources.get(tx)!.delete(rx);
    if (this.#sources.get(tx)!.size === 0) this.#sources.delete(tx);
  }

  entries(): IterableIterator<[rx: number, tx: number]> {
    return this.#connections.entries();
  }

  #forward(packet: Packet) {
    const node = this.#plane.graph.node("isisx");
    const tx = this.#connections.get(packet.rx);
    if (tx === undefined) return this.#plane.drop(packet, node, "no connection");
    packet.tx = tx;
    node.count("isisx forwarded packets");
    this.#plane.graph.node("interface-output").send(packet);
  }

  #forget(swIfIndex: number): void {
    this.disconnect(swIfIndex);
    for (const rx of [...(this.#sources.get(swIfIndex) ?? [])]) this.disconnect(rx);
  }
}
