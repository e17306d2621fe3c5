import { join } from "node:path";
import test from "ava";
import { BUILTIN_RELEASES } from "../../lib/binapi/builtin.js";
import { Schema } from "../../lib/binapi/schema.js";
import { roundTrips } from "../support/round-trip.js";
import { Random, Sampler } from "../support/sample-values.js";
import { vppApiFolder } from "../support/vpp-api.js";

for (const release of BUILTIN_RELEASES) {
  test(`built-in definitions of ${release}: every message encodes and decodes to itself`, (t) => {
    const { messages, failures } = roundTrips(Schema.builtin(release), 10);
    t.true(messages > 190);
    t.deepEqual(failures, []);
  });
}

const withFiles = vppApiFolder === undefined ? test.skip : test;
const why = vppApiFolder === undefined ? " [skipped: no ../shared/vpp-api]" : "";

for (const release of BUILTIN_RELEASES) {
  withFiles(`VPP ${release}: every message encodes and decodes to itself${why}`, async (t) => {
    const { messages, failures } = roundTrips(await Schema.fromDirectory(join(vppApiFolder!, release)), 3);
    t.true(messages > 1700);
    t.deepEqual(failures, []);
  });

  withFiles(`VPP ${release}: the built-in definitions are its own${why}`, async (t) => {
    const files = await Schema.fromDirectory(join(vppApiFolder!, release));
    const plugins = await Schema.fromDirectory(join(vppApiFolder!, "stonework-plugins"));
    const builtin = Schema.builtin(release);
    for (const name of builtin.names()) {
      const theirs = files.has(name) ? files : plugins;
      t.is(builtin.message(name).crc, theirs.message(name).crc, name);
      const { def, types } = theirs.definition(name);
      const value = new Sampler(types, new Random(3)).message(
        def,
        def.fields.length - theirs.message(name).fields.length,
      );
      t.deepEqual(builtin.message(name).encode(value), theirs.message(name).encode(value), name);
      t.deepEqual(builtin.message(name).service, theirs.message(name).service, name);
    }
  });
}
