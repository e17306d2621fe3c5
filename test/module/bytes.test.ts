// Addresses as the bytes that go into packets.
import test from "ava";
import { addressBytes } from "../../lib/module/bytes.js";
import { macBytes } from "../../lib/net/index.js";

test("an IP address has 4 or 16 bytes, and no address none", (t) => {
  t.deepEqual(addressBytes("10.0.0.255"), Uint8Array.of(10, 0, 0, 255));
  t.deepEqual(addressBytes("fd00::102"), Uint8Array.of(0xfd, ...Array(13).fill(0), 1, 2));
  t.is(addressBytes(undefined), undefined);
});

test("a text that is not an address is refused by name", (t) => {
  for (const text of ["", "10.0.0", "10.0.0.256", "fd00::x", "eth0"]) {
    const message = `packet.reply: option source must be an IP address; got ${JSON.stringify(text)}`;
    t.like(
      t.throws(() => addressBytes(text), { code: "ERR_OPTION", message }),
      { details: { option: "source" } },
    );
  }
});

test("a MAC address has 6 bytes; without an address, or with a wrong one, there are none", (t) => {
  t.deepEqual(macBytes("02:00:00:00:00:ff"), Uint8Array.of(2, 0, 0, 0, 0, 255));
  t.is(macBytes(undefined), undefined);
  t.is(macBytes("02:00"), undefined);
});
