// Writes the programs that tests start most often as bundles, below dist/program: they start in half the time.
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Dependencies that find files beside themselves, or load native code. */
const OUTSIDE = ["etcd3", "node-gyp-build", "pino"];

const PROGRAMS = [
  "lib/cli/main.js",
  "test/support/daemon/daemon-process.js",
  "test/support/daemon/cnf-process.js",
  "test/stress/cluster/cnf-process.js",
  "test/stress/cluster/vpp-process.js",
  "test/stress/crash-manager.js",
  "test/stress/fault-manager.js",
];

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist");

const base = pathToFileURL(join(dist, "index.js")).href;

/** A file of a bundle finds other files from where it was. */
const places = {
  name: "places",
  setup(build) {
    build.onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8").replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href));
      // Without a `require` of its own, what it requires becomes part of the bundle.
      const contents = path.endsWith("/lib/lazily.js") ? text.replace(/^const require = .*$/m, "") : text;
      return { contents };
    });
  },
};

rmSync(join(dist, "program"), { recursive: true, force: true });
await build({
  entryPoints: PROGRAMS.map((path) => join(dist, path)),
  ...{ outdir: join(dist, "program"), outbase: dist, chunkNames: "shared/[name]-[hash]" },
  ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20" },
  ...{ plugins: [places], packages: "bundle", external: OUTSIDE },
  ...{ keepNames: true, minifyWhitespace: true, minifySyntax: true, logLevel: "warning" },
  // Dependencies that are CommonJS require Node's own modules.
  banner: {
    js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(${JSON.stringify(base)});`,
  },
});
