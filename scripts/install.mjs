// Makes sure that the native addon is there: a prebuild that fits, or else a build with node-gyp.
//   node scripts/install.mjs             what `npm install` runs
//   node scripts/install.mjs --rebuild   compile, whatever is there
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** Node's own headers, where the machine has them, so that node-gyp needs no download. */
function headersPrefix() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node_api.h")) ? prefix : undefined;
}

const env = { ...process.env };
if (process.argv.includes("--rebuild")) env.npm_config_build_from_source = "true";
env.npm_config_nodedir ??= headersPrefix();
if (env.npm_config_nodedir === undefined) delete env.npm_config_nodedir;
const result = spawnSync(process.execPath, [require.resolve("node-gyp-build/bin.js")], { env, stdio: "inherit" });
process.exit(result.status ?? 1);
