// Node binaries of other versions and architectures, from npm's node-linux-* packages (which `node` is made of).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./debian11.mjs";

function newestVersion(name, major) {
  const text = execFileSync("npm", ["view", `${name}@${major}`, "version", "--json"], { encoding: "utf8" });
  const byNumber = new Intl.Collator("en", { numeric: true }).compare;
  return [JSON.parse(text)].flat().sort(byNumber).at(-1);
}

/** Path of the newest Node `major` ("20", or a full version) for "x64" or "arm64"; downloaded at the first call. */
export function nodeBinary(arch, major) {
  const name = `node-linux-${arch}`;
  const version = newestVersion(name, major);
  const folder = join(cacheFolder, `${name}-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder, { recursive: true });
    const partial = mkdtempSync(`${folder}.`);
    execFileSync("npm", ["pack", `${name}@${version}`, "--pack-destination", partial], { stdio: "pipe" });
    execFileSync("tar", ["-xzf", join(partial, `${name}-${version}.tgz`), "-C", partial, "package/bin/node"]);
    rmSync(join(partial, `${name}-${version}.tgz`));
    renameSync(partial, folder);
  }
  return { version, file: join(folder, "package/bin/node") };
}
