// Details that VPP sends wrongly: the embedded VPP sends them so, too, and clients correct them.

/** Offsets in `dhcp_proxy_details`; an address begins with its family. */
const IS_IPV6_AT = 22;
const SOURCE_AT = 152;
const COUNT_AT = 169;
const SERVERS_AT = 170;
const SERVER_SIZE = 21;
const FAMILY_IN_SERVER = 4;

/** VPP leaves the families of IPv6 addresses at 0, IPv4 (dhcp/dhcp_api.c, dhcp_send_details; 22.02 to 26.06). */
function withoutFamilies(message: Uint8Array): void {
  if (message[IS_IPV6_AT] !== 1) return;
  message[SOURCE_AT] = 0;
  for (let i = 0; i < message[COUNT_AT]!; i++) message[SERVERS_AT + i * SERVER_SIZE + FAMILY_IN_SERVER] = 0;
}

/** Spoils a message as VPP does. */
export function spoil(name: string, message: Uint8Array): void {
  if (name === "dhcp_proxy_details") withoutFamilies(message);
}
