// Checksums of IPv4 headers and of the transports behind them.
import { checksumOf, IP_PROTOCOL, sumWords } from "../../../net/index.js";
import { checksum, setU16 } from "../vlib/index.js";
import type { IpHeader } from "./header.js";

/** The checksum over pseudo header and payload; 0 if the packet carries the right one. */
export function pseudoChecksum(bytes: Uint8Array, header: IpHeader): number {
  const length = header.end - header.payload;
  let sum = header.protocol + length;
  for (const address of [header.source, header.destination]) sum += addressSum(address);
  return checksumOf(sum + sumWords(bytes, header.payload, header.end));
}

function addressSum(address: number | string): number {
  if (typeof address === "number") return (address >>> 16) + (address & 0xffff);
  let sum = 0;
  for (let i = 0; i < 16; i += 2) sum += (address.charCodeAt(i) << 8) | address.charCodeAt(i + 1);
  return sum;
}

/** Writes a transport checksum at `at`. */
export function setPseudoChecksum(bytes: Uint8Array, header: IpHeader, at: number): void {
  setU16(bytes, at, 0);
  const sum = pseudoChecksum(bytes, header);
  setU16(bytes, at, sum === 0 && header.protocol === IP_PROTOCOL.UDP ? 0xffff : sum);
}

/** Writes an IPv4 header's checksum. */
export function setIp4Checksum(bytes: Uint8Array, at: number): void {
  setU16(bytes, at + 10, 0);
  setU16(bytes, at + 10, checksum(bytes, at, (bytes[at]! & 15) * 4));
}
