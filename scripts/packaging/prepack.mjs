// Prepares dist/ for `npm pack`: compiles, drops files of removed sources, bundles the entries, and writes dist/cjs for `require`, JSON
// schemas, the man page and the page of the daemon. A program loads one copy of the code, the ES modules of dist/entries. Two copies
// would have two PuntError classes and two states of the addon. `require` loads ES modules from Node 20.19 on. TypeScript needs
// declarations that say they are CommonJS, so those are copied.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const dist = (...path) => join(root, "dist", ...path);

function dropStale() {
  for (const file of readdirSync(dist("lib"), { recursive: true })) {
    const source = join(root, "lib", file.replace(/\.(js|d\.ts)(\.map)?$/, ".ts"));
    if (/\.(js|ts|map)$/.test(file) && !existsSync(source)) rmSync(dist("lib", file));
  }
}

/**
 * TypeScript leaves out declarations that are marked `@internal`, and keeps the exports that pass them on. A user who checks
 * declarations (`skipLibCheck: false`) gets an error for each of these names, so they are dropped.
 */
function dropInternalExports() {
  const declared = (file, name) => new RegExp(`\\b${name}\\b`).test(readFileSync(file, "utf8"));
  for (const file of readdirSync(dist("lib"), { recursive: true }).filter((name) => name.endsWith(".d.ts"))) {
    const text = readFileSync(dist("lib", file), "utf8");
    const kept = text.replace(/^export \{([^}]*)\} from "(\.[^"]+)\.js";$/gm, (whole, list, from) => {
      const target = dist("lib", dirname(file), `${from}.d.ts`);
      const names = list.split(",").map((each) => each.trim());
      const known = names.filter((each) => declared(target, each.replace(/^type /, "").split(" ")[0]));
      if (known.length === names.length) return whole;
      return known.length === 0 ? "" : `export { ${known.join(", ")} } from "${from}.js";`;
    });
    if (kept !== text) writeFileSync(dist("lib", file), kept);
  }
}

/** Entry points: `code` is the file that is loaded, `types` the path of its declarations in dist/lib without extension, such as "binapi/index". */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const targets = Object.values(exports).flatMap((target) => target.import ?? []);
  return targets.map((target) => ({
    code: target.default,
    types: relative("dist/lib", target.types).replace(/\.d\.ts$/, ""),
  }));
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

function wrapper({ code, types }) {
  const target = relative(dirname(join("dist/cjs", types)), code);
  return `"use strict";
if (!process.features.require_module)
  throw new Error(\`require("vpp-punt") needs Node 20.19, 22.12 or newer; this is \${process.version}: use await import("vpp-punt")\`);
try {
  module.exports = require("${target}");
} catch (error) {
  // The test runner Jest has a require of its own, which knows no ECMAScript modules. Node's does.
  if (error.name !== "SyntaxError" || !process.getBuiltinModule) throw error;
  module.exports = process.getBuiltinModule("node:module").createRequire(__filename)("${target}");
}
`;
}

function writeCommonJs() {
  rmSync(dist("cjs"), { recursive: true, force: true });
  const entries = entryPoints();
  for (const file of declarations(entries.map(({ types }) => types))) {
    mkdirSync(dirname(dist("cjs", file)), { recursive: true });
    cpSync(dist("lib", file), dist("cjs", file));
  }
  for (const entry of entries) writeFileSync(dist("cjs", `${entry.types}.js`), wrapper(entry));
  writeFileSync(dist("cjs/package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
}

/** Without prebuilds every `npm install` of the tarball compiles for a minute, without a word, and fails where there is no compiler. */
function requirePrebuilds() {
  const made = ["x64", "arm64"].filter((arch) => existsSync(join(root, `prebuilds/linux-${arch}`)));
  if (made.length > 0 || process.env.VPP_PUNT_PACK_SOURCE === "1") return;
  console.error("vpp-punt: prebuilds/ is empty, so every install of this tarball would compile the addon.");
  console.error(
    "vpp-punt: run `npm run build:prebuilds` first, or set VPP_PUNT_PACK_SOURCE=1 to pack the sources alone.",
  );
  process.exit(1);
}

/** Writes what the command line says of itself: JSON schemas for editors, and the man page. */
function writeDescriptions() {
  const main = dist("lib/cli/main.js");
  const output = (...args) => execFileSync(process.execPath, [main, ...args], { encoding: "utf8" });
  writeFileSync(dist("punts.schema.json"), output("schema", "--file"));
  writeFileSync(dist("request.schema.json"), output("schema"));
  writeFileSync(dist("vpp-punt.1"), output("man"));
}

requirePrebuilds();
execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root], { stdio: "inherit" });
execFileSync(process.execPath, [join(root, "scripts/page.mjs")], { stdio: "inherit" });
dropStale();
dropInternalExports();
await bundle();
writeCommonJs();
writeDescriptions();
