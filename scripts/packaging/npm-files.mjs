// Programs that npm has: Node of other versions and architectures, from its node-linux-* packages (which `node` is made of).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./debian.mjs";

function newestVersion(name, major) {
  const text = execFileSync("npm", ["view", `${name}@${major}`, "version", "--json"], { encoding: "utf8" });
  const byNumber = new Intl.Collator("en", { numeric: true }).compare;
  return [JSON.parse(text)].flat().sort(byNumber).at(-1);
}

/** Folder with `paths` (of "package/...") of an npm package; downloaded at the first call. */
export function npmFiles(name, version, paths) {
  const folder = join(cacheFolder, `${name.replace(/^@/, "").replace("/", "-")}-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder, { recursive: true });
    const partial = mkdtempSync(`${folder}.`);
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
    const tarball = execFileSync("npm", ["pack", `${name}@${version}`, "--pack-destination", partial], options).trim();
    execFileSync("tar", ["-xzf", join(partial, tarball), "-C", partial, ...paths]);
    rmSync(join(partial, tarball));
    renameSync(partial, folder);
  }
  return folder;
}

/** Path of the newest Node `major` ("20", or a full version) for "x64" or "arm64"; downloaded at the first call. */
export function nodeBinary(arch, major) {
  const name = `node-linux-${arch}`;
  const version = newestVersion(name, major);
  return { version, file: join(npmFiles(name, version, ["package/bin/node"]), "package/bin/node") };
}
