// A DNS server of one record: makes the answer to a query as the frame that goes back to who asked.

const IP = 14;
const UDP = IP + 20;
const DNS = UDP + 8;
const ANSWER_ADDRESS = [192, 0, 2, 80];

/** Internet checksum (RFC 1071) of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Exchanges `size` bytes at two places. */
function swap(frame: Buffer, first: number, second: number, size: number): void {
  const kept = Buffer.from(frame.subarray(first, first + size));
  frame.copyWithin(first, second, second + size);
  kept.copy(frame, second);
}

/** Where the first question ends: after its name, type and class. */
function questionEnd(frame: Buffer): number {
  let at = DNS + 12;
  while (frame[at] !== 0) at += 1 + frame[at]!;
  return at + 5;
}

/** The record: a pointer to the question's name, type A, class IN, 60 s, the address. */
const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ANSWER_ADDRESS]);

/** The Ethernet frame that answers the DNS query in `query` (IPv4 without options), ready to be sent where it came from. */
export function dnsAnswer(query: Uint8Array): Buffer {
  const question = Buffer.from(query);
  const frame = Buffer.concat([question.subarray(0, questionEnd(question)), record]);
  swap(frame, 0, 6, 6);
  swap(frame, IP + 12, IP + 16, 4);
  swap(frame, UDP, UDP + 2, 2);
  frame.writeUInt16BE(frame.length - IP, IP + 2);
  frame.writeUInt16BE(0, IP + 10);
  frame.writeUInt16BE(checksum(frame.subarray(IP, UDP)), IP + 10);
  frame.writeUInt16BE(frame.length - UDP, UDP + 4);
  frame.writeUInt16BE(0, UDP + 6); // no UDP checksum, which IPv4 allows
  frame.writeUInt16BE(0x8180, DNS + 2); // an answer, recursion available, no error
  for (const [field, count] of [1, 1, 0, 0].entries()) frame.writeUInt16BE(count, DNS + 4 + 2 * field);
  return frame;
}
