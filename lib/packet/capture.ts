// Parts of both capture formats: link types, limits, the time of a packet.
import { PuntError } from "../errors.js";
import { OptionCheck, show } from "../options.js";

/** The form of packets: Ethernet frames (punt socket, memif in Ethernet mode) or IP packets (memif in IP mode). */
export type PcapLinkType = "ethernet" | "ip";

/** LINKTYPE_ numbers. */
const LINK_TYPES: Readonly<Record<PcapLinkType, number>> = { ethernet: 1, ip: 101 };

/** The longest packet of a capture, in bytes: what tcpdump and Wireshark take. */
export const SNAP_LENGTH = 262_144;

/** @throws PuntError ERR_OPTION */
export function linkTypeNumber(op: string, linkType: PcapLinkType): number {
  return LINK_TYPES[new OptionCheck(op).oneOf("linkType", linkType, ["ethernet", "ip"])];
}

/** A path, or a descriptor. @throws PuntError ERR_OPTION */
export function captureTarget(op: string, target: string | number): string | number {
  const check = new OptionCheck(op);
  return typeof target === "number" ? check.integer("target", target, 0, 2 ** 31 - 1) : check.text("target", target);
}

/** @throws PuntError ERR_PACKET_SIZE, ERR_INVALID_PACKET, ERR_OPTION: the packet or its time can't be written */
export function checkPacket(op: string, bytes: Uint8Array, timeNs: bigint): void {
  if (!(bytes instanceof Uint8Array)) throw new PuntError(op, "ERR_INVALID_PACKET", "a packet must be a Uint8Array");
  if (typeof timeNs !== "bigint" || timeNs < 0n) {
    new OptionCheck(op).refuse("timeNs", `must be a bigint of nanoseconds since 1970; got ${show(timeNs)}`);
  }
  if (bytes.length <= SNAP_LENGTH) return;
  throw new PuntError(op, "ERR_PACKET_SIZE", `a packet of ${bytes.length} bytes; ${SNAP_LENGTH} at most`);
}

/** Wall clock and process.hrtime at one moment: hrtime has the nanoseconds. */
const CLOCK = { wall: BigInt(Date.now()) * 1_000_000n, monotonic: process.hrtime.bigint() };

/** Nanoseconds since 1970. */
export function nowNs(): bigint {
  return CLOCK.wall + (process.hrtime.bigint() - CLOCK.monotonic);
}
