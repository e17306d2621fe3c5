// The addresses of a CNF, as the answers need them: as bytes, and as numbers that are found at once.

import { familyOf, formatMac, type Prefix, parseIp4, parseIp6, parseMac, parsePrefix, widthOf } from "../net/index.js";
import { type OptionCheck, show } from "../options.js";

export interface Own {
  readonly mac: Uint8Array;
  /** MAC address that answers to pings go to; undefined: the sender's in the frame. */
  readonly router?: Uint8Array | undefined;
  /** IPv4 addresses as numbers. */
  readonly ip4: ReadonlySet<number>;
  /** First and last address of each IPv4 subnet, as numbers: nothing comes from them. */
  readonly notHosts: ReadonlySet<number>;
  /** IPv6 addresses, with the link-local address of the MAC address. */
  readonly ip6: readonly Uint8Array[];
}

/** @throws PuntError ERR_OPTION: not a MAC address of a host, or not addresses of hosts */
export function ownOf(check: OptionCheck, mac: string, addresses: readonly string[], router?: string): Own {
  const bytes = hostMac(check, "mac", mac);
  if (!Array.isArray(addresses)) check.refuse("ipAddresses", "must be a list");
  const prefixes = addresses.map((address) => prefixOf(check, address));
  const ip4 = prefixes.filter(({ family }) => family === 4);
  const ip6 = prefixes.filter(({ family }) => family === 6).map(({ address }) => ip6Bytes(address));
  return {
    mac: bytes,
    ...(router !== undefined && { router: hostMac(check, "router", router) }),
    ip4: new Set(ip4.map(({ address }) => ip4Number(address))),
    notHosts: new Set(ip4.flatMap(edgesOf)),
    ip6: ip6.length === 0 ? [] : withLinkLocal(ip6, bytes),
  };
}

function hostMac(check: OptionCheck, option: string, mac: string): Uint8Array {
  const bytes = new Uint8Array(6);
  const isMac = typeof mac === "string" && parseMac(mac, bytes);
  if (!isMac || (bytes[0]! & 1) !== 0 || formatMac(bytes) === "00:00:00:00:00:00")
    check.refuse(option, `must be the MAC address of a host; got ${show(mac)}`);
  return bytes;
}

/** Takes `10.0.0.1/24`, and `10.0.0.1` as a subnet of one address. */
function prefixOf(check: OptionCheck, address: string): Prefix {
  const text = typeof address === "string" ? address : "";
  const family = familyOf(text);
  const prefix = parsePrefix(family ? `${text}/${widthOf(family)}` : text);
  const first = prefix && (prefix.family === 4 ? ip4Number(prefix.address) >>> 24 : ip6Bytes(prefix.address)[0]);
  const isHost = prefix?.family === 4 ? first! > 0 && first! < 224 : first !== 0xff && prefix?.address !== "::";
  if (prefix && isHost) return prefix;
  check.refuse("ipAddresses", `must be IP addresses of hosts; got ${show(address)}`);
}

/** Network address and broadcast address of a subnet that has them (RFC 3021: a /31 has neither). */
function edgesOf({ address, length }: Prefix): number[] {
  if (length > 30) return [];
  const hosts = length === 0 ? 0xffffffff : 0xffffffff >>> length;
  const last = (ip4Number(address) | hosts) >>> 0;
  return [(last - hosts) >>> 0, last];
}

function ip4Number(address: string): number {
  const bytes = new Uint8Array(4);
  parseIp4(address, bytes, 0);
  return new DataView(bytes.buffer).getUint32(0);
}

function ip6Bytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  parseIp6(address, bytes, 0);
  return bytes;
}

/** Adds the link-local address with the interface id of RFC 4291, appendix A, as Linux gives it to a device. */
function withLinkLocal(addresses: readonly Uint8Array[], mac: Uint8Array): Uint8Array[] {
  const own = new Uint8Array(16);
  own.set([0xfe, 0x80], 0);
  own.set([mac[0]! ^ 2, mac[1]!, mac[2]!, 0xff, 0xfe, mac[3]!, mac[4]!, mac[5]!], 8);
  const isThere = addresses.some((address) => address.every((byte, i) => byte === own[i]));
  return isThere ? [...addresses] : [...addresses, own];
}
