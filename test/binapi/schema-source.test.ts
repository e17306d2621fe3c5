// The definitions of a VPP that does not say them itself: those of its installation, or the built-in ones.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Schema } from "../../lib/binapi/schema.js";
import { SchemaLoader } from "../../lib/binapi/schema-source.js";
import { program } from "../support/machine/programs.js";
import { need } from "../support/need.js";

/** A prefix with a running program named vpp, and these files of definitions. */
function installed(t: ExecutionContext, files: Record<string, string>): { pid: number } {
  const prefix = mkdtempSync(join(tmpdir(), "vpp-punt-prefix-"));
  t.teardown(() => rmSync(prefix, { recursive: true, force: true }));
  const folder = join(prefix, "share/vpp/api");
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(prefix, "bin"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const vpp = join(prefix, "bin/vpp");
  copyFileSync(program("cat")!, vpp);
  const child = spawn(vpp, { stdio: ["pipe", "ignore", "inherit"], argv0: "cat" });
  t.teardown(() => child.kill());
  return { pid: child.pid! };
}

function load({ pid }: { pid: number }): Promise<Schema | undefined> {
  return new SchemaLoader("auto").load(new Map(), async () => ({ vpe_pid: pid }));
}

const { test } = need("cat");
const definitions = Object.fromEntries(
  Schema.builtin("25.02")
    .toApiJson()
    .map((file, i) => [`${i}.api.json`, JSON.stringify(file)]),
);

test("definitions of the installation come first", async (t) => {
  const schema = await load(installed(t, definitions));
  t.true(schema?.has("show_version"));
});

test("without a file, or with one of another kind, the built-in definitions do", async (t) => {
  t.is(await load(installed(t, {})), undefined);
  t.is(await load(installed(t, { ...definitions, "other.api.json": "5" })), undefined);
});
