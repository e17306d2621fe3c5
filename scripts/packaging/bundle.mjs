// Writes the package's entries as bundles: dist/entries/*.js, and the code that they share in dist/entries/shared. Node takes a third of a
// millisecond and more for each file of an import, and the main entry has 250. What only an `import()` reaches is in files of its own.
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { rollup } from "rollup";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, "dist/entries");
const sources = readdirSync(join(root, "entries"));
const compiled = (source) => join(folder, source.replace(/\.ts$/, ".js"));

/** The parts of the library that are loaded late, by an `import()`. */
const [machinery, instance] = ["punt/machinery", "sim/instance"].map((name) => join(root, `dist/lib/${name}.js`));

/** Puts back what TypeScript makes of the sources, which are JavaScript too: a clone runs on dist/lib, which its tests change. */
export function unbundle() {
  rmSync(join(folder, "shared"), { recursive: true, force: true });
  for (const source of sources) copyFileSync(join(root, "entries", source), compiled(source));
}

/** Comments are for readers of lib/: Node reads them too, at each start. */
const withoutComments = {
  name: "without comments",
  renderChunk: (code) => transform(code, { target: "node20", legalComments: "none" }),
};

const isPackage = (id) => !/^[./]/.test(id);

/** Which files of the package do something as they are loaded, so that they stay where nothing is used of them. */
const { sideEffects } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const withEffects = new Set(sideEffects.map((path) => join(root, path)));

const graphOf = (input) =>
  rollup({
    ...{ input, external: isPackage, treeshake: { moduleSideEffects: (id) => withEffects.has(id) } },
    onwarn: ({ code, message }) => {
      // TypeScript's helpers ask for a `this` that modules do not have.
      if (code !== "THIS_IS_UNDEFINED") throw new Error(message);
    },
  });

/** Returns the modules that each file of `output` loads, with those of the files that it imports. */
function modulesByFile(output) {
  const files = new Map(output.map((file) => [file.fileName, file]));
  const loaded = (name, seen) => {
    if (!seen.has(name) && files.has(name)) {
      seen.add(name);
      for (const other of files.get(name).imports) loaded(other, seen);
    }
    return seen;
  };
  const modulesOf = (name) => [...loaded(name, new Set())].flatMap((each) => files.get(each).moduleIds);
  return new Map(output.map(({ fileName, facadeModuleId }) => [facadeModuleId, new Set(modulesOf(fileName))]));
}

/**
 * Returns the file of shared code for each module. Left alone, rollup makes one for each set of entries that share something, and the
 * main entry would load 37: a file costs as much as 10 kB of code. A module's imports are in its own file or in one named before it.
 */
function sharedFiles(output) {
  const modules = modulesByFile(output);
  const [index, binapi, module, sim] = ["index", "binapi", "module", "sim"].map((name) =>
    modules.get(compiled(`${name}.ts`)),
  );
  const inBinapi = (entry) => [...entry].filter((id) => binapi.has(id));
  const common = new Set([...inBinapi(index), ...inBinapi(module)]);
  const messages = new Set(inBinapi(sim));
  const late = { machinery: modules.get(machinery), instance: modules.get(instance) };
  const files = Object.entries({ common, index, messages, binapi, module, sim, ...late });
  return (id) => files.find(([, ids]) => ids.has(id))?.[0];
}

/** Bundles the compiled code into dist/entries, or a folder beside it. Packages that it depends on stay outside. */
export async function bundle(into = folder) {
  unbundle();
  const graph = await graphOf(sources.map(compiled));
  const { output } = await graph.generate({ format: "es", hoistTransitiveImports: false });
  const written = await graph.write({
    ...{ dir: into, format: "es", chunkFileNames: "shared/[name]-[hash].js", plugins: [withoutComments] },
    ...{ manualChunks: sharedFiles(output), onlyExplicitManualChunks: true },
    ...{ hoistTransitiveImports: false, minifyInternalExports: false },
  });
  await graph.close();
  if (!existsSync(join(into, "shared"))) throw new Error("the entries share no code: dist/lib is not compiled");
  const main = modulesByFile(written.output).get(compiled("index.ts"));
  if (main.has(machinery)) throw new Error("the main entry loads what only a started manager needs");
}
