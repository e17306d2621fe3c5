// The node ethernet-input.
import { ETHERTYPE, isTagOfVpp } from "../../../net/index.js";
import { ETHERNET_HEADER, equalBytes, type Packet, u16 } from "../vlib/index.js";
import type { SwInterface } from "./interface.js";
import type { Plane } from "./plane.js";
import { VLAN_TAG } from "./subinterface.js";

/** The smallest type. A smaller value is a length, and an LLC header follows. */
const SMALLEST_TYPE = 0x600;

/** Defines ethernet-input, which finds a frame's kind, and whether the frame is for this interface. */
export function defineEthernetInput(plane: Plane): void {
  const input = plane.graph.node("ethernet-input");
  const drop = (packet: Packet, reason: string) => plane.drop(packet, input, reason);
  const l2 = plane.graph.node("l2-input");
  const llc = plane.graph.node("llc-input");
  const byType = new Map([
    [ETHERTYPE.IP4 as number, plane.graph.node("ip4-input")],
    [ETHERTYPE.IP6 as number, plane.graph.node("ip6-input")],
    [ETHERTYPE.ARP as number, plane.graph.node("arp-input")],
  ]);

  input.define((packet) => {
    if (packet.length < ETHERNET_HEADER) return drop(packet, "frame too short");
    const swInterface = plane.interfaces.find(packet.rx)!;
    const isTagged = isTagOfVpp(u16(packet.bytes, 12));
    const ofVlan = isTagged ? interfaceOfVlan(swInterface, packet) : undefined;
    const link = ofVlan ?? swInterface;
    if (!link.adminUp) return drop(packet, "subinterface down");
    if (link.xconnectTo !== undefined) return l2.send(packet);
    if (!isForUs(link, packet.bytes)) return drop(packet, "l3 mac mismatch");
    const type = u16(packet.bytes, packet.l3 - 2);
    if (type < SMALLEST_TYPE) return llc.send(packet);
    if (isTagged && ofVlan === undefined) return drop(packet, "unknown vlan");
    const next = byType.get(type);
    if (next === undefined) return drop(packet, "unknown ethernet type");
    next.send(packet);
  });
}

/** Gives a frame with one tag to the sub-interface of its VLAN, if there is one. A frame of VLAN 0 has a priority alone: it stays where it is. */
function interfaceOfVlan(swInterface: SwInterface, packet: Packet): SwInterface | undefined {
  const { bytes, length } = packet;
  // A second tag counts where it is of 802.1Q. A sub-interface is for one tag, and that of 802.1Q.
  if (length < ETHERNET_HEADER + VLAN_TAG || u16(bytes, ETHERNET_HEADER + 2) === ETHERTYPE.VLAN) return undefined;
  const vlan = u16(bytes, ETHERNET_HEADER) & 0xfff;
  const isQ = u16(bytes, ETHERNET_HEADER - 2) === ETHERTYPE.VLAN;
  const found = vlan === 0 ? swInterface : isQ ? swInterface.subinterfaces.get(vlan) : undefined;
  if (found === undefined) return undefined;
  packet.l3 = ETHERNET_HEADER + VLAN_TAG;
  if (found === swInterface) return found;
  found.counters.rxPackets++;
  found.counters.rxBytes += length;
  packet.rx = found.swIfIndex;
  return found;
}

function isForUs({ mac }: SwInterface, frame: Uint8Array): boolean {
  const isGroup = (frame[0]! & 1) === 1;
  return isGroup || mac === undefined || equalBytes(frame, 0, mac, 0, 6);
}
