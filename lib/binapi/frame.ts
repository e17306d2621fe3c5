// The header before every message on VPP's API socket: 8 bytes unused, the length of the message behind it, 4 bytes unused.
// VPP (src/vlibmemory/socket_api.h) calls the header msgbuf_t.

/** Size of the header in bytes. @internal */
export const FRAME_HEADER = 16;
const LENGTH_AT = 8;

/** Returns the length of the message behind the header at `at`. @internal */
export function frameLength(view: DataView, at: number): number {
  return view.getUint32(at + LENGTH_AT);
}

/** Writes the header of a message of `length` bytes at `at`. @internal */
export function writeFrameHeader(view: DataView, at: number, length: number): void {
  for (let word = at; word < at + FRAME_HEADER; word += 4) view.setUint32(word, 0);
  view.setUint32(at + LENGTH_AT, length);
}
