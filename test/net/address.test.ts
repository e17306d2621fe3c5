// Addresses as text: every part of the package, Linux and VPP print the same.
import { SocketAddress } from "node:net";
import test from "ava";
import fc from "fast-check";
import { Schema } from "../../lib/binapi/index.js";
import {
  canonicalAddress,
  formatIp4,
  formatIp6,
  formatMac,
  fromNumber,
  parseIp4,
  parseIp6,
  parseMac,
  toNumber,
} from "../../lib/net/index.js";
import { describeIp } from "../../lib/packet/index.js";
import { formatAddress, parseAddress, readIp6 } from "../../lib/sim/dataplane/vlib/address.js";
import { IP4, IP6, isIp4Compatible, MAC } from "../support/addresses.js";

/** The text that inet_ntop(3) prints, by libuv's copy of it in Node. */
function inetNtop(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return new SocketAddress({ address: groups.join(":"), family: "ipv6" }).address;
}

const schema = Schema.builtin();
const MESSAGE = schema.message("sw_interface_add_del_address");
const MAC_MESSAGE = schema.message("sw_interface_set_mac_address");

function throughCodec(address: string): string {
  const length = address.includes(":") ? 128 : 32;
  const bytes = MESSAGE.encode({ sw_if_index: 1, is_add: true, del_all: false, prefix: `${address}/${length}` });
  return (MESSAGE.decode(bytes).prefix as string).split("/")[0]!;
}

/** A bare IPv6 header from and to the address, as the program's logs describe it. */
function described(bytes: Uint8Array): string {
  const header = new Uint8Array(40);
  header[0] = 0x60;
  header.set(bytes, 8);
  header.set(bytes, 24);
  return describeIp(header).split(" ")[0]!;
}

/** A bare IPv4 header from and to the address, as the program's logs describe it. */
function describedIp4(bytes: Uint8Array): string {
  const header = new Uint8Array(20);
  header[0] = 0x45;
  header[3] = 20;
  header.set(bytes, 12);
  header.set(bytes, 16);
  return describeIp(header).split(" ")[0]!;
}

test("every part of the package prints an IPv6 address as Linux does", (t) => {
  fc.assert(
    fc.property(IP6, (bytes) => {
      fc.pre(!isIp4Compatible(bytes));
      const text = inetNtop(bytes);
      t.is(formatIp6(bytes, 0), text);
      t.is(canonicalAddress(text), text);
      t.is(fromNumber(toNumber(text), 6), text);
      t.is(throughCodec(text), text);
      t.is(formatAddress(readIp6(bytes, 0)), text);
      t.is(described(bytes), text);
    }),
    { numRuns: 2000 },
  );
});

test("every part of the package prints an IPv4 address as Linux does", (t) => {
  fc.assert(
    fc.property(IP4, (bytes) => {
      const text = bytes.join(".");
      t.is(new SocketAddress({ address: text, family: "ipv4" }).address, text);
      t.is(formatIp4(bytes, 0), text);
      t.is(canonicalAddress(text), text);
      t.is(fromNumber(toNumber(text), 4), text);
      t.is(throughCodec(text), text);
      t.is(formatAddress(parseAddress(text)), text);
      t.is(describedIp4(bytes), text);
    }),
  );
});

test("every part of the package prints a MAC address in lower case, each byte with two digits", (t) => {
  fc.assert(
    fc.property(MAC, (bytes) => {
      const text = Buffer.from(bytes)
        .toString("hex")
        .replace(/(?<=.)(?=(..)+$)/g, ":");
      t.is(formatMac(bytes), text);
      const message = MAC_MESSAGE.encode({ sw_if_index: 1, mac_address: text.toUpperCase() });
      t.is(MAC_MESSAGE.decode(message).mac_address, text);
    }),
  );
});

test("addresses in which an IPv4 address could be seen have one form everywhere", (t) => {
  for (const text of [
    "::102:304",
    "::1:0",
    "::",
    "::1",
    "::ffff",
    "::ffff:10.0.0.1",
    "::ffff:0.0.0.0",
    "::ffff:0:a00:1",
  ]) {
    const bytes = new Uint8Array(16);
    t.true(parseIp6(text, bytes, 0));
    for (const print of [
      formatIp6(bytes, 0),
      canonicalAddress(text),
      throughCodec(text),
      formatAddress(parseAddress(text)),
      described(bytes),
    ]) {
      t.is(print, text);
    }
  }
});

test("an address that was printed parses to the same bytes", (t) => {
  fc.assert(
    fc.property(IP6, (bytes) => {
      const out = new Uint8Array(16);
      t.true(parseIp6(formatIp6(bytes, 0), out, 0));
      t.deepEqual(out, bytes);
      t.true(parseIp4(formatIp4(bytes, 3), out, 0));
      t.deepEqual(out.slice(0, 4), bytes.slice(3, 7));
      t.true(parseMac(formatMac(bytes, 5), out, 0));
      t.deepEqual(out.slice(0, 6), bytes.slice(5, 11));
    }),
  );
});

test("every legal form of an address is parsed, and nothing else", (t) => {
  const out = new Uint8Array(16);
  const canonical = (text: string) => (parseIp6(text, out, 0) ? formatIp6(out, 0) : undefined);
  t.is(canonical("2001:DB8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  t.is(canonical("0:0:0:0:0:0:0:0"), "::");
  t.is(canonical("::ffff:10.0.0.1"), "::ffff:10.0.0.1");
  t.is(canonical("1:0:3:4:5:6:7:8"), "1:0:3:4:5:6:7:8");
  t.is(canonical("fe80::1.2.3.4"), "fe80::102:304");
  t.is(canonical("::1.2.3.4"), "::102:304");
  for (const bad of [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "fe80::1%eth0",
    "::1.2.3",
    "1::2:3:4:5:6:7:8",
    "1:10.0.0.1::2",
    "::10.0.0.1:2",
    "10.0.0.1::",
  ]) {
    t.is(canonical(bad), undefined, bad);
  }
  for (const bad of [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1..2.3",
    "1.2.3.4 ",
    "a.b.c.d",
    "1.2.3.",
    "-1.2.3.4",
  ]) {
    t.false(parseIp4(bad, out, 0), bad);
  }
  for (const bad of ["", "02:fd:00:00:00", "02:fd:00:00:00:0g", "02-fd-00-00-00-01", "2:fd:0:0:0:1"])
    t.false(parseMac(bad, out, 0), bad);
});
