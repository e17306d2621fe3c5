// Writes the programs that tests start most often as bundles, below dist/program: they start in half the time.
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleInto } from "./packaging/bundle.mjs";

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

/** A file of a bundle finds other files from where it was. */
const places = {
  name: "places",
  setup(build) {
    build.onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      return { contents: text.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)) };
    });
  },
};

rmSync(join(dist, "program"), { recursive: true, force: true });
await bundleInto(
  join(dist, "program"),
  PROGRAMS.map((path) => join(dist, path)),
  { outbase: dist, plugins: [places] },
);
