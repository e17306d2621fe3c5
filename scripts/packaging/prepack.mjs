// Before `npm pack`: compiles, drops what an earlier source left in dist/lib, and writes dist/cjs for `require`.
// There is one copy of the code, the ES modules: two would be two PuntError classes and two states of the addon. `require`
// of them works from Node 20.19 on; TypeScript needs declarations that say they are CommonJS, so those are copied.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const dist = (...path) => join(root, "dist", ...path);

function dropStale() {
  for (const file of readdirSync(dist("lib"), { recursive: true })) {
    const source = join(root, "lib", file.replace(/\.(js|d\.ts)(\.map)?$/, ".ts"));
    if (/\.(js|ts|map)$/.test(file) && !existsSync(source)) rmSync(dist("lib", file));
  }
}

/** Entry points as paths in dist/lib without extension: "index", "binapi/index". */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const targets = Object.values(exports).map((target) => target.import?.default);
  return targets.filter(Boolean).map((file) => relative("dist/lib", file).replace(/\.js$/, ""));
}

/** The declaration files that those of `entries` refer to, themselves included. */
function declarations(entries) {
  const seen = new Set();
  const queue = entries.map((entry) => `${entry}.d.ts`);
  for (const file of queue) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(dist("lib", file), "utf8");
    for (const [, name] of text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g))
      queue.push(normalize(join(dirname(file), name)).replace(/\.js$/, ".d.ts"));
  }
  return seen;
}

function wrapper(entry) {
  const target = relative(dirname(entry), `../lib/${entry}.js`);
  return `"use strict";
if (!process.features.require_module)
  throw new Error(\`require("vpp-punt") needs Node 20.19, 22.12 or newer; this is \${process.version}: use await import("vpp-punt")\`);
module.exports = require("${target}");
`;
}

function writeCommonJs() {
  rmSync(dist("cjs"), { recursive: true, force: true });
  const entries = entryPoints();
  for (const file of declarations(entries)) {
    mkdirSync(dirname(dist("cjs", file)), { recursive: true });
    cpSync(dist("lib", file), dist("cjs", file));
  }
  for (const entry of entries) writeFileSync(dist("cjs", `${entry}.js`), wrapper(entry));
  writeFileSync(dist("cjs/package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
}

execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root], { stdio: "inherit" });
dropStale();
writeCommonJs();
