// Makes sure that the native addon is there: a prebuild that fits, or else a build with node-gyp.
//   node scripts/install.mjs             what `npm install` runs
//   node scripts/install.mjs --rebuild   compile, whatever is there
// `npm_config_build_from_source=true` compiles too. Messages name the tools that are missing.
import { compile } from "./install/compile.mjs";
import { findPrebuild, libcName } from "./install/prebuild.mjs";

function wantsSource() {
  const asked = process.env.npm_config_build_from_source;
  return process.argv.includes("--rebuild") || asked === "true" || asked === "" || asked === "vpp-punt";
}

function platformText() {
  return `${process.platform} ${process.arch}, ${libcName()}, Node ${process.version}`;
}

function fail(lines) {
  for (const line of lines) console.error(`vpp-punt: ${line}`);
  process.exit(1);
}

const HELP = `usage: npm run build:addon

Without an option, compiles the native addon if no prebuilt one fits; with --rebuild, in any case.`;

/** npm passes no words; a word that is not known must not compile for minutes. */
function checkWords() {
  const unknown = process.argv.slice(2).find((word) => word !== "--rebuild");
  if (unknown === "--help") {
    console.log(HELP);
    process.exit(0);
  }
  if (unknown !== undefined) fail([`${unknown} is not an option; there are --rebuild and --help`]);
}

function main() {
  checkWords();
  if (process.platform !== "linux") fail([`VPP and this package run on Linux only, this is ${process.platform}`]);
  if (!wantsSource()) {
    const { file, problem } = findPrebuild();
    if (file) return;
    console.error(`vpp-punt: no prebuilt binary for ${platformText()} (${problem}): compiling the addon`);
  }
  const problems = compile();
  if (problems.length > 0) fail([`the addon could not be compiled for ${platformText()}:`, ...problems]);
}

main();
