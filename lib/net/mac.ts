// MAC addresses as text, to and from bytes.

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Returns the six bytes at `at` as `02:fd:00:00:00:01`. */
export function formatMac(bytes: Uint8Array, at = 0): string {
  const a = `${HEX[bytes[at]!]}:${HEX[bytes[at + 1]!]}:${HEX[bytes[at + 2]!]}`;
  return `${a}:${HEX[bytes[at + 3]!]}:${HEX[bytes[at + 4]!]}:${HEX[bytes[at + 5]!]}`;
}

/** Writes the bytes of `02:fd:00:00:00:01` at `at`. Returns false if `text` is not a MAC address. */
export function parseMac(text: string, out: Uint8Array, at = 0): boolean {
  if (text.length !== 17) return false;
  for (let i = 0; i < 6; i++) {
    const byte = (digitAt(text, i * 3) << 4) | digitAt(text, i * 3 + 1);
    if (byte < 0 || (i > 0 && text[i * 3 - 1] !== ":")) return false;
    out[at + i] = byte;
  }
  return true;
}

/** A part of `sw_interface_details`. */
export interface InterfaceMac {
  readonly sw_if_index: number;
  readonly sup_sw_if_index: number;
  readonly l2_address: string;
}

/** Returns what gives the MAC address of each of the interfaces. VPP reports none of a sub-interface, which has that of its parent. */
export function interfaceMacs(details: readonly InterfaceMac[]): (detail: InterfaceMac) => string {
  const reported = new Map(details.map(({ sw_if_index, l2_address }) => [sw_if_index, l2_address]));
  return ({ sup_sw_if_index: parent, l2_address }) => reported.get(parent) ?? l2_address;
}

/** Returns the bytes of a MAC address; undefined without one. */
export function macBytes(mac: string | undefined): Uint8Array | undefined {
  const bytes = new Uint8Array(6);
  return mac !== undefined && parseMac(mac, bytes) ? bytes : undefined;
}

/** Whether it is the MAC address of an interface without Ethernet, such as a tunnel. */
export function isNoMac(mac: string): boolean {
  return mac === "00:00:00:00:00:00";
}

/** Returns why an interface takes no Ethernet frames; undefined if it does, or where its address is not known. */
export function withoutEthernet(name: string, mac: string | undefined): string | undefined {
  if (mac === undefined || !isNoMac(mac)) return undefined;
  return `${name} takes no Ethernet frames, as a tunnel: VPP may crash by one`;
}

/** Returns the value of a hexadecimal digit; -1 if the character is none. */
function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
