// The built-in definitions against themselves, and against the .api.json files of each release if the machine has them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { BUILTIN_RELEASES } from "../../lib/binapi/builtin.js";
import { Schema } from "../../lib/binapi/schema.js";
import { vppApiFolder } from "../support/vpp/release-files.js";
import { roundTrips } from "../support/vpp/round-trip.js";
import { Random, Sampler } from "../support/vpp/sample-values.js";

for (const release of BUILTIN_RELEASES) {
  test(`built-in definitions of ${release}: every message encodes and decodes to itself`, (t) => {
    const { messages, failures } = roundTrips(Schema.builtin(release), 10);
    t.true(messages > 190);
    t.deepEqual(failures, []);
  });
}

/** Declares a test that reads the .api.json files of `release`, or skips it by name. */
function withFiles(release: string, title: string, run: (t: ExecutionContext, files: Schema) => Promise<void>): void {
  const folder = join(vppApiFolder ?? "../shared/vpp-api", release);
  if (vppApiFolder === undefined || !existsSync(folder))
    test.skip(`VPP ${release}: ${title} [skipped: no ../shared/vpp-api/${release}]`, () => {});
  else test(`VPP ${release}: ${title}`, async (t) => run(t, await Schema.fromDirectory(folder)));
}

for (const release of BUILTIN_RELEASES) {
  withFiles(release, "every message encodes and decodes to itself", async (t, files) => {
    const { messages, failures } = roundTrips(files, 3);
    t.true(messages > 1000);
    t.deepEqual(failures, []);
  });

  withFiles(release, "the built-in definitions are VPP's own", async (t, files) => {
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
