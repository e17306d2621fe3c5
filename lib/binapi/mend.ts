// What VPP gets wrong in details it sends, put right before they are decoded.
import type { Reader } from "./cursor.js";

/** Mends the message at which the reader stands. */
export type Mend = (reader: Reader) => void;

/** Offsets in `dhcp_proxy_details`; an address begins with its family. */
const isIpv6At = 22;
const sourceAt = 152;
const countAt = 169;
const serversAt = 170;
const serverSize = 21;
const familyInServer = 4;

/** VPP leaves the family of IPv6 addresses at 0, IPv4 (dhcp/dhcp_api.c, dhcp_send_details; 22.02 to 26.06). */
function addressFamilies({ bytes, at: start, end }: Reader): void {
  if (start + serversAt > end || bytes[start + isIpv6At] !== 1) return;
  bytes[start + sourceAt] = 1;
  for (let i = 0; i < bytes[start + countAt]!; i++) {
    const at = start + serversAt + i * serverSize + familyInServer;
    if (at < end) bytes[at] = 1;
  }
}

const mends: Readonly<Record<string, Mend>> = { dhcp_proxy_details: addressFamilies };

/** How details of that name have to be mended; undefined for nearly all. */
export function mendOf(name: string): Mend | undefined {
  return Object.hasOwn(mends, name) ? mends[name] : undefined;
}
