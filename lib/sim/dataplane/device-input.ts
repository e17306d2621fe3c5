import type { DataPlane } from "./dataplane.js";
import type { SwInterface } from "./interface.js";
import { Packet } from "./packet.js";

/**
 * Where frames enter: counted per interface, looked at by the features of the device-input arc, and on to ethernet-input
 * (or ip4-input/ip6-input on an interface without Ethernet headers).
 */
export function receiveFrame(dp: DataPlane, swInterface: SwInterface, frame: Uint8Array): void {
  const { counters } = swInterface;
  if (!swInterface.adminUp) {
    counters.drops++;
    return;
  }
  counters.rxPackets++;
  counters.rxBytes += frame.length;
  const packet = new Packet(frame, swInterface.swIfIndex);
  if (dp.arcs.deviceInput.run(packet, packet.rx)) return;
  if (swInterface.mac === undefined) ipInput(dp, packet);
  else dp.graph.node("ethernet-input").send(packet);
}

function ipInput(dp: DataPlane, packet: Packet): void {
  packet.l3 = 0;
  const version = packet.length > 0 ? packet.bytes[0]! >> 4 : 0;
  if (version === 4) dp.graph.node("ip4-input").send(packet);
  else if (version === 6) dp.graph.node("ip6-input").send(packet);
  else dp.drop(packet, dp.graph.node("memif-input"), "not ip packet");
}
