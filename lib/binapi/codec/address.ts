// The types of ip_types.api and ethernet_types.api that are text in JavaScript: addresses, prefixes, MACs.
import { formatIp4, formatIp6, parseIp4, parseIp6, parseMac } from "../../net/index.js";
import { show } from "../../options.js";
import type { Reader, Writer } from "../cursor.js";
import { FieldError } from "../field-error.js";
import { readMac } from "../text-cache.js";
import type { Codec } from "./codec.js";

const IP4 = 0;
const IP6 = 1;
/** Size of `vl_api_address_t`: the family, and a union of the size of an IPv6 address. */
const ADDRESS_SIZE = 17;

type Format = (bytes: Uint8Array, at: number) => string;
type Parse = (text: string, out: Uint8Array, at: number) => boolean;

function textCodec(size: number, what: string, format: Format, parse: Parse): Codec {
  return {
    size,
    minSize: size,
    read: (reader) => format(reader.bytes, reader.take(size)),
    inline: (at, codec) => `${codec}.helper(bytes, ${at})`,
    helper: format,
    write(writer, value) {
      const start = writer.skip(size);
      if (typeof value !== "string" || !parse(value, writer.bytes, start)) {
        throw new FieldError(`${show(value)} is not ${what}`);
      }
    },
  };
}

export const ip4Codec = textCodec(4, "an IPv4 address", formatIp4, parseIp4);
export const ip6Codec = textCodec(16, "an IPv6 address", formatIp6, parseIp6);
export const macCodec = textCodec(6, "a MAC address", readMac, parseMac);

/** An address of an unknown family. Its value keeps the form `{ af, un }`. */
interface RawAddress {
  af: number;
  un: Uint8Array;
}

/** Codec of `vl_api_address_t`: "10.0.0.1" or "fe80::1". */
export const addressCodec: Codec = {
  size: ADDRESS_SIZE,
  minSize: ADDRESS_SIZE,
  read: readAddress,
  write(writer, value) {
    if (isRawAddress(value)) writeRawAddress(writer, value);
    else if (!writeAddress(writer, value)) throw new FieldError(`${show(value)} is not an IP address`);
  },
};

function readAddress(reader: Reader): string | RawAddress {
  const start = reader.take(ADDRESS_SIZE);
  const af = reader.bytes[start]!;
  if (af === IP4) return formatIp4(reader.bytes, start + 1);
  if (af === IP6) return formatIp6(reader.bytes, start + 1);
  reader.at = start + 1;
  return { af, un: reader.copy(ADDRESS_SIZE - 1) };
}

function writeAddress(writer: Writer, value: unknown): boolean {
  if (typeof value !== "string") return false;
  const start = writer.skip(ADDRESS_SIZE);
  const af = value.includes(":") ? IP6 : IP4;
  writer.bytes[start] = af;
  if (af === IP6) return parseIp6(value, writer.bytes, start + 1);
  writer.bytes.fill(0, start + 5, start + ADDRESS_SIZE);
  return parseIp4(value, writer.bytes, start + 1);
}

function isRawAddress(value: unknown): value is RawAddress {
  return typeof value === "object" && value !== null && "af" in value && "un" in value;
}

function writeRawAddress(writer: Writer, { af, un }: RawAddress): void {
  if (!(un instanceof Uint8Array) || un.length !== ADDRESS_SIZE - 1) {
    throw new FieldError(`${show(un)} where ${ADDRESS_SIZE - 1} bytes belong`).within("un");
  }
  writer.u8(af);
  writer.raw(un);
}

/** Makes a codec of prefixes, "10.0.0.0/24": an address, then a u8 length. Keeps the bits behind the length (`address_with_prefix`). */
function prefixCodec(address: Codec): Codec {
  const size = address.size! + 1;
  return {
    size,
    minSize: size,
    read(reader) {
      const value = address.read(reader);
      const len = reader.u8();
      return typeof value === "string" ? `${value}/${len}` : { address: value, len };
    },
    write(writer, value) {
      if (typeof value === "string") writePrefix(writer, address, value);
      else writeRawPrefix(writer, value);
    },
  };
}

function writePrefix(writer: Writer, address: Codec, text: string): void {
  const slash = text.indexOf("/");
  const digits = text.slice(slash + 1);
  const longest = text.includes(":") ? 128 : 32;
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > longest) {
    throw new FieldError(`${show(text)} is not a prefix (address/length, length at most ${longest})`);
  }
  address.write(writer, text.slice(0, slash));
  writer.u8(Number(digits));
}

function writeRawPrefix(writer: Writer, value: unknown): void {
  const prefix = value as { address?: unknown; len?: unknown } | null;
  if (typeof prefix !== "object" || prefix === null || !isRawAddress(prefix.address)) {
    throw new FieldError(`${show(value)} is not a prefix`);
  }
  writeRawAddress(writer, prefix.address);
  writer.u8(prefix.len);
}

export const prefixCodecs = {
  any: prefixCodec(addressCodec),
  ip4: prefixCodec(ip4Codec),
  ip6: prefixCodec(ip6Codec),
};
