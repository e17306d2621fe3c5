// Packets for VPP: read from a pcap file or from text in hex.
import { PuntError } from "../../errors.js";
import { PcapReader } from "../../packet/index.js";
import { PuntAction } from "../../punt-socket/index.js";

/** A packet, and VPP's action on it. */
export interface Injected {
  readonly bytes: Uint8Array;
  readonly action: PuntAction;
}

/** LINKTYPE_ numbers of pcap files. */
const ETHERNET = 1;
const IP: ReadonlySet<number> = new Set([101, 228, 229]);

/** An IP packet is routed; its first four bits are its version. */
function routed(bytes: Uint8Array): Injected {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4) return { bytes, action: PuntAction.IP4_ROUTED };
  if (version === 6) return { bytes, action: PuntAction.IP6_ROUTED };
  throw new PuntError("packet.read", "ERR_USAGE", `the packet is neither IPv4 nor IPv6: its version is ${version}`);
}

/** Reads every packet of a pcap file: Ethernet frames, or IP packets. @throws PuntError ERR_FORMAT; the errno name */
export function readPcap(path: string): Injected[] {
  const reader = PcapReader.open(path);
  const { linkType } = reader;
  if (linkType !== ETHERNET && !IP.has(linkType)) {
    const message = `${path} has packets of link type ${linkType}: 1 (Ethernet) and 101, 228, 229 (IP) can be injected`;
    throw new PuntError("packet.read", "ERR_FORMAT", message, { path, linkType });
  }
  return Array.from(reader, ({ bytes }) => (linkType === ETHERNET ? { bytes, action: PuntAction.L2 } : routed(bytes)));
}

const HEX = /^([\da-f]{2}[\s:]*)+$/i;

/** Reads one packet written in hex, with or without colons and white space. @throws PuntError ERR_USAGE */
export function readHex(text: string, isIp: boolean): Injected {
  if (!HEX.test(text.trim()))
    throw new PuntError("packet.read", "ERR_USAGE", `the packet is not hex: pairs of digits are expected`, { text });
  const bytes = new Uint8Array(Buffer.from(text.replace(/[\s:]/g, ""), "hex"));
  return isIp ? routed(bytes) : { bytes, action: PuntAction.L2 };
}
