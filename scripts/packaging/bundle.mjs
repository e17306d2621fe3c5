// Writes the package's entries as bundles: dist/entries/*.js, and the code that they share in dist/entries/shared. Node takes a third of a
// millisecond and more for each file of an import, and the main entry has 250. Names are kept, so that a stack trace tells the function.
import { copyFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, "dist/entries");
const sources = readdirSync(join(root, "entries"));
const compiled = (source) => join(folder, source.replace(/\.ts$/, ".js"));

/** Puts back what TypeScript makes of the sources, which are JavaScript too: a clone runs on dist/lib, which its tests change. */
export function unbundle() {
  rmSync(join(folder, "shared"), { recursive: true, force: true });
  for (const source of sources) copyFileSync(join(root, "entries", source), compiled(source));
}

/** Bundles the compiled code. Packages that it depends on stay outside. */
export async function bundle() {
  unbundle();
  await bundleInto(folder, sources.map(compiled));
  if (!existsSync(join(folder, "shared"))) throw new Error("the entries share no code: dist/lib is not compiled");
}

/** Bundles compiled files into `outdir`, with further options of esbuild. */
export function bundleInto(outdir, entryPoints, options = {}) {
  return build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    allowOverwrite: true,
    chunkNames: "shared/[name]-[hash]",
    bundle: true,
    splitting: true,
    keepNames: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
    ...options,
  });
}
