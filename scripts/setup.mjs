// Brings a fresh clone, or one that has moved on, to the point where tests and the demo can run:
// dependencies, the native addon, the compiled TypeScript. Does only what is out of date.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, "build/Release/vpp_punt.node");
const installed = join(root, "node_modules/.package-lock.json");

/** When the file last changed, in ms; 0 if it is not there. */
function mtime(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function newestUnder(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(...files.map((entry) => mtime(join(entry.parentPath ?? entry.path, entry.name))));
}

function run(command, args) {
  // What a user waits for is the demo or the tests: say only what went wrong.
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
console.error("setup: compiling TypeScript");
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root]);
