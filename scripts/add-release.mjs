// Adds a VPP release to the built-in definitions, or brings one up to date: `npm run add-release -- FOLDER [RELEASE]`.
// FOLDER has the release's .api.json files, as /usr/share/vpp/api of its packages; RELEASE ("23.06") is the folder's name if it
// is not given. Without arguments it writes only the files that follow from the definitions: types and docs. `--output DIR`
// writes into a copy of the project instead of the project.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { readNotation, writeNotation } from "./add-release/notation.mjs";
import { addRelease } from "./add-release/release.mjs";

const BUILTIN = "lib/binapi/builtin.ts";
const project = dirname(dirname(fileURLToPath(import.meta.url)));

function fail(message) {
  console.error(`add-release: ${message}`);
  process.exit(1);
}

function readArguments() {
  const options = { output: { type: "string" }, help: { type: "boolean" } };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help || positionals.length > 2) {
      console.log("usage: npm run add-release -- [FOLDER [RELEASE]] [--output DIR]");
      process.exit(values.help ? 0 : 2);
    }
    const [folder, release = folder === undefined ? undefined : basename(resolve(folder))] = positionals;
    if (release !== undefined && !/^\d\d\.\d\d$/.test(release))
      fail(`"${release}" is not a release such as 23.06: give it behind the folder`);
    if (folder !== undefined && !statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      fail(`${folder} is not a folder`);
    return { folder, release, root: resolve(values.output ?? project) };
  } catch (error) {
    return fail(error.message);
  }
}

/** The two constants of builtin.ts: their places in the text and their values. */
function readBuiltin(source) {
  const releases = /(BUILTIN_RELEASES = \[)([^\]]*)(\])/d.exec(source);
  const definitions = /(BUILTIN_DEFINITIONS = `\n)([^`]*)(`)/d.exec(source);
  if (releases === null || definitions === null) fail(`${BUILTIN} has no BUILTIN_RELEASES or BUILTIN_DEFINITIONS`);
  return { releases, definitions, names: JSON.parse(`[${releases[2]}]`) };
}

function withNew(source, { releases, definitions }, names, text) {
  const [listStart, listEnd] = releases.indices[2];
  const [textStart, textEnd] = definitions.indices[2];
  const list = names.map((name) => JSON.stringify(name)).join(", ");
  return source.slice(0, listStart) + list + source.slice(listEnd, textStart) + text + source.slice(textEnd);
}

async function addToNotation(root, folder, release) {
  const { Schema } = await import(pathToFileURL(join(project, "dist/lib/binapi/schema.js")).href);
  const file = join(root, BUILTIN);
  const source = readFileSync(file, "utf8");
  const builtin = readBuiltin(source);
  const entries = readNotation(builtin.definitions[2], builtin.names);
  const names = [...new Set([...builtin.names, release])].sort();
  addRelease(entries, await Schema.fromDirectory(folder), release, names);
  writeFileSync(file, withNew(source, builtin, names, writeNotation(entries, names)));
}

/** Compiles, then lets the compiled definitions write what follows from them, and compiles again. */
function writeWhatFollows(root) {
  const run = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const compile = () => run(join(root, "node_modules/typescript/bin/tsc"), "-p", root);
  compile();
  run(join(root, "scripts/add-release/write-generated.mjs"));
  compile();
}

const { folder, release, root } = readArguments();
try {
  if (folder !== undefined) await addToNotation(root, folder, release);
} catch (error) {
  fail(error.message);
}
writeWhatFollows(root);
