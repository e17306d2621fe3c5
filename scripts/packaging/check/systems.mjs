// The prebuilds on the systems they are for: in a Debian 11 root, and on arm64 under emulation.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inPath } from "../../install/compile.mjs";
import { cacheFolder, debian11 } from "../debian.mjs";
import { nodeBinary } from "../npm-files.mjs";
import { root, run, Skip } from "./run.mjs";
import { nodeProgram, runTests } from "./suite.mjs";

const QEMU = "qemu-aarch64-static";

/** Runs a program in a root of its own that has Debian 11's libraries, Node and the installed package. */
async function onDebian11(context) {
  const folder = mkdtempSync(join(cacheFolder, "root-"));
  try {
    cpSync(await debian11("x64"), folder, { recursive: true, verbatimSymlinks: true });
    mkdirSync(join(folder, "tmp"));
    cpSync(nodeBinary("x64", "20").file, join(folder, "node"));
    cpSync(context.installed.npm, join(folder, "consumer"), { recursive: true });
    const enter = ["--map-root-user", `--root=${folder}`, "--wd=/consumer", "/node"];
    run("unshare", [...enter, "esm.mjs"], { env: { NODE_EXTRA_CA_CERTS: "" } });
    const header = "process.report.excludeNetwork = true; process.report.getReport().header.glibcVersionRuntime";
    return `glibc ${run("unshare", [...enter, "-p", header]).trim()}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function requirePrebuild({ architectures }) {
  if (!architectures.includes("arm64")) throw new Skip("there is no arm64 prebuild here");
}

async function emulated() {
  if (!inPath(QEMU)) throw new Skip(`no ${QEMU}: apt-get install qemu-user-static`);
  const { file, version } = nodeBinary("arm64", "20");
  return { version, command: [QEMU, "-L", await debian11("arm64"), file] };
}

async function onArm64(context) {
  requirePrebuild(context);
  const { version, command } = await emulated();
  const cwd = context.installed.npm;
  for (const program of ["esm.mjs", "commonjs.cjs", "worker.mjs"]) run("nice", [...command, program], { cwd });
  return `Node ${version}, glibc 2.31`;
}

async function testsOnArm64(context, options) {
  requirePrebuild(context);
  const { command } = await emulated();
  const folder = join(context.folder, "arm64");
  cpSync(join(root, "prebuilds"), join(folder, "prebuilds"), { recursive: true });
  return runTests(nodeProgram(folder, command), folder, options);
}

export const systemSteps = [
  { name: "the x64 prebuild on Debian 11", run: onDebian11 },
  { name: "the arm64 prebuild under emulation", run: onArm64 },
  { name: "tests of native code over the arm64 prebuild, under emulation", run: testsOnArm64 },
  {
    name: "arm64-all: every test, under emulation",
    run: (context) => testsOnArm64(context, { all: true }),
    long: true,
  },
];
