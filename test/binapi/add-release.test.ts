// The tool that adds a VPP release: its output for known releases, and for an invented release.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import type { ApiJson, RawDefinition } from "../../lib/binapi/api-json.js";
import { BUILTIN_DEFINITIONS, BUILTIN_RELEASES, NEWEST_RELEASE } from "../../lib/binapi/builtin.js";
import { parseNotation } from "../../lib/binapi/notation.js";
import { Schema } from "../../lib/binapi/schema.js";

const run = promisify(execFile);
const BUILTIN = "lib/binapi/builtin.ts";

/** Copies the files that the tool reads and writes. Its compiler does nothing, because the tests check the notation alone. */
function copyOfProject(t: ExecutionContext): string {
  const copy = mkdtempSync(join(tmpdir(), "vpp-punt-release-"));
  t.teardown(() => rmSync(copy, { recursive: true }));
  for (const file of [BUILTIN, "lib/binapi/builtin-messages.ts", "docs/releases.md"]) cpSync(file, join(copy, file));
  cpSync("scripts", join(copy, "scripts"), { recursive: true });
  mkdirSync(join(copy, "node_modules/typescript/bin"), { recursive: true });
  writeFileSync(join(copy, "node_modules/typescript/bin/tsc"), "");
  symlinkSync(resolve("dist"), join(copy, "dist"));
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
  return copy;
}

function folderOf(t: ExecutionContext, modules: readonly ApiJson[]): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-api-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const json of modules) writeFileSync(join(folder, `${json.module}.api.json`), JSON.stringify(json));
  return folder;
}

async function addRelease(t: ExecutionContext, modules: readonly ApiJson[], release: string): Promise<string> {
  const copy = copyOfProject(t);
  await run(process.execPath, ["scripts/add-release.mjs", folderOf(t, modules), release, "--output", copy]);
  return readFileSync(join(copy, BUILTIN), "utf8");
}

function definitionsIn(source: string): { text: string; releases: string[] } {
  const releases = JSON.parse(`[${/BUILTIN_RELEASES = \[(.*)\]/.exec(source)![1]}]`) as string[];
  return { text: /BUILTIN_DEFINITIONS = `(\n[^`]*)`/.exec(source)![1]!, releases };
}

for (const release of BUILTIN_RELEASES) {
  test(`${release}: its own definitions change nothing`, async (t) => {
    t.is(await addRelease(t, Schema.builtin(release).toApiJson(), release), readFileSync(BUILTIN, "utf8"));
  });
}

const find = (json: ApiJson[], module: string, name: string): RawDefinition =>
  json.find((one) => one.module === module)!.messages.find(([message]) => message === name)!;

test("a release with a changed, a new and a missing message, and without StoneWork's plugins", async (t) => {
  const modules = Schema.builtin(NEWEST_RELEASE)
    .toApiJson()
    .filter(({ module }) => module !== "abx" && module !== "isisx");
  const changed = find(modules, "memif", "memif_delete");
  changed.splice(-1, 1, ["vl_api_memif_fate_t", "fate"], { crc: "0x00000001" });
  const memif = modules.find(({ module }) => module === "memif")!;
  memif.enums.push(["memif_fate", ["MEMIF_FATE_GONE", 0], ["MEMIF_FATE_KEPT", 3], { enumtype: "u8" }]);
  // A reply that had only a retval.
  find(modules, "memif", "memif_delete_reply").splice(-1, 1, ["u32", "count", { default: 1 }], { crc: "0x00000002" });
  memif.messages = memif.messages.filter(([name]) => !/^memif_create(_reply)?$/.test(name));

  const { text, releases } = definitionsIn(await addRelease(t, modules, "99.02"));
  t.deepEqual(releases, [...BUILTIN_RELEASES, "99.02"]);
  const { messages, types } = parseNotation(text, releases);
  const lasting = (name: string) => messages.filter(({ def }) => def.name === name);
  const before = releases.length - 2;
  t.deepEqual(
    lasting("memif_delete").map(({ def, first, last }) => [def.crc, def.fields.length, first, last]),
    [
      ["f9e6675e", 4, 0, before],
      ["00000001", 5, before + 1, before + 1],
    ],
  );
  t.deepEqual(
    lasting("memif_delete_reply").map(({ def, last }) => [def.crc, def.fields.map(({ name }) => name).join(), last]),
    [
      ["e8d4e804", "_vl_msg_id,context,retval", before],
      ["00000002", "_vl_msg_id,context,retval,count", before + 1],
    ],
  );
  t.deepEqual(
    lasting("memif_create").map(({ last }) => last),
    [before],
  );
  t.is(lasting("abx_policy_add_del")[0]!.last, before + 1);
  const fate = types.find(({ def }) => def.name === "memif_fate")!;
  t.deepEqual(fate.def, {
    kind: "enum",
    name: "memif_fate",
    base: "u8",
    values: [
      ["MEMIF_FATE_GONE", 0],
      ["MEMIF_FATE_KEPT", 3],
    ],
  });
  t.is(fate.first, before + 1);
});

test("a release between others splits what differs there, and nothing else", async (t) => {
  const [first] = BUILTIN_RELEASES;
  const { text, releases } = definitionsIn(await addRelease(t, Schema.builtin(first).toApiJson(), "22.06"));
  t.deepEqual(releases.slice(0, 3), [first, "22.06", "22.10"]);
  const { messages } = parseNotation(text, releases);
  const of = (release: number) =>
    messages.filter((one) => one.first <= release && release <= one.last).map(({ def }) => `${def.name}_${def.crc}`);
  t.deepEqual(of(1), of(0));
  const known = parseNotation(BUILTIN_DEFINITIONS, BUILTIN_RELEASES).messages;
  t.is(messages.length, known.length);
});

test("types and docs follow from the definitions", async (t) => {
  const copy = copyOfProject(t);
  await run(process.execPath, [join(copy, "scripts/add-release/write-generated.mjs")]);
  for (const file of ["lib/binapi/builtin-messages.ts", "docs/releases.md"]) {
    const isCurrent = readFileSync(join(copy, file), "utf8") === readFileSync(file, "utf8");
    t.true(isCurrent, `${file}: \`npm run add-release\` without a folder writes it`);
  }
});

for (const [title, args, says] of [
  ["a folder that is not there", ["no/such/folder", "23.06"], /no\/such\/folder is not a folder/],
  ["a folder without a release's name", ["lib"], /"lib" is not a release such as 23\.06/],
  ["an option that is not known", ["--outptu", "x"], /--outptu/],
  ["a folder without definitions", ["scripts", "23.06"], /there is no \.api\.json file under scripts/],
] as const) {
  test(`${title} is an error of one line`, async (t) => {
    const failed = run(process.execPath, ["scripts/add-release.mjs", ...args, "--output", copyOfProject(t)]);
    const { code, stderr } = (await t.throwsAsync(failed)) as unknown as { code: number; stderr: string };
    t.is(code, 1);
    t.regex(stderr, says);
    t.is(stderr.trimEnd().split("\n").length, 1, stderr);
  });
}
