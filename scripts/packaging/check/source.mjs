// Builds from source with node-gyp and cmake-js, and the messages on machines that cannot build.
import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { inPath } from "../../install/compile.mjs";
import { emptyProject } from "./installs.mjs";
import { assert, attempt, COMPILE_WITHIN_MS, root, run } from "./run.mjs";

function exportsOf(addon) {
  return run(process.execPath, ["-p", "Object.keys(require(process.argv[1])).sort().join()", addon]).trim();
}

function fromSource(context) {
  const folder = emptyProject(join(context.folder, "from-source"));
  const env = { npm_config_build_from_source: "true", VPP_PUNT_BACKENDS: "none" };
  run("npm", ["install", context.tarball, "--no-audit", "--no-fund"], { cwd: folder, env, timeout: COMPILE_WITHIN_MS });
  context.compiled = join(folder, "node_modules/vpp-punt");
  const info = JSON.parse(run(process.execPath, ["dist/lib/cli/main.js", "info", "--json"], { cwd: context.compiled }));
  assert(info.addon.loaded && !info.addon.portable, `not the compiled addon: ${JSON.stringify(info.addon)}`);
}

/** The same sources, compiled by CMake: the same exports. */
function byCMake(context) {
  const folder = join(context.folder, "cmake");
  cpSync(context.compiled, folder, { recursive: true });
  rmSync(join(folder, "build"), { recursive: true });
  symlinkSync(join(context.compiled, ".."), join(folder, "node_modules"));
  const nodedir = process.env.npm_config_nodedir ?? dirname(dirname(process.execPath));
  const env = { npm_config_nodedir: nodedir, VPP_PUNT_BACKENDS: "none" };
  run(process.execPath, [join(root, "node_modules/cmake-js/bin/cmake-js"), "build"], {
    cwd: folder,
    env,
    timeout: COMPILE_WITHIN_MS,
  });
  const [ours, theirs] = [folder, context.compiled].map((each) => exportsOf(join(each, "build/Release/vpp_punt.node")));
  assert(ours === theirs, `CMake's addon exports ${ours}, node-gyp's ${theirs}`);
}

/** A PATH with node, sh and the tools of the list, nothing else. */
function barePath(context, name, tools = []) {
  const folder = join(context.folder, `bare-${name}`);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  symlinkSync(process.execPath, join(folder, "node"));
  for (const tool of ["sh", ...tools]) {
    const found = inPath(tool);
    assert(found, `${tool} is not in PATH`);
    symlinkSync(found, join(folder, tool));
  }
  return folder;
}

/** Runs the install script of the package where it must fail, and looks for the words it must say. */
function refused(context, env, ...words) {
  const { status, output } = attempt(process.execPath, ["scripts/install.mjs"], { cwd: context.compiled, env });
  assert(status === 1, `it ended with ${status}:\n${output}`);
  const missing = words.filter((word) => !output.includes(word));
  assert(missing.length === 0, `it did not say ${missing.join(", ")}:\n${output}`);
}

function withoutCompiler(context) {
  const env = { PATH: barePath(context, "empty"), npm_config_build_from_source: "true" };
  refused(context, env, "no C++ compiler", "no make", "no python3", "apt-get install", "apk add");
}

function withOldCompiler(context) {
  const env = { CXX: "g++ -std=c++11 -D__cplusplus=201103L", npm_config_build_from_source: "true" };
  refused(context, env, "cannot compile C++20");
}

function onMusl(context) {
  refused(
    context,
    { PATH: barePath(context, "musl"), LIBC: "musl" },
    "brings none for musl",
    "apk add g++ make python3",
  );
}

function withoutHeaders(context) {
  const npm_config_node_gyp = join(root, "node_modules/node-gyp/bin/node-gyp.js"); // as npm sets it
  const env = { npm_config_node_gyp, npm_config_nodedir: "/nonexistent", npm_config_build_from_source: "true" };
  refused(context, env, "npm_config_nodedir=/nonexistent has no include/node/node_api.h");
}

export const sourceSteps = [
  { name: "npm_config_build_from_source compiles", run: fromSource },
  { name: "CMake builds the same addon", run: byCMake },
  { name: "without a compiler it says what is missing", run: withoutCompiler },
  { name: "a compiler without C++20 is named", run: withOldCompiler },
  { name: "on musl it says that it compiles, and what for", run: onMusl },
  { name: "missing headers of Node are named", run: withoutHeaders },
];
