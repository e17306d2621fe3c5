// Prefixes and ranges of addresses.
import test from "ava";
import fc from "fast-check";
import {
  canonicalAddress,
  contains,
  formatPrefix,
  fromNumber,
  parsePrefix,
  rangeOf,
  toNumber,
} from "../../lib/net/index.js";

test("addresses survive the way to a number and back", (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const canonical = canonicalAddress(address)!;
      t.is(fromNumber(toNumber(address), 6), canonical);
    }),
  );
  fc.assert(fc.property(fc.ipV4(), (address) => void t.is(fromNumber(toNumber(address), 4), address)));
});

test("a prefix has an address and a length in range", (t) => {
  t.deepEqual(parsePrefix("2001:DB8:0::1/64"), { family: 6, address: "2001:db8::1", length: 64 });
  for (const text of [
    "10.0.0.1",
    "10.0.0.1/33",
    "10.0.0.1/-1",
    "10.0.0/8",
    "fd00::/129",
    "a/1",
    "10.0.0.1/8/8",
    "fe80::1%eth0/64",
  ]) {
    t.is(parsePrefix(text), undefined, text);
  }
});

test("a printed prefix parses to the same prefix", (t) => {
  for (const text of ["10.1.2.3/8", "0.0.0.0/0", "2001:db8::1/64", "::/0", "fd00::1/128"]) {
    t.is(formatPrefix(parsePrefix(text)!), text);
  }
});

test("a subnet contains the addresses of its range, and no address of the other family", (t) => {
  const network = parsePrefix("10.1.2.3/22")!;
  for (const inside of ["10.1.0.0", "10.1.3.255"]) t.true(contains(network, inside), inside);
  for (const outside of ["10.0.255.255", "10.1.4.0", "::a01:203", "::ffff:10.1.2.3"]) {
    t.false(contains(network, outside), outside);
  }
  t.true(contains(parsePrefix("::/0")!, "2001:db8::1"));
  t.false(contains(parsePrefix("::/0")!, "10.0.0.1"));
});

test("a range is the whole subnet", (t) => {
  t.deepEqual(rangeOf(parsePrefix("10.1.2.3/22")!), { first: "10.1.0.0", last: "10.1.3.255" });
  t.deepEqual(rangeOf(parsePrefix("fd00::1/126")!), { first: "fd00::", last: "fd00::3" });
});
