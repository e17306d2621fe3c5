// Compiles the addon with node-gyp, or lists the tools that this machine lacks.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const require = createRequire(import.meta.url);

const PACKAGES = [
  "install what is missing, then run `npm install` again:",
  "  Debian, Ubuntu: apt-get install g++ make python3",
  "  Fedora, RHEL:   dnf install gcc-c++ make python3",
  "  Alpine:         apk add g++ make python3 linux-headers",
];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The file that a command is; undefined if there is none. */
export function inPath(name) {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function firstInPath(names) {
  return names.find(inPath);
}

/** Returns why the compiler cannot compile the addon, which is C++20. */
function compilerProblem(compiler) {
  const [command, ...flags] = compiler.trim().split(/\s+/);
  const source = "#include <bit>\n#include <span>\nstatic_assert(__cplusplus >= 202002L);\n";
  const args = [...flags, "-std=c++20", "-fsyntax-only", "-x", "c++", "-"];
  const { status, stderr } = spawnSync(command, args, { input: source, encoding: "utf8" });
  if (status === 0) return [];
  const first = stderr?.split("\n").find((line) => line.includes("error")) ?? "it does not run";
  return [`${compiler} cannot compile C++20 (GCC 10 or clang 12 at least): ${first}`];
}

function toolProblems() {
  const compiler = process.env.CXX || firstInPath(["g++", "c++", "clang++"]);
  const python = process.env.PYTHON || process.env.npm_config_python || firstInPath(["python3", "python"]);
  return [
    ...(compiler ? compilerProblem(compiler) : ["no C++ compiler (looked for CXX, g++, c++ and clang++ in PATH)"]),
    ...(firstInPath(["make", "gmake"]) ? [] : ["no make in PATH"]),
    ...(python ? [] : ["no python3 in PATH (node-gyp is written in Python)"]),
  ];
}

/** Where Node's own headers are, so that node-gyp needs no download; undefined if they are not on this machine. */
function headersFolder() {
  const named = process.env.npm_config_nodedir;
  if (named) return named;
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node_api.h")) ? prefix : undefined;
}

function headersProblem(nodedir) {
  const cached = join(homedir(), ".cache/node-gyp", process.versions.node, "include/node/node_api.h");
  if (nodedir ? existsSync(join(nodedir, "include/node/node_api.h")) : existsSync(cached)) return [];
  const beside = join(dirname(dirname(process.execPath)), "include/node");
  return [
    nodedir
      ? `npm_config_nodedir=${nodedir} has no include/node/node_api.h`
      : `Node's headers are neither in ${beside} nor in ~/.cache/node-gyp, and could not be downloaded`,
    "install the headers of this Node (Debian: libnode-dev, Alpine: nodejs-dev) or set npm_config_nodedir to a folder with include/node",
  ];
}

/** The command that runs node-gyp: this package's, npm's own (npm says where), or the one in PATH. */
function nodeGyp() {
  for (const find of [() => require.resolve("node-gyp/bin/node-gyp.js"), () => process.env.npm_config_node_gyp]) {
    try {
      const script = find();
      if (script && existsSync(script)) return [process.execPath, script];
    } catch {
      // Not installed here: the next place.
    }
  }
  const command = inPath("node-gyp");
  return command ? [command] : undefined;
}

function runNodeGyp([command, ...args], nodedir) {
  // binding.gyp runs `node`: this makes it the Node of this script, whether or not that is in PATH.
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, JOBS: process.env.JOBS ?? "max" };
  if (nodedir) env.npm_config_nodedir = nodedir;
  return spawnSync(command, [...args, "rebuild"], { cwd: root, env, stdio: "inherit" }).status === 0;
}

/** Compiles; returns the lines that say why it could not, none if it could. */
export function compile() {
  const tools = toolProblems();
  if (tools.length > 0) return [...tools, ...PACKAGES];
  const gyp = nodeGyp();
  if (!gyp) return ["no node-gyp: it comes with npm; else `npm install --global node-gyp`"];
  const nodedir = headersFolder();
  if (runNodeGyp(gyp, nodedir)) return [];
  return [...headersProblem(nodedir), "node-gyp's output above says what failed"];
}
