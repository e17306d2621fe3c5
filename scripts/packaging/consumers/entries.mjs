// Each entry is a bundle: it has the names of the sources, and shares its code with the others.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

const folder = "node_modules/vpp-punt/dist/entries";

/** The files that a file of the package imports at once, itself included. */
function importedBy(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, name] of text.matchAll(/(?:^import|\bfrom) "(\.[^"]+)";$/gm))
    importedBy(new URL(name, `file:///${file}`).pathname.slice(1), seen);
  return seen;
}

const entries = [
  "vpp-punt",
  "vpp-punt/binapi",
  "vpp-punt/module",
  "vpp-punt/daemon",
  "vpp-punt/sim",
  "vpp-punt/stonework",
];
for (const entry of entries) {
  for (const [name, value] of Object.entries(await import(entry))) {
    if (typeof value === "function") assert.equal(value.name, name, `${entry} exports ${name} by another name`);
  }
}
for (const name of readdirSync(folder).filter((each) => each.endsWith(".js"))) {
  const count = importedBy(`${folder}/${name}`).size;
  assert.ok(count > 1 && count <= 10, `${name} loads ${count} files of the package`);
}
