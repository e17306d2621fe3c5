// The prebuilds on the systems they are for: in a Debian 11 root, and on arm64 under emulation.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, debian11 } from "../debian11.mjs";
import { nodeBinary } from "../node-binaries.mjs";
import { assert, run } from "./run.mjs";

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

async function onArm64(context) {
  const found = process.env.PATH.split(":").some((folder) => existsSync(join(folder, QEMU)));
  assert(found, `no ${QEMU}: apt-get install qemu-user-static`);
  const { file, version } = nodeBinary("arm64", "20");
  const emulated = [QEMU, "-L", await debian11("arm64"), file];
  const cwd = context.installed.npm;
  for (const program of ["esm.mjs", "commonjs.cjs", "worker.mjs"]) run("nice", [...emulated, program], { cwd });
  return `Node ${version}, glibc 2.31`;
}

export const systemSteps = [
  { name: "the x64 prebuild on Debian 11", run: onDebian11 },
  { name: "the arm64 prebuild under emulation", run: onArm64 },
];
