// Makes prebuilds/linux-x64 and prebuilds/linux-arm64 with prebuildify: without VPP's libraries, against Debian 11's glibc.
//   node scripts/packaging/prebuild.mjs [x64] [arm64]
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { debian11, TRIPLETS } from "./debian.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const require = createRequire(import.meta.url);
const PACKAGES = { x64: "g++", arm64: "g++-aarch64-linux-gnu" };

/** Debian's cross compilers go by their triplet; on its own architecture the compiler may have no other name than g++. */
function toolName(arch, tool) {
  return arch === process.arch && tool === "g++" ? "g++" : `${TRIPLETS[arch]}-${tool}`;
}

function assertCompiler(arch) {
  const { error } = spawnSync(toolName(arch, "g++"), ["--version"]);
  if (error) throw new Error(`no ${toolName(arch, "g++")}: apt-get install ${PACKAGES[arch]}`);
}

/** Where the compiler looks for headers when left to itself. */
function includeFolders(compiler) {
  const { stderr } = spawnSync(compiler, ["-E", "-v", "-x", "c++", "/dev/null"], { encoding: "utf8" });
  const list = stderr.slice(stderr.indexOf("#include <...>"), stderr.indexOf("End of search list"));
  return list
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter(Boolean);
}

/**
 * Flags with which the compiler sees its own C++ library and, for all the rest, the root's headers and libraries.
 * `--sysroot` alone does not do: Debian's cross compiler puts the build machine's headers for the target first.
 */
function rootFlags(arch, sysroot) {
  const own = includeFolders(toolName(arch, "g++")).filter((folder) => /\/(c\+\+|gcc|gcc-cross)\//.test(folder));
  const headers = [...own, join(sysroot, "usr/include", TRIPLETS[arch]), join(sysroot, "usr/include")];
  const libraries = [join(sysroot, "usr/lib", TRIPLETS[arch]), join(sysroot, "lib", TRIPLETS[arch])];
  return {
    compile: ["-nostdinc", "-nostdinc++", ...headers.map((folder) => `-isystem ${folder}`)].join(" "),
    link: [`--sysroot=${sysroot}`, ...libraries.flatMap((folder) => [`-B${folder}`, `-L${folder}`])].join(" "),
  };
}

/** The sources by themselves: node-gyp builds in ./build, and the one in use stays as it is. */
function stage() {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-prebuild-"));
  for (const name of ["package.json", "binding.gyp", "native", "scripts", "node_modules"])
    symlinkSync(join(root, name), join(folder, name));
  return folder;
}

async function prebuild(arch) {
  assertCompiler(arch);
  const flags = rootFlags(arch, await debian11(arch));
  const env = {
    ...process.env,
    VPP_PUNT_BACKENDS: "none",
    VPP_PUNT_PORTABLE: "1",
    CXX: toolName(arch, "g++"),
    CXXFLAGS: flags.compile,
    LDFLAGS: flags.link,
    JOBS: process.env.JOBS ?? "max",
    npm_config_nodedir: process.env.npm_config_nodedir ?? dirname(dirname(process.execPath)),
    PREBUILD_NODE_GYP: join(root, "node_modules/.bin/node-gyp"),
    PREBUILD_STRIP_BIN: `${TRIPLETS[arch]}-strip`,
  };
  const folder = stage();
  const args = ["--napi", "--strip", "--tag-libc", "--arch", arch, "--target", process.versions.node, "--out", root];
  try {
    execFileSync(process.execPath, [require.resolve("prebuildify/bin.js"), ...args], {
      cwd: folder,
      env,
      stdio: "inherit",
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
if (wanted.includes("--help")) {
  console.log(
    "usage: npm run build:prebuilds [-- x64] [arm64]\n\nMakes the prebuilt addons of both architectures, or of those named.",
  );
  process.exit(0);
}
for (const arch of wanted.length > 0 ? wanted : Object.keys(TRIPLETS)) await prebuild(arch);
