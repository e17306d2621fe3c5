// Joins the addon's sources into a few, for binding.gyp: most of a compilation is the headers, which each of them reads once.
//   node scripts/unity.mjs <folder>   writes part-1.cc and so on into the folder, and prints their paths
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** As many cores compile at a time. */
const PARTS = 4;

const native = join(dirname(dirname(fileURLToPath(import.meta.url))), "native");
const [folder] = process.argv.slice(2);
if (folder === undefined || folder.startsWith("-")) {
  console.error("usage: node scripts/unity.mjs <folder>");
  process.exit(folder === "--help" ? 0 : 2);
}
const sources = readFileSync(join(native, "sources.list"), "utf8").split("\n").filter(Boolean);
const size = Math.ceil(sources.length / PARTS);
mkdirSync(folder, { recursive: true });
for (let i = 0; i < PARTS; i++) {
  const part = sources.slice(i * size, (i + 1) * size);
  const text = part.map((source) => `#include "${source.replace(/^native\//, "")}"\n`).join("");
  const file = join(folder, `part-${i + 1}.cc`);
  // make compiles what is newer than its object.
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
  console.log(file);
}
