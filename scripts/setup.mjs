// Prepares a clone for tests and the demo: installs dependencies, and makes the native addon, the JavaScript and the page that are out of date.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HELP = `usage: node scripts/setup.mjs

Installs the dependencies, and makes the native addon, the JavaScript and the page of the daemon, where they are out of date.`;

const [word] = process.argv.slice(2);
if (word !== undefined) {
  console.log(word === "--help" ? HELP : `setup: ${word} is not an option; there is --help`);
  process.exit(word === "--help" ? 0 : 2);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, "build/Release/vpp_punt.node");
const installed = join(root, "node_modules/.package-lock.json");

/** When the file last changed, in ms; 0 if it is not there. */
function mtime(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

/** When a file or a folder below `folder` last changed; a folder changes when a file is moved into it or removed. */
function newestUnder(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(mtime(folder), ...entries.map((entry) => mtime(join(entry.parentPath ?? entry.path, entry.name))));
}

function run(command, args) {
  // A user waits for the demo or the tests: only errors are printed.
  try {
    execFileSync(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ""}${error.stderr ?? ""}\n${command} ${args.join(" ")} failed\n`);
    process.exit(1);
  }
}

if (mtime(installed) < mtime(join(root, "package-lock.json"))) {
  console.error("setup: installing dependencies");
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
}
const nativeSources = Math.max(newestUnder(join(root, "native")), mtime(join(root, "binding.gyp")));
if (mtime(addon) < nativeSources) {
  console.error("setup: compiling the native addon");
  run(process.execPath, [join(root, "scripts/install.mjs"), "--rebuild"]);
}
/** TypeScript writes nothing where a source has changed and its output has not: this file's time says when it last ran. */
const compiled = join(root, "dist/.compiled");
const outputs = ["dist/.tsbuildinfo", "dist/lib", "dist/entries", "dist/test", "dist/benchmarks"].map((name) =>
  join(root, name),
);
const sources = ["lib", "entries", "test", "benchmarks", "examples", "demo"].map((name) =>
  newestUnder(join(root, name)),
);
const configured = ["tsconfig.json", "package.json"].map((name) => mtime(join(root, name)));
if (!outputs.every(existsSync) || mtime(compiled) < Math.max(...sources, ...configured, mtime(installed))) {
  console.error("setup: compiling TypeScript");
  const started = new Date();
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root]);
  writeFileSync(compiled, "");
  // A source that changes during the compilation is compiled the next time.
  utimesSync(compiled, started, started);
}
if (mtime(join(root, "dist/program/lib/cli/main.js")) < mtime(join(root, "dist/.tsbuildinfo")))
  run(process.execPath, [join(root, "scripts/program.mjs")]);
const page = ["page", "lib/wire/gen"].map((name) => newestUnder(join(root, name)));
const builder = ["scripts/page.mjs", "node_modules/.package-lock.json"].map((name) => mtime(join(root, name)));
if (mtime(join(root, "dist/page/index.html")) < Math.max(...page, ...builder)) {
  console.error("setup: building the page of the daemon");
  run(process.execPath, [join(root, "scripts/page.mjs")]);
}
