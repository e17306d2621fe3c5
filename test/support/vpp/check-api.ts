// `npm run check:api -- --dir FOLDER`: the codec over every message of every release under FOLDER.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BUILTIN_RELEASES } from "../../../lib/binapi/builtin.js";
import { Schema } from "../../../lib/binapi/schema.js";
import { type RoundTrips, roundTrips } from "./round-trip.js";

const { values } = parseArgs({ options: { dir: { type: "string" }, rounds: { type: "string", default: "5" } } });

function report(title: string, { messages, passed, failures }: RoundTrips): boolean {
  console.log(`${title}: ${passed} of ${messages} messages there and back`);
  for (const failure of failures) console.log(`  ${failure}`);
  return failures.length === 0 && messages > 0;
}

/** Folders with .api.json files: those in `dir`, or `dir` itself. */
function releases(dir: string): string[] {
  const entries = readdirSync(dir, { withFileTypes: true });
  if (entries.some((entry) => entry.name.endsWith(".api.json"))) return [dir];
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(dir, entry.name));
  return folders.filter((folder) =>
    readdirSync(folder, { recursive: true }).some((name) => `${name}`.endsWith(".api.json")),
  );
}

const rounds = Number(values.rounds);
const folders = values.dir === undefined ? [] : releases(values.dir);
if (!Number.isInteger(rounds) || rounds < 1 || (values.dir !== undefined && folders.length === 0)) {
  console.error(
    `check:api: --rounds is 1 or more; --dir has folders of .api.json files (${values.dir} has ${folders.length})`,
  );
  process.exit(2);
}
let good = true;
for (const release of BUILTIN_RELEASES) {
  good = report(`built in, ${release}`, roundTrips(Schema.builtin(release), rounds)) && good;
}
for (const folder of folders) {
  good = report(folder, roundTrips(await Schema.fromDirectory(folder), rounds)) && good;
}
process.exitCode = good ? 0 : 1;
