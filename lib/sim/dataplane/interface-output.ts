import type { DataPlane } from "./dataplane.js";
import { ETHERNET_HEADER } from "./packet.js";

/** Ethernet with two VLAN tags. */
const LONGEST_HEADER = ETHERNET_HEADER + 8;

/** interface-output: the features of the interface, then its device. */
export function defineInterfaceOutput(dp: DataPlane): void {
  const output = dp.graph.node("interface-output");
  output.define((packet) => {
    const swInterface = dp.interfaces.find(packet.tx);
    if (swInterface === undefined) return dp.drop(packet, output, "interface is deleted");
    if (!swInterface.adminUp) return dp.drop(packet, output, "interface is down");
    if (dp.arcs.interfaceOutput.run(packet, packet.tx)) return;
    const frame = swInterface.mac === undefined ? packet.bytes.subarray(packet.l3) : packet.bytes;
    if (swInterface.linkMtu > 0 && frame.length > swInterface.linkMtu + LONGEST_HEADER)
      return dp.drop(packet, output, "MTU exceeded");
    dp.transmit(swInterface, frame);
  });
}
