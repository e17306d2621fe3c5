// Writes the files that follow from the compiled definitions: types of the built-in messages, and docs/releases.md.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILTIN_RELEASES } from "../../dist/lib/binapi/builtin.js";
import { generateTypes } from "../../dist/lib/binapi/generate.js";
import { Schema } from "../../dist/lib/binapi/schema.js";
import { FEATURE_NEEDS, lackOf } from "../../dist/lib/punt/items/features.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

function releasesDocument() {
  return `# Releases

<!-- \`npm run add-release\` writes this file from the built-in definitions and the table in lib/punt/items/features.ts. -->

The built-in definitions cover VPP ${inWords(BUILTIN_RELEASES)}.
For any other release the client reads the definitions from VPP itself (24.06 and newer) or from its .api.json files:
[binary-api.md](binary-api.md). \`vpp-punt info\` says what the VPP on this machine has.

## What works on which release

"yes": VPP has every message that the feature needs, in the newest version that this package knows. The name of a message: VPP lacks the newest version, and this older one replaces it.
"no": VPP lacks these messages. VPP must load the plugins. abx and isisx are StoneWork's plugins and not part of VPP.

${table(["feature", ...BUILTIN_RELEASES], Object.keys(FEATURE_NEEDS).map(availability))}

## Messages of each feature

Where a message has several versions, the first that VPP has is used.

${table(
  ["feature", "plugin", "used for", "messages"],
  Object.entries(FEATURE_NEEDS).map(([feature, { plugin = "", use, messages }]) => [
    feature,
    plugin,
    use,
    messages.map((versions) => versions.map((name) => `\`${name}\``).join(" or ")).join(", "),
  ]),
)}
`;
}

function inWords(names) {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function availability(feature) {
  return [feature, ...BUILTIN_RELEASES.map((release) => availabilityOn(feature, Schema.builtin(release)))];
}

function availabilityOn(feature, schema) {
  const has = (name) => schema.has(name);
  const lack = lackOf(feature, has);
  if (lack !== undefined) return `no: ${lack.names.map((name) => `\`${name}\``).join(", ")}`;
  const chosen = FEATURE_NEEDS[feature].messages.map((versions) => versions.findIndex(has));
  const older = FEATURE_NEEDS[feature].messages.flatMap((versions, i) => (chosen[i] > 0 ? [versions[chosen[i]]] : []));
  return older.length === 0 ? "yes" : older.map((name) => `\`${name}\``).join(", ");
}

// A user's file declares `Requests` and `Events`.
const types = generateTypes(Schema.builtin(), { origin: "built in" });
const ownNames = types.replace(/(?<=^export interface )(?=(Requests|Events) )/gm, "Builtin");
writeFileSync(join(root, "lib/binapi/builtin-messages.ts"), ownNames);
writeFileSync(join(root, "docs/releases.md"), releasesDocument());
