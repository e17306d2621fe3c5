// The codec without code generation, which Node may forbid: it walks over the fields and behaves the same.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";
import { BUILTIN_RELEASES } from "../../lib/binapi/builtin.js";

const run = promisify(execFile);

test("without code generation every message still encodes and decodes to itself", async (t) => {
  const check = ["--disallow-code-generation-from-strings", "dist/test/support/vpp/check-api.js"];
  const { stdout } = await run(process.execPath, check);
  t.is(stdout.match(/^built in, .*: (\d+) of \1 messages there and back$/gm)?.length, BUILTIN_RELEASES.length, stdout);
});

test("without code generation mistakes are the same errors", async (t) => {
  const program = `
    import { Schema } from "./dist/lib/binapi/schema.js";
    const message = Schema.builtin().message("acl_add_replace");
    for (const value of [{}, { acl_index: 1, tag: "", r: [{}] }, { acl_index: 1, tag: "", r: [], x: 1 }, { acl_index: -1 }, { acl_index: null, tag: "", r: [] }])
      try { message.encode(value) } catch (error) { console.log(error.code, error.details.path) }`;
  const run1 = await run(process.execPath, ["--input-type=module", "-e", program]);
  const flag = "--disallow-code-generation-from-strings";
  const run2 = await run(process.execPath, [flag, "--input-type=module", "-e", program]);
  t.is(run1.stdout.split("\n").length, 6);
  t.is(run1.stdout, run2.stdout);
});
