// The Ethernet headers of punted packets, where VPP sends something else: interfaces without Ethernet, and VLANs before VPP 23.06.
import { u16 } from "./bytes.js";
import { isNoMac, macBytes } from "./mac.js";
import { ETHERTYPE, isVlanTag } from "./protocols.js";

const ETHERNET = 14;
const ETHERTYPE_AT = 12;
const VLAN = 4;
/** VPP's name of a sub-interface has the name of its parent before the dot. */
const SUB_INTERFACE = /\.\d+$/;

/** A punted packet with a whole Ethernet header. */
export interface WholeFrame {
  readonly frame: Uint8Array;
  /** Whether the addresses in the header are zeros, so that only VPP can tell the way back. */
  readonly isMadeUp: boolean;
}

/** Interfaces with their MAC addresses, by name. */
export interface MacTable {
  find(name: string): { readonly mac?: string } | undefined;
}

/** Returns the MAC address of an interface; undefined if it has no name, or is not there. */
export function macOf(interfaces: MacTable, name: string | undefined): string | undefined {
  return name === undefined ? undefined : interfaces.find(name)?.mac;
}

/**
 * Returns a packet of a punt socket with a whole header. VPP sends the 14 bytes before the IP header, whatever they are: of a tunnel a part
 * of the outer packet, and before 23.06 of a VLAN the end of the header.
 *
 * @param frame is changed
 * @param name the interface that it came in by
 */
export function wholeFrame(frame: Uint8Array, name: string | undefined, interfaces: MacTable): WholeFrame {
  const whole = { frame, isMadeUp: false };
  const version = frame.length > ETHERNET ? frame[ETHERNET]! >> 4 : 0;
  if (version !== 4 && version !== 6) return whole;
  const mac = macOf(interfaces, name);
  if (mac !== undefined && isNoMac(mac)) return madeUp(frame, version);
  if (!isCut(frame) || !SUB_INTERFACE.test(name ?? "")) return whole;
  // Of two tags, also a part of the sender's address is lost.
  const own = isVlanTag(u16(frame, 4)) ? undefined : macBytes(mac);
  return own ? { frame: restored(frame, own), isMadeUp: false } : madeUp(frame, version);
}

/** Whether the frame has a tag where a whole one has the sender's address, and none where a whole one has it. */
function isCut(frame: Uint8Array): boolean {
  return isVlanTag(u16(frame, ETHERTYPE_AT - VLAN)) && !isVlanTag(u16(frame, ETHERTYPE_AT));
}

function madeUp(frame: Uint8Array, version: number): WholeFrame {
  const type = version === 4 ? ETHERTYPE.IP4 : ETHERTYPE.IP6;
  frame.fill(0, 0, ETHERTYPE_AT);
  frame.set([type >> 8, type & 0xff], ETHERTYPE_AT);
  return { frame, isMadeUp: true };
}

/** Returns the frame with the first four bytes, which are of the destination's address: of the interface's own, the broadcast or a group's. */
function restored(cut: Uint8Array, own: Uint8Array): Uint8Array {
  const frame = new Uint8Array(VLAN + cut.length);
  frame.set(cut, VLAN);
  const ip = VLAN + ETHERNET;
  const group =
    u16(frame, ip - 2) === ETHERTYPE.IP4
      ? [0x01, 0x00, 0x5e, frame[ip + 17]! & 0x7f]
      : [0x33, 0x33, frame[ip + 36]!, frame[ip + 37]!];
  const isOwn = frame[4] === own[4] && frame[5] === own[5];
  const isToAll = u16(frame, 4) === 0xffff;
  frame.set(isOwn ? own.subarray(0, 4) : isToAll ? [255, 255, 255, 255] : group);
  return frame;
}
