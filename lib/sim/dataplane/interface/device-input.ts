// Where frames enter the graph.
import { Packet } from "../vlib/index.js";
import type { SwInterface } from "./interface.js";
import type { Plane } from "./plane.js";

/**
 * Takes a frame into the graph: counts it, runs the features of the device-input arc, and sends it to ethernet-input
 * (or to ip4-input or ip6-input on an interface without Ethernet headers).
 */
export function receiveFrame(plane: Plane, swInterface: SwInterface, frame: Uint8Array): void {
  const { counters } = swInterface;
  if (!swInterface.adminUp) {
    counters.drops++;
    return;
  }
  counters.rxPackets++;
  counters.rxBytes += frame.length;
  const packet = new Packet(frame, swInterface.swIfIndex);
  if (plane.arcs.deviceInput.run(packet, packet.rx)) return;
  if (swInterface.mac === undefined) ipInput(plane, packet);
  else plane.graph.node("ethernet-input").send(packet);
}

function ipInput(plane: Plane, packet: Packet): void {
  packet.l3 = 0;
  const version = packet.length > 0 ? packet.bytes[0]! >> 4 : 0;
  if (version === 4) plane.graph.node("ip4-input").send(packet);
  else if (version === 6) plane.graph.node("ip6-input").send(packet);
  else plane.drop(packet, plane.graph.node("memif-input"), "not ip packet");
}
