// A Debian 11 root (glibc 2.31) per architecture: prebuilds are linked against it, so that the linker itself keeps them
// to its symbol versions, and loaded in it; and musl. Made from Debian's packages, each checked against its known SHA-256.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";

const packages = JSON.parse(readFileSync(new URL("debian.json", import.meta.url), "utf8"));

export const TRIPLETS = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** Downloads are kept here between runs. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "vpp-punt");

/** Debian archives to try: DEBIAN_MIRROR, or the archives of this machine's apt. */
function mirrors() {
  if (process.env.DEBIAN_MIRROR) return [process.env.DEBIAN_MIRROR];
  const folder = "/etc/apt/sources.list.d";
  const lists = [
    "/etc/apt/sources.list",
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ];
  const text = lists.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"));
  const found = text.join("\n").match(/^[^#\n]*?https?:\/\/\S+\/debian\/?(?=\s|$)/gm) ?? [];
  return [...new Set(found.map((line) => line.match(/https?:\S+/)[0].replace(/\/$/, "")))];
}

async function download(path) {
  const failures = [];
  for (const mirror of mirrors()) {
    try {
      const response = await fetch(`${mirror}/${path}`);
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      failures.push(`${mirror}: HTTP ${response.status}`);
    } catch (error) {
      failures.push(`${mirror}: ${error.cause?.message ?? error.message}`);
    }
  }
  const tried = failures.join("; ") || "apt here uses no Debian mirror; set DEBIAN_MIRROR";
  throw new Error(`cannot download ${basename(path)}: ${tried}`);
}

async function unpack(path, sha256, folder) {
  const content = await download(path);
  const sum = createHash("sha256").update(content).digest("hex");
  if (sum !== sha256) throw new Error(`${basename(path)} has SHA-256 ${sum}, not ${sha256}`);
  const file = join(folder, basename(path));
  writeFileSync(file, content);
  execFileSync("dpkg-deb", ["--extract", file, folder]);
  rmSync(file);
}

/** Debian's links go from the root of a running system: the linker here needs them to stay inside the folder. */
function makeLinksRelative(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = readlinkSync(link);
    if (!target.startsWith("/")) continue;
    rmSync(link);
    symlinkSync(relative(dirname(link), join(folder, target)), link);
  }
}

/** The folder of the root for "x64" or "arm64"; made at the first call. */
export function debian11(arch) {
  return unpacked(`debian11-${arch}`, packages[arch]);
}

/** The folder of Debian's musl, and of a libstdc++ that is new enough for Node; made at the first call. */
export function debianMusl() {
  return unpacked("debian-musl", packages.musl);
}

async function unpacked(name, contents) {
  const folder = join(cacheFolder, name);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  for (const [path, sha256] of Object.entries(contents)) await unpack(path, sha256, partial);
  makeLinksRelative(partial);
  renameSync(partial, folder);
  return folder;
}
