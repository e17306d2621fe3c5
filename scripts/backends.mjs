// Finds VPP's own libraries, which the addon links where they are: libmemif and libvapiclient.
// binding.gyp and CMakeLists.txt both ask here, so that both build the same addon:
//   node scripts/backends.mjs header <file>                  writes what was found as a C header
//   node scripts/backends.mjs sources|include_dirs|libraries prints a list for the build
// LIBMEMIF_PREFIX and VPP_PREFIX name a place to look first; VPP_PUNT_BACKENDS narrows what is
// looked for ("libmemif", "libmemif,vapi", "none").
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * `has`: what the header must mention, so that an older incompatible library is not taken. `libraries`: what the addon links; of
 * those in `optional`, what is there. `parts`: macros of the addon's, each 1 where the header mentions the function.
 */
const BACKENDS = {
  libmemif: {
    variable: "LIBMEMIF_PREFIX",
    pkgConfig: "libmemif",
    header: "libmemif.h",
    has: ["memif_socket_args_t", "libmemif older than 4.0"],
    libraries: ["memif"],
  },
  vapi: {
    variable: "VPP_PREFIX",
    header: "vapi/vapi.h",
    has: ["handle_keepalives", "libvapiclient older than VPP 20.01"],
    libraries: ["vapiclient", "vlibmemoryclient", "svm", "vppinfra"],
    // A library of its own since VPP 23.02; earlier it is a part of vlibmemoryclient.
    optional: ["vlibapi"],
    // The API socket came with VPP 24.06, the end of a wait on request with 23.02.
    parts: { VAPI_SOCKET: "vapi_connect_ex", VAPI_WAKE: "vapi_stop_rx_thread" },
  },
};

/** Multiarch folder of Debian and Ubuntu for this machine. */
const MULTIARCH = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch];
const STANDARD_PREFIXES = ["/usr", "/usr/local"];

function enabled(name) {
  const only = process.env.VPP_PUNT_BACKENDS;
  return only === undefined || only.split(",").includes(name);
}

function prefixCandidate(prefix, from) {
  const libDirs = ["lib", "lib64", MULTIARCH && `lib/${MULTIARCH}`].filter(Boolean).map((dir) => join(prefix, dir));
  return { from, includeDirs: [join(prefix, "include")], libDirs };
}

function pkgConfigCandidate(module) {
  const variable = (name) => spawnSync("pkg-config", [`--variable=${name}`, module], { encoding: "utf8" });
  const include = variable("includedir");
  if (include.error) return { from: `pkg-config ${module}`, problem: "pkg-config is not installed" };
  if (include.status !== 0) return { from: `pkg-config ${module}`, problem: `pkg-config knows no ${module}` };
  return {
    from: `pkg-config ${module}`,
    includeDirs: [include.stdout.trim()],
    libDirs: [variable("libdir").stdout.trim()],
  };
}

function candidates(backend) {
  const named = process.env[backend.variable];
  return [
    ...(named ? [prefixCandidate(resolve(named), `${backend.variable}=${named}`)] : []),
    ...(backend.pkgConfig ? [pkgConfigCandidate(backend.pkgConfig)] : []),
    ...STANDARD_PREFIXES.map((prefix) => prefixCandidate(prefix, prefix)),
  ];
}

/** Why this place does not do, or the folders to build with. */
function inspect(backend, candidate) {
  if (candidate.problem) return { problem: candidate.problem };
  const includeDir = candidate.includeDirs.find((dir) => existsSync(join(dir, backend.header)));
  if (!includeDir) return { problem: `no ${backend.header} in ${candidate.includeDirs.join(", ")}` };
  const [symbol, otherwise] = backend.has;
  const header = readFileSync(join(includeDir, backend.header), "utf8");
  if (!header.includes(symbol)) return { problem: otherwise };
  const isIn = (dir, library) => existsSync(join(dir, `lib${library}.so`));
  const libDir = candidate.libDirs.find((dir) => backend.libraries.every((library) => isIn(dir, library)));
  const files = backend.libraries.map((library) => `lib${library}.so`);
  if (!libDir) return { problem: `no ${files.join(", ")} in ${candidate.libDirs.join(", ")}` };
  const optional = (backend.optional ?? []).filter((library) => isIn(libDir, library));
  const parts = Object.entries(backend.parts ?? {}).filter(([, name]) => header.includes(name));
  return { includeDir, libDir, libraries: [...backend.libraries, ...optional], parts: parts.map(([macro]) => macro) };
}

/** `{ found?: { includeDir, libDir, libraries, parts }, looked: [{ where, result }] }` for one backend. */
function find(name) {
  if (!enabled(name)) {
    const where = `VPP_PUNT_BACKENDS=${process.env.VPP_PUNT_BACKENDS}`;
    return { looked: [{ where, result: "left out of this build" }] };
  }
  const looked = [];
  for (const candidate of candidates(BACKENDS[name])) {
    const { problem, ...found } = inspect(BACKENDS[name], candidate);
    looked.push({ where: candidate.from, result: problem ?? `found in ${found.libDir}` });
    if (!problem) return { found, looked };
  }
  return { looked };
}

const results = Object.fromEntries(Object.keys(BACKENDS).map((name) => [name, find(name)]));
const found = Object.entries(results).filter(([, result]) => result.found);

function linkFlags([, { found: place }]) {
  const standard = STANDARD_PREFIXES.some((prefix) => place.libDir.startsWith(`${prefix}/lib`));
  // Outside the loader's own folders the addon has to remember where the library was.
  const rpath = standard ? [] : [`-Wl,-rpath,${place.libDir}`];
  return [`-L${place.libDir}`, ...rpath, ...place.libraries.map((library) => `-l${library}`)];
}

/** Macro and value: whether a backend is there, and each of its parts. */
function macros([name, { found: place }]) {
  const parts = Object.keys(BACKENDS[name].parts ?? {}).map((part) => [part, place?.parts.includes(part)]);
  return [[name.toUpperCase(), place !== undefined], ...parts];
}

function header() {
  const values = Object.entries(results).flatMap(macros);
  const lines = values.map(([macro, isThere]) => `#define VPP_PUNT_HAS_${macro} ${isThere ? 1 : 0}`);
  const looked = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, result.looked]));
  return `// Written by scripts/backends.mjs.\n#pragma once\n${lines.join("\n")}\n#define VPP_PUNT_LOOKED ${JSON.stringify(JSON.stringify(looked))}\n`;
}

const lists = {
  sources: () =>
    found.flatMap(([name]) =>
      readFileSync(join(root, `native/${name}/sources.list`), "utf8")
        .trim()
        .split("\n"),
    ),
  include_dirs: () => found.map(([, { found: place }]) => place.includeDir).filter((dir) => dir !== "/usr/include"),
  libraries: () => found.flatMap(linkFlags),
};

const [what, file] = process.argv.slice(2);
if (what === "header") {
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, header());
} else if (Object.hasOwn(lists, what)) {
  console.log(lists[what]().join("\n"));
} else {
  console.error("usage: backends.mjs header <file> | sources | include_dirs | libraries");
  process.exit(2);
}
