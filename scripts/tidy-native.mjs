// npm run lint:native: clang-tidy over the addon's sources, as many parts at a time as there are cores. Checks are in .clang-tidy.
import { execFileSync, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** The lines that a script prints. */
function lines(...command) {
  return execFileSync(process.execPath, command, { encoding: "utf8" }).split("\n").filter(Boolean);
}

const includes = [
  "native",
  "build/generated",
  dirname(require.resolve("node-addon-api/napi.h")),
  ...lines("scripts/backends.mjs", "include_dirs"),
  join(dirname(dirname(process.execPath)), "include/node"),
];
const defines = ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "_GNU_SOURCE"];
const flags = [
  "-std=c++20",
  "-fno-exceptions",
  ...includes.map((folder) => `-I${folder}`),
  ...defines.map((define) => `-D${define}`),
];

/** Findings in one file; resolves with whether there were none. */
function tidy(file) {
  return new Promise((resolve) => {
    const child = spawn("clang-tidy", ["--quiet", file, "--", ...flags], { stdio: ["ignore", "inherit", "pipe"] });
    // The count of suppressed warnings, which goes to stderr, is of no use; what could not be compiled is on stdout too.
    child.stderr.resume();
    child.on("error", (error) => {
      console.error(`clang-tidy: ${error.message}`);
      resolve(false);
    });
    child.on("close", (status) => resolve(status === 0));
  });
}

const HELP = `usage: npm run lint:native [-- FILE...]

Checks the files, such as native/addon.cc, or all sources of the addon, with clang-tidy.`;

const words = process.argv.slice(2);
const option = words.find((word) => word.startsWith("-"));
if (option !== undefined) {
  console.log(option === "--help" ? HELP : `lint:native: ${option} is not an option; there is --help`);
  process.exit(option === "--help" ? 0 : 2);
}
/**
 * The sources as the addon compiles them, each header read once for many of them, and those for the libraries of VPP that are here. Its
 * one file of C includes headers of VPP's that are not C++.
 */
const joined = () => [
  ...lines("scripts/unity.mjs", "build/generated"),
  ...lines("scripts/backends.mjs", "sources").filter((file) => file.endsWith(".cc")),
];

const files = words.length > 0 ? words : joined();
let clean = true;
async function worker() {
  for (let file = files.shift(); file; file = files.shift()) clean = (await tidy(file)) && clean;
}
await Promise.all(Array.from({ length: availableParallelism() }, worker));
process.exitCode = clean ? 0 : 1;
