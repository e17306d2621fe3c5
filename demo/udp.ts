// UDP datagrams over IPv4 in Ethernet frames: a question from a host of the LAN, and the text of an answer.

const IP = 14;
const UDP = IP + 20;
const PAYLOAD = UDP + 8;

const HEADERS = Buffer.from(
  "02fc00000001" + // to VPP's interface
    "02aa00000001" + // from a host
    "0800" +
    "4500000000000000401100000a0000090a000001" + // 10.0.0.9 -> 10.0.0.1, TTL 64, UDP
    "9c40000000000000", // from port 40000; no UDP checksum, which IPv4 allows
  "hex",
);

/** The frame of a datagram to port `port` of VPP's address 10.0.0.1. */
export function udpQuestion(port: number, text: string): Buffer {
  const frame = Buffer.concat([HEADERS, Buffer.from(text)]);
  frame.writeUInt16BE(frame.length - IP, IP + 2);
  frame.writeUInt16BE(port, UDP + 2);
  frame.writeUInt16BE(frame.length - UDP, UDP + 4);
  let sum = 0;
  for (let at = IP; at < UDP; at += 2) sum += frame.readUInt16BE(at);
  frame.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, IP + 10);
  return frame;
}

/** The payload of a datagram in a frame, as text. */
export function udpText(frame: Uint8Array): string {
  return Buffer.from(frame.subarray(PAYLOAD)).toString();
}
