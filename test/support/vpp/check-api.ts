// `npm run check:api`: encodes and decodes every message of every built-in release, and of every release in a folder.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BUILTIN_RELEASES } from "../../../lib/binapi/builtin.js";
import { Schema } from "../../../lib/binapi/schema.js";
import { type RoundTrips, roundTrips } from "./round-trip.js";

const HELP = `npm run check:api -- [--dir FOLDER] [--rounds N]

Encodes and decodes every message of every built-in release.

  --dir FOLDER   also every release in FOLDER: a folder of .api.json files, or a folder of such folders
  --rounds N     random values for each message (default: 5)`;

function fail(problem: string): never {
  console.error(`check:api: ${problem}`);
  process.exit(2);
}

function readArguments() {
  const options = {
    dir: { type: "string" },
    rounds: { type: "string", default: "5" },
    help: { type: "boolean" },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(`${(error as Error).message}; there are --dir, --rounds and --help`);
  }
}

function report(title: string, { messages, passed, failures }: RoundTrips): boolean {
  console.log(`${title}: ${passed} of ${messages} messages there and back`);
  for (const failure of failures) console.log(`  ${failure}`);
  return failures.length === 0 && messages > 0;
}

/** Folders with .api.json files: those in `dir`, or `dir` itself. */
function releases(dir: string): string[] {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) fail(`--dir: ${dir} is not a folder`);
  const names = readdirSync(dir);
  if (names.some((name) => name.endsWith(".api.json"))) return [dir];
  const folders = names.map((name) => join(dir, name)).filter((path) => statSync(path).isDirectory());
  return folders.filter((folder) =>
    readdirSync(folder, { recursive: true }).some((name) => `${name}`.endsWith(".api.json")),
  );
}

const values = readArguments();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds must be a whole number from 1, not ${values.rounds}`);
const folders = values.dir === undefined ? [] : releases(values.dir);
if (values.dir !== undefined && folders.length === 0) fail(`--dir: ${values.dir} has no .api.json files`);

let good = true;
for (const release of BUILTIN_RELEASES) {
  good = report(`built in, ${release}`, roundTrips(Schema.builtin(release), rounds)) && good;
}
for (const folder of folders) {
  good = report(folder, roundTrips(await Schema.fromDirectory(folder), rounds)) && good;
}
process.exitCode = good ? 0 : 1;
