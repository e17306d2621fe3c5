// MAC addresses as text, to and from bytes.

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Returns the six bytes at `at` as `02:fd:00:00:00:01`. */
export function formatMac(bytes: Uint8Array, at = 0): string {
  const a = `${HEX[bytes[at]!]}:${HEX[bytes[at + 1]!]}:${HEX[bytes[at + 2]!]}`;
  return `${a}:${HEX[bytes[at + 3]!]}:${HEX[bytes[at + 4]!]}:${HEX[bytes[at + 5]!]}`;
}

/** Writes the bytes of `02:fd:00:00:00:01` at `at`. Returns false if `text` is not a MAC address. */
export function parseMac(text: string, out: Uint8Array, at = 0): boolean {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return false;
  for (let i = 0; i < 6; i++) out[at + i] = Number.parseInt(text.slice(i * 3, i * 3 + 2), 16);
  return true;
}
