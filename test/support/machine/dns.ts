// The smallest DNS server there is: one address for every name, as one frame for one frame.
const ETHERNET = 14;
const UDP = 8;

function sum(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += bytes.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

/** An answer, with address `address` for whatever was asked, as a DNS message. */
function answerOf(query: Buffer, address: readonly number[]): Buffer {
  const questionEnd = query.indexOf(0, 12) + 5;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8580, 2);
  // One question, one answer, no more: what the query had beyond its question is left out.
  for (const [index, count] of [1, 1, 0, 0].entries()) header.writeUInt16BE(count, 4 + 2 * index);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
  return Buffer.concat([header, query.subarray(12, questionEnd), record]);
}

/** The frame that answers a DNS query's frame: IPv4 without options, UDP without a checksum. */
export function answerDns(frame: Uint8Array, address: readonly number[]): Buffer {
  const query = Buffer.from(frame);
  const headerLength = (query[ETHERNET]! & 15) * 4;
  const udpAt = ETHERNET + headerLength;
  const dns = answerOf(query.subarray(udpAt + UDP), address);
  const reply = Buffer.concat([query.subarray(0, ETHERNET + 20), Buffer.alloc(UDP), dns]);
  query.copy(reply, 0, 6, 12);
  query.copy(reply, 6, 0, 6);
  reply[ETHERNET] = 0x45;
  reply.writeUInt16BE(reply.length - ETHERNET, ETHERNET + 2);
  query.copy(reply, ETHERNET + 12, ETHERNET + 16, ETHERNET + 20);
  query.copy(reply, ETHERNET + 16, ETHERNET + 12, ETHERNET + 16);
  reply.writeUInt16BE(0, ETHERNET + 10);
  reply.writeUInt16BE(sum(reply.subarray(ETHERNET, ETHERNET + 20)), ETHERNET + 10);
  const udp = ETHERNET + 20;
  query.copy(reply, udp, udpAt + 2, udpAt + 4);
  query.copy(reply, udp + 2, udpAt, udpAt + 2);
  reply.writeUInt16BE(UDP + dns.length, udp + 4);
  return reply;
}
