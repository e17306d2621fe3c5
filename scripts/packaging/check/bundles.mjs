// Puts a program that uses the package into a bundle and into a single executable. Both keep the package outside, as its addon is a file.
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { nodeBinary, npmFiles } from "../npm-files.mjs";
import { run } from "./run.mjs";

/** A part of the program is CommonJS, and an ES module has no `require`. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Each bundle is written beside the program's node_modules. */
async function bundled(context, format) {
  const folder = context.installed.npm;
  const outfile = join(folder, format === "esm" ? "bundle.mjs" : "bundle.cjs");
  const entryPoints = [join(folder, format === "esm" ? "esm.mjs" : "commonjs.cjs")];
  const banner = format === "esm" ? { js: REQUIRE } : {};
  await build({ entryPoints, outfile, format, banner, bundle: true, platform: "node", external: ["vpp-punt"] });
  run(process.execPath, [outfile], { cwd: "/" });
}

const POSTJECT = "1.0.0-alpha.6";
/** Marks the place in Node's binary. From the manual of single executable applications. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const INJECT = `
  const [postject, program, blob, sentinelFuse] = process.argv.slice(1);
  require(postject).inject(program, "NODE_SEA_BLOB", require("node:fs").readFileSync(blob), { sentinelFuse });
`;

/** Node's own recipe. The program lies in the executable, and the package in node_modules beside it. */
async function singleExecutable(context) {
  const folder = context.installed.npm;
  const { file: node, version } = nodeBinary(process.arch, "22");
  const main = join(folder, "sea-main.cjs");
  const options = { entryPoints: [join(folder, "single.cjs")], outfile: main, external: ["vpp-punt"] };
  await build({ ...options, bundle: true, platform: "node", format: "cjs" });
  const config = { main, output: join(folder, "sea.blob"), disableExperimentalSEAWarning: true };
  writeFileSync(join(folder, "sea.json"), JSON.stringify(config));
  run(node, ["--experimental-sea-config", join(folder, "sea.json")]);
  const program = join(folder, "program");
  copyFileSync(node, program);
  const postject = join(npmFiles("postject", POSTJECT, ["package/dist"]), "package/dist/api.js");
  run(process.execPath, ["-e", INJECT, postject, program, config.output, FUSE]);
  run(program, [], { cwd: "/", env: { PATH: "/nowhere" } });
  return `Node ${version}`;
}

export const bundleSteps = [
  { name: "used in a bundle of ES modules", run: (context) => bundled(context, "esm"), quickly: true },
  { name: "used in a bundle of CommonJS", run: (context) => bundled(context, "cjs"), quickly: true },
  { name: "used in a single executable", run: singleExecutable },
];
