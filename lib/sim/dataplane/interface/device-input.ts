// Where frames enter the graph.
import { Packet } from "../vlib/index.js";
import type { SwInterface } from "./interface.js";
import type { Plane } from "./plane.js";

/** The node that a frame comes from, and its words on the frame in a trace. */
export interface InputNode {
  readonly node: string;
  readonly text: string;
}

/** VPP's input nodes by device class. A network card of the embedded VPP stands for one of DPDK's. */
const INPUT_NODES: Readonly<Record<string, string>> = {
  memif: "memif-input",
  virtio: "virtio-input",
  "af-packet": "af-packet-input",
};

/** The nodes whose packets can be traced. */
export const TRACED_NODES: ReadonlySet<string> = new Set([...Object.values(INPUT_NODES), "dpdk-input", "pg-input"]);

function inputNodeOf({ device }: SwInterface): string {
  return INPUT_NODES[device.className] ?? "dpdk-input";
}

/**
 * Takes a frame into the graph: counts it, runs the features of the device-input arc, and sends it to ethernet-input
 * (or to ip4-input or ip6-input on an interface without Ethernet headers).
 */
export function receiveFrame(plane: Plane, swInterface: SwInterface, frame: Uint8Array, from?: InputNode): void {
  const { counters } = swInterface;
  const packet = new Packet(frame, swInterface.swIfIndex);
  const node = from?.node ?? inputNodeOf(swInterface);
  const about = () => from?.text ?? `${swInterface.name} rx, ${frame.length} bytes, sw_if_index ${packet.rx}`;
  packet.trace = plane.graph.tracer.begin(node, about);
  if (!swInterface.adminUp) {
    packet.trace?.hop("error-drop", `${node}: ${swInterface.name} is down`);
    counters.drops++;
    return;
  }
  counters.rxPackets++;
  counters.rxBytes += frame.length;
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
