// The format of DHCP messages for IPv4.
import { u32 } from "../vlib/index.js";

/** DHCP for IPv4: the fixed part, then options. */
export const DHCP = {
  fixed: 236,
  magic: 0x63825363,
  clientPort: 68,
  serverPort: 67,
  discover: 1,
  offer: 2,
  request: 3,
  ack: 5,
  nak: 6,
  release: 7,
} as const;

export const DHCP_OPTION = {
  pad: 0,
  mask: 1,
  router: 3,
  dns: 6,
  hostname: 12,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  server: 54,
  parameters: 55,
  clientId: 61,
  relay: 82,
  end: 255,
} as const;

export interface DhcpOption {
  code: number;
  data: Uint8Array;
}

/** Whether a DHCP message with its magic number is at `at`. */
export function isDhcp(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= DHCP.fixed + 4 && u32(bytes, at + DHCP.fixed) === DHCP.magic;
}

/** Returns the options of a message, and the offset of its end option; `end` is undefined if it has none, or if an option is cut off. */
export function readOptions(bytes: Uint8Array, at: number, limit: number): { options: DhcpOption[]; end?: number } {
  const options: DhcpOption[] = [];
  let next = at + DHCP.fixed + 4;
  while (next < limit) {
    const code = bytes[next]!;
    if (code === DHCP_OPTION.end) return { options, end: next };
    if (code === DHCP_OPTION.pad) {
      next++;
      continue;
    }
    const length = next + 1 < limit ? bytes[next + 1]! : limit;
    if (next + 2 + length > limit) break;
    options.push({ code, data: bytes.subarray(next + 2, next + 2 + length) });
    next += 2 + length;
  }
  return { options };
}

export function findOption(options: DhcpOption[], code: number): Uint8Array | undefined {
  return options.find((option) => option.code === code)?.data;
}
