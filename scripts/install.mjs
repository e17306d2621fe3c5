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

function main() {
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
