// Finds the system's libraries that peers in C are built with, and packages of npm that are peers.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface LibraryFlags {
  /** Options of the C compiler. */
  readonly flags: readonly string[];
  /** Why a program can't be built with it; undefined if it can. */
  readonly missing: string | undefined;
}

/** Looks in `LIBMEMIF_PREFIX`, /usr and /usr/local. */
export function libmemifFlags(): LibraryFlags {
  const named = process.env.LIBMEMIF_PREFIX;
  const prefix = [...(named === undefined ? [] : [named]), "/usr", "/usr/local"].find((folder) =>
    existsSync(join(folder, "include/libmemif.h")),
  );
  if (prefix === undefined)
    return { flags: [], missing: "there is no libmemif.h in LIBMEMIF_PREFIX, /usr or /usr/local" };
  const libraries = libraryFolder(prefix, "memif");
  const paths = ["-isystem", join(prefix, "include"), `-L${libraries}`, `-Wl,-rpath,${libraries}`];
  return { flags: [...paths, "-lmemif"], missing: undefined };
}

/** Returns why a package of npm can't be a peer; undefined if it can. `NODE_PEERS` is a folder where such packages are installed. */
export function missingPackage(name: string): string | undefined {
  const folder = process.env.NODE_PEERS;
  if (folder === undefined) return `NODE_PEERS, a folder with npm's ${name} installed, is not set`;
  return existsSync(join(folder, "node_modules", name)) ? undefined : `npm's ${name} is not in NODE_PEERS`;
}

/** The folder below a prefix that has a library. */
export function libraryFolder(prefix: string, name: string): string {
  return join(prefix, "lib", existsSync(join(prefix, `lib/lib${name}.so`)) ? "" : multiarch());
}

/** Debian's folder for libraries of this architecture, such as `x86_64-linux-gnu`. */
function multiarch(): string {
  return execFileSync(process.env.CC ?? "cc", ["-print-multiarch"], { encoding: "utf8" }).trim();
}
