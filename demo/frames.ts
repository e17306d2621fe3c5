// Which frames of the capture are of what kind, read byte by byte and without the library.

const u16 = (frame: Uint8Array, at: number) => (frame[at]! << 8) | frame[at + 1]!;
const IP4 = 0x0800;
/** Behind an IPv4 header without options, as all in the capture that matter here. */
const IP4_PAYLOAD = 14 + 20;
const isIp4 = (frame: Uint8Array, protocol: number) => u16(frame, 12) === IP4 && frame[14 + 9] === protocol;

export const ip4Destination = (frame: Uint8Array) => frame.subarray(14 + 16, 14 + 20).join(".");
export const isUdpTo = (frame: Uint8Array, port: number) => isIp4(frame, 17) && u16(frame, IP4_PAYLOAD + 2) === port;
export const isOspf = (frame: Uint8Array) => isIp4(frame, 89);
export const isEchoRequest = (frame: Uint8Array) => isIp4(frame, 1) && frame[IP4_PAYLOAD] === 8;
export const isEchoReply = (frame: Uint8Array) => isIp4(frame, 1) && frame[IP4_PAYLOAD] === 0;

/** IEEE 802.3 with ISO's LLC addresses, and IS-IS's protocol discriminator behind. */
export const isIsis = (frame: Uint8Array) =>
  u16(frame, 12) <= 1500 && frame[14] === 0xfe && frame[15] === 0xfe && frame[17] === 0x83;

export const isIcmp6 = (frame: Uint8Array, type: number) =>
  u16(frame, 12) === 0x86dd && frame[14 + 6] === 58 && frame[14 + 40] === type;
