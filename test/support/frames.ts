// Frames for tests, written field by field from the RFCs, so that the code under test does not check itself.
import { isIPv4 } from "node:net";

export const BROADCAST = "ff:ff:ff:ff:ff:ff";

export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(":", ""), "hex");
}

export function ip(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split(".").map(Number));
  const [head = "", tail] = text.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const right = words(tail ?? "");
  const left = words(head);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function sum(...parts: Buffer[]): Buffer {
  const bytes = Buffer.concat(parts);
  let total = 0;
  for (let i = 0; i < bytes.length; i++) total += bytes[i]! << (i % 2 === 0 ? 8 : 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return u16(~total & 0xffff);
}

export interface Link {
  from: string;
  to: string;
}

export function ethernet({ from, to }: Link, type: number, payload: Buffer): Buffer {
  return Buffer.concat([mac(to), mac(from), u16(type), payload]);
}

/** 802.3: a length instead of a type, LLC FE FE 03, and IS-IS's first byte. */
export function isis(from: string, to = "01:80:c2:00:00:14", body = "1b01000f01000000"): Buffer {
  const llc = Buffer.concat([Buffer.from("fefe0383", "hex"), Buffer.from(body, "hex")]);
  return Buffer.concat([mac(to), mac(from), u16(llc.length), llc, Buffer.alloc(Math.max(0, 46 - llc.length))]);
}

export function arp(operation: 1 | 2, sender: [mac: string, ip: string], target: [mac: string, ip: string]): Buffer {
  const body = Buffer.concat([
    Buffer.from("0001080006040000", "hex"),
    mac(sender[0]),
    ip(sender[1]),
    mac(target[0]),
    ip(target[1]),
  ]);
  body[7] = operation;
  return ethernet({ from: sender[0], to: operation === 1 ? BROADCAST : target[0] }, 0x0806, body);
}

export interface Ends {
  from: string;
  to: string;
  ttl?: number;
}

/** A bare IP packet of either version. */
export function ipPacket({ from, to, ttl = 64 }: Ends, protocol: number, payload: Buffer): Buffer {
  if (!isIPv4(from)) {
    const head = Buffer.concat([Buffer.from([0x60, 0, 0, 0]), u16(payload.length), Buffer.from([protocol, ttl])]);
    return Buffer.concat([head, ip(from), ip(to), payload]);
  }
  const start = Buffer.concat([
    Buffer.from([0x45, 0]),
    u16(20 + payload.length),
    Buffer.from([0, 1, 0, 0, ttl, protocol]),
  ]);
  return Buffer.concat([start, sum(start, ip(from), ip(to)), ip(from), ip(to), payload]);
}

function pseudo({ from, to }: Ends, protocol: number, length: number): Buffer {
  return Buffer.concat([ip(from), ip(to), u16(protocol), u16(length)]);
}

export function udpPacket(ends: Ends, [from, to]: [number, number], payload: Buffer | string = "hello"): Buffer {
  const data = Buffer.from(payload);
  const head = Buffer.concat([u16(from), u16(to), u16(8 + data.length)]);
  const checksum = sum(pseudo(ends, 17, 8 + data.length), head, data);
  return ipPacket(ends, 17, Buffer.concat([head, checksum, data]));
}

/** ICMP or ICMPv6 as the addresses say; `rest` starts behind the checksum. */
export function icmpPacket(ends: Ends, type: number, code: number, rest: Buffer): Buffer {
  const start = Buffer.from([type, code]);
  if (isIPv4(ends.from)) return ipPacket(ends, 1, Buffer.concat([start, sum(start, rest), rest]));
  const checksum = sum(pseudo(ends, 58, 4 + rest.length), start, rest);
  return ipPacket(ends, 58, Buffer.concat([start, checksum, rest]));
}

export function echoRequest(ends: Ends): Buffer {
  return icmpPacket(ends, isIPv4(ends.from) ? 8 : 128, 0, Buffer.from("00010001abcdefgh"));
}

export function neighborSolicitation(ends: Ends, target: string, sender: string): Buffer {
  const rest = Buffer.concat([Buffer.alloc(4), ip(target), Buffer.from([1, 1]), mac(sender)]);
  return icmpPacket({ ttl: 255, ...ends }, 135, 0, rest);
}

/** An IP packet in an Ethernet frame. */
export function frame(link: Link, packet: Buffer): Buffer {
  return ethernet(link, packet[0]! >> 4 === 4 ? 0x0800 : 0x86dd, packet);
}

export interface DhcpFields {
  xid?: number;
  type: number;
  clientMac: string;
  yiaddr?: string;
  giaddr?: string;
  options?: [code: number, data: Buffer][];
  isReply?: boolean;
}

/** A DHCP message, from BOOTP's op to the end option. */
export function dhcp(fields: DhcpFields): Buffer {
  const fixed = Buffer.alloc(240);
  fixed.set([fields.isReply ? 2 : 1, 1, 6, 0]);
  fixed.writeUInt32BE(fields.xid ?? 0x12345678, 4);
  ip(fields.yiaddr ?? "0.0.0.0").copy(fixed, 16);
  ip(fields.giaddr ?? "0.0.0.0").copy(fixed, 24);
  mac(fields.clientMac).copy(fixed, 28);
  fixed.writeUInt32BE(0x63825363, 236);
  const options: [number, Buffer][] = [[53, Buffer.from([fields.type])], ...(fields.options ?? [])];
  const encoded = options.map(([code, data]) => Buffer.concat([Buffer.from([code, data.length]), data]));
  return Buffer.concat([fixed, ...encoded, Buffer.from([255])]);
}

/** The contents of a frame, to compare in one go. */
export function parseIp(bytes: Uint8Array) {
  const data = Buffer.from(bytes);
  const head = { to: data.toString("hex", 0, 6), from: data.toString("hex", 6, 12), type: data.readUInt16BE(12) };
  const is4 = head.type === 0x0800;
  const at = 14;
  return {
    ...head,
    source: Buffer.from(is4 ? data.subarray(at + 12, at + 16) : data.subarray(at + 8, at + 24)),
    destination: Buffer.from(is4 ? data.subarray(at + 16, at + 20) : data.subarray(at + 24, at + 40)),
    ttl: data[is4 ? at + 8 : at + 7]!,
    protocol: data[is4 ? at + 9 : at + 6]!,
    payload: data.subarray(is4 ? at + 20 : at + 40),
    headerChecksum: is4 ? sum(data.subarray(at, at + 20)).readUInt16BE(0) : 0,
  };
}

/** 0 when the transport checksum of this frame is right. */
export function transportChecksum(bytes: Uint8Array): number {
  const { source, destination, protocol, payload } = parseIp(bytes);
  const head = Buffer.concat([source, destination, u16(protocol), u16(payload.length)]);
  return sum(protocol === 1 ? Buffer.alloc(0) : head, payload).readUInt16BE(0);
}
