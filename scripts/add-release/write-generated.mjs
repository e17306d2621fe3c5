// Writes the files that follow from the compiled definitions: types of the built-in messages, and the lists in the docs.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateTypes } from "../../dist/lib/binapi/generate.js";
import { Schema } from "../../dist/lib/binapi/schema.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

writeFileSync(join(root, "lib/binapi/builtin-messages.ts"), generateTypes(Schema.builtin(), { origin: "built in" }));
