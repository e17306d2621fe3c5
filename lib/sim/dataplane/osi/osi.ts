// 802.3 frames with an LLC header, by their OSI protocol.
import type { Plane } from "../interface/index.js";
import { ETHERNET_HEADER, type Packet } from "../vlib/index.js";

/** OSI network protocols by their first byte (ISO 9577). */
export const OSI_PROTOCOL = { isis: 0x83, esis: 0x82, clnp: 0x81 } as const;

const LLC_HEADER = 3;
const LLC_OSI = 0xfe;

/** llc-input and osi-input: 802.3 frames with an LLC header, dispatched by OSI protocol. */
export class Osi {
  readonly #byProtocol = new Map<number, (packet: Packet) => void>();

  constructor(plane: Plane) {
    const llc = plane.graph.node("llc-input");
    const osi = plane.graph.node("osi-input");
    llc.define((packet) => {
      const { bytes } = packet;
      if (bytes.length < ETHERNET_HEADER + LLC_HEADER + 1) return plane.drop(packet, llc, "packet too short");
      if (bytes[ETHERNET_HEADER] !== LLC_OSI) return plane.drop(packet, llc, "unknown llc ssap/dsap");
      osi.send(packet);
    });
    osi.define((packet) => {
      const handler = this.#byProtocol.get(packet.bytes[ETHERNET_HEADER + LLC_HEADER]!);
      if (handler === undefined) return plane.drop(packet, osi, "unknown osi protocol");
      handler(packet);
    });
  }

  register(protocol: number, handler: (packet: Packet) => void): void {
    this.#byProtocol.set(protocol, handler);
  }
}
