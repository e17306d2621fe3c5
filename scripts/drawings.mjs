// Writes the drawings of the documents, docs/drawings/*.svg. With --check it compares them instead.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { architecture } from "./drawings/architecture.mjs";
import { draw } from "./drawings/draw.mjs";
import { types } from "./drawings/types.mjs";

const HELP = `usage: npm run docs:drawings [-- --check]

Writes docs/drawings/*.svg from scripts/drawings. --check writes nothing, and fails where a file differs.`;

const [word] = process.argv.slice(2);
if (word !== undefined && word !== "--check") {
  console.log(word === "--help" ? HELP : `drawings: ${word} is not an option; there are --check and --help`);
  process.exit(word === "--help" ? 0 : 2);
}
const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs/drawings");
mkdirSync(folder, { recursive: true });
for (const drawing of [...types, ...architecture]) {
  const file = join(folder, `${drawing.name}.svg`);
  const svg = draw(drawing);
  if (word !== "--check") writeFileSync(file, svg);
  else if (readFileSync(file, "utf8") !== svg) {
    console.log(`${file} differs from its source: npm run docs:drawings`);
    process.exitCode = 1;
  }
}
