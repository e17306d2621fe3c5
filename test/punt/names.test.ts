// Names and MAC addresses that follow from a punt's identity.
import test from "ava";
import fc from "fast-check";
import {
  firstFree,
  fnv1a,
  hashLetters,
  interfaceName,
  isVethName,
  macAddress,
  vethName,
} from "../../lib/punt/interconnect/names.js";

test("FNV-1a gives the published values", (t) => {
  t.is(fnv1a(""), 0x811c9dc5);
  t.is(fnv1a("a"), 0xe40c292c);
  t.is(fnv1a("foobar"), 0xbf9cf968);
});

test("letters stand for five bits each, the lowest bits last", (t) => {
  // 0xbf9cf968 in groups of five bits, from the low end: 8, 11, 30, 25, 25.
  t.is(hashLetters("foobar", 5), "zzEli");
  t.is(hashLetters("foobar", 1), "i");
});

test("names and MAC addresses have their form and follow from the identity", (t) => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom("TAP" as const, "MEMIF" as const), (identity, kind) => {
      const name = interfaceName(kind, identity);
      t.regex(name, kind === "TAP" ? /^tap-[a-zA-F]{5}$/ : /^memif-[a-zA-F]{5}$/);
      t.is(interfaceName(kind, identity), name);
      t.regex(macAddress(name, "vpp"), /^02:fd(:[\da-f]{2}){4}$/);
      t.is(macAddress(name, "cnf"), macAddress(name, "vpp").replace("02:fd", "02:fe"));
    }),
  );
});

test("a veth device is recognized by its owner's name, and fits Linux's 15 characters", (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (owner, other, name) => {
      const device = vethName(owner, name);
      t.regex(device, /^vp[a-zA-F]{4}-[a-zA-F]{7}$/);
      t.true(isVethName(owner, device));
      t.is(isVethName(other, device), hashLetters(other, 4) === hashLetters(owner, 4));
      t.false(isVethName(owner, `${device}x`));
    }),
  );
});

test("a MAC address has the hash's low byte first", (t) => {
  t.is(macAddress("foobar", "vpp"), "02:fd:68:f9:9c:bf");
});

test("names that collide are hashed again until one is free", (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 20 }), (identities) => {
      // One letter out of 32 collides all the time.
      const taken = new Set<string>();
      for (const identity of identities) {
        const free = firstFree(
          identity,
          (text) => hashLetters(text, 1),
          (each) => taken.has(each),
        );
        t.false(taken.has(free));
        if (!taken.has(hashLetters(identity, 1))) t.is(free, hashLetters(identity, 1));
        taken.add(free);
      }
    }),
  );
});
