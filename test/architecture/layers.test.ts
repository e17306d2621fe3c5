// Which parts of lib/ may import which.
import { readFileSync } from "node:fs";
import test from "ava";
import { importsOf, libraryFiles } from "./source.js";

const GROUND = [
  "errors",
  "options",
  "net",
  "lowest-free",
  "keyed-queue",
  "call-order",
  "when-aborted",
  "guarded",
  "files",
  "sockets",
  "run-program",
  "logger",
  "lazily",
  "shapes",
  "package-root",
  "closed-terminal",
  "default-sockets",
  "embedded-build",
  "tracing",
];
const PORTS = ["packet", "memif", "punt-socket", "responder"];
/** Linux's side: descriptors, devices, namespaces. */
const LINUX = ["descriptor", "packet-socket", "host"];

/** The parts of lib/ and what each may import: a folder, or a file beside the folders, without ".ts". */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  net: [],
  "lowest-free": [],
  "keyed-queue": [],
  "call-order": [],
  "when-aborted": [],
  guarded: [],
  files: ["errors", "lazily", "shapes"],
  sockets: ["errors", "net"],
  "closed-terminal": [],
  "run-program": [],
  lazily: [],
  shapes: ["lazily"],
  "package-root": [],
  "default-sockets": [],
  "embedded-build": [],
  logger: [],
  options: ["errors"],
  native: ["errors", "package-root"],
  descriptor: [...GROUND, "native"],
  packet: [...GROUND, "native"],
  memif: [...GROUND, "native", "packet", "descriptor"],
  "punt-socket": [...GROUND, "native", "packet", "descriptor"],
  responder: [...GROUND, "packet", "memif"],
  "packet-socket": [...GROUND, "native", "packet", "descriptor"],
  binapi: [...GROUND, "native"],
  tracing: [],
  grpc: ["sockets", "tracing"],
  containers: [...GROUND, "grpc"],
  host: [...GROUND, "native", "descriptor", "containers"],
  vpp: [...GROUND, "binapi"],
  punt: [...GROUND, "native", ...PORTS, ...LINUX, "binapi"],
  counters: [...GROUND, "binapi", "punt"],
  dump: [...GROUND, "packet", "packet-socket", "punt"],
  explain: [...GROUND, "packet", "binapi", "punt", "counters"],
  sim: [...GROUND, "native", ...PORTS, "descriptor", "binapi"],
  testing: [...GROUND, ...PORTS, "binapi", "host", "punt", "sim"],
  wire: [...GROUND, "grpc", "punt", "counters"],
  cluster: [...GROUND, "punt"],
  stonework: [...GROUND, "punt", "grpc"],
  module: [...GROUND, "native", ...PORTS, ...LINUX, "vpp", "punt", "counters", "wire", "grpc"],
  daemon: [
    ...[...GROUND, "native", ...PORTS, ...LINUX, "vpp", "punt", "counters", "dump", "explain", "wire", "cluster"],
    ...["stonework", "grpc"],
  ],
  index: [...GROUND, ...PORTS, ...LINUX, "binapi", "punt", "module"],
  cli: [
    ...[
      ...GROUND,
      "explain",
      "dump",
      "native",
      ...PORTS,
      ...LINUX,
      "binapi",
      "punt",
      "counters",
      "sim",
      "wire",
      "cluster",
      "stonework",
      "module",
      "daemon",
      "index",
    ],
  ],
};

function part(file: string): string {
  return file.split("/")[1]!.replace(/\.ts$/, "");
}

test("nothing imports what is above it", (t) => {
  for (const file of libraryFiles()) {
    const from = part(file);
    t.truthy(BELOW[from], `${file}: part "${from}" has no place in the architecture`);
    for (const imported of importsOf(file)) {
      const to = part(imported);
      t.true(to === from || BELOW[from]?.includes(to), `${file} imports ${imported}`);
    }
  }
});

test("lib/native.ts alone loads the addon", (t) => {
  const loaders = libraryFiles().filter((file) => /node-gyp-build|process\.dlopen/.test(readFileSync(file, "utf8")));
  t.deepEqual(loaders, ["lib/native.ts"]);
});

test("packages are required in two places: an addon's loader, and the ones that are loaded at first use", (t) => {
  const requiring = libraryFiles().filter((file) => /createRequire/.test(readFileSync(file, "utf8")));
  t.deepEqual(requiring, ["lib/lazily.ts", "lib/native.ts"]);
});

test("three places find out where a file is, because the package's code is bundled: others take packageFile", (t) => {
  const asking = libraryFiles().filter((file) => /import\.meta/.test(readFileSync(file, "utf8")));
  t.deepEqual(asking, ["lib/lazily.ts", "lib/native.ts", "lib/package-root.ts"]);
});
