// The node interface-output.
import { ETHERNET_HEADER } from "../vlib/index.js";
import type { Plane } from "./plane.js";

/** Ethernet with two VLAN tags. */
const LONGEST_HEADER = ETHERNET_HEADER + 8;

/** Defines interface-output, which runs the features of the interface and then its device. */
export function defineInterfaceOutput(plane: Plane): void {
  const output = plane.graph.node("interface-output");
  output.define((packet) => {
    const swInterface = plane.interfaces.find(packet.tx);
    if (swInterface === undefined) return plane.drop(packet, output, "interface is deleted");
    if (!swInterface.adminUp) return plane.drop(packet, output, "interface is down");
    if (plane.arcs.interfaceOutput.run(packet, packet.tx)) return;
    const frame = swInterface.mac === undefined ? packet.bytes.subarray(packet.l3) : packet.bytes;
    if (swInterface.linkMtu > 0 && frame.length > swInterface.linkMtu + LONGEST_HEADER)
      return plane.drop(packet, output, "MTU exceeded");
    packet.trace?.hop(`${swInterface.name}-tx`, `${frame.length} bytes`);
    plane.transmit(swInterface, frame);
  });
}
