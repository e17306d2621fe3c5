// The descriptor before every packet on a punt socket. VPP: src/vnet/ip/punt.h, punt_packetdesc_t.

/** Bytes of the descriptor: sw_if_index and action, 32 bits each in host order (little-endian on all of VPP's platforms). */
export const DESCRIPTOR_SIZE = 8;

/** Bytes of an injected packet: VPP takes datagrams of 28 bytes or less for an error, and cuts packets off after 2048 bytes. */
export const MIN_INJECTED = 21;
export const MAX_INJECTED = 2048;

/**
 * The action of VPP on an injected packet, by VPP's names (`punt_action_e`):
 * - `L2`: send the Ethernet frame out of the interface;
 * - `IP4_ROUTED`, `IP6_ROUTED`: look the IP packet (without an Ethernet header) up in the interface's FIB and forward it.
 */
export const PuntAction = { L2: 0, IP4_ROUTED: 1, IP6_ROUTED: 2 } as const;
export type PuntAction = (typeof PuntAction)[keyof typeof PuntAction];

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Reads the sw_if_index of the descriptor at `at`. */
export function swIfIndexAt(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at);
}

/** Reads the action of the descriptor at `at`, which any number may stand for. */
export function actionAt(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + 4);
}

/** Writes a descriptor at `at`. */
export function writeDescriptor(bytes: Uint8Array, at: number, swIfIndex: number, action: number): void {
  writeU32(bytes, at, swIfIndex);
  writeU32(bytes, at + 4, action);
}
