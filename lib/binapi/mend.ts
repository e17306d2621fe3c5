// Corrections of details that VPP sends wrongly, made before they are decoded.
import type { Reader } from "./cursor.js";

/** Corrects the message at the reader's position. */
export type Mend = (reader: Reader) => void;

/** Offsets in `dhcp_proxy_details`; an address begins with its family. */
const IS_IPV6_AT = 22;
const SOURCE_AT = 152;
const COUNT_AT = 169;
const SERVERS_AT = 170;
const SERVER_SIZE = 21;
const FAMILY_IN_SERVER = 4;

/** Sets the family of IPv6 addresses, which VPP leaves at 0, IPv4 (dhcp/dhcp_api.c, dhcp_send_details; 22.02 to 26.06). */
function addressFamilies({ bytes, at: start, end }: Reader): void {
  if (start + SERVERS_AT > end || bytes[start + IS_IPV6_AT] !== 1) return;
  bytes[start + SOURCE_AT] = 1;
  for (let i = 0; i < bytes[start + COUNT_AT]!; i++) {
    const at = start + SERVERS_AT + i * SERVER_SIZE + FAMILY_IN_SERVER;
    if (at < end) bytes[at] = 1;
  }
}

const mends: Readonly<Record<string, Mend>> = { dhcp_proxy_details: addressFamilies };

/** Returns the correction for details of that name; undefined for nearly all. */
export function mendOf(name: string): Mend | undefined {
  return Object.hasOwn(mends, name) ? mends[name] : undefined;
}
