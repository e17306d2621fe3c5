// Programs that use the installed package, on every Node it names; and TypeScript's view of it.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeBinary } from "../npm-files.mjs";
import { assert, attempt, consumerPrograms, root, run } from "./run.mjs";

const MAJORS = ["20", "22", "24"];
const PROGRAMS = [
  ...["esm.mjs", "commonjs.cjs", "own-loader.cjs", "same-state.cjs", "entries.mjs"],
  ...["worker.mjs", "two-workers.mjs", "exit-in-flight.mjs"],
];

function runPrograms(context, node, installed) {
  const folder = context.installed[installed];
  for (const program of PROGRAMS) {
    const { status, output } = attempt(node, [program], { cwd: folder, timeout: 60_000 });
    assert(status === 0 && !/warning/i.test(output), `${program} ended with ${status}:\n${output}`);
  }
  const info = JSON.parse(run(node, ["node_modules/vpp-punt/dist/entries/cli.js", "info", "--json"], { cwd: folder }));
  assert(info.addon.portable, `not the prebuild: ${info.addon.file}`);
  return `${PROGRAMS.length} programs`;
}

const COMPILERS = {
  node16: { module: "node16", moduleResolution: "node16" },
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

/** Compiles the TypeScript programs as a project of the user's, with the declarations themselves checked too. */
function compile(context, resolution) {
  const folder = join(context.installed.npm, `ts-${resolution}`);
  mkdirSync(folder);
  for (const name of ["typed.mts", "typed.cts"]) cpSync(join(consumerPrograms, name), join(folder, name));
  const types = { types: ["node"], typeRoots: [join(root, "node_modules/@types")] };
  const options = {
    ...COMPILERS[resolution],
    ...types,
    strict: true,
    target: "es2022",
    skipLibCheck: false,
    noEmit: true,
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["*.mts", "*.cts"] }),
  );
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
}

/** On the oldest Node 20, `import` works, and `require` says what it needs. */
function runOldest(context) {
  const { file, version } = nodeBinary("x64", "20.0.0");
  const cwd = context.installed.npm;
  run(file, ["esm.mjs"], { cwd });
  const { status, output } = attempt(file, ["commonjs.cjs"], { cwd });
  assert(status !== 0 && output.includes("needs Node 20.19"), `require on ${version} ended with ${status}:\n${output}`);
}

const onNode = (major, installed) => ({
  name: `used on Node ${major}, installed by ${installed}`,
  run: (context) => runPrograms(context, nodeBinary(process.arch, major).file, installed),
});

export const consumerSteps = [
  { name: "used on this Node", run: (context) => runPrograms(context, process.execPath, "npm"), quickly: true },
  ...MAJORS.map((major) => onNode(major, "npm")),
  ...["npm-ignore-scripts", "pnpm", "pnpm-ignore-scripts", "yarn", "yarn-ignore-scripts"].map((installed) =>
    onNode("20", installed),
  ),
  { name: "used on the first Node 20", run: runOldest },
  ...Object.keys(COMPILERS).map((resolution) => ({
    name: `used from TypeScript, ${resolution} resolution`,
    run: (context) => compile(context, resolution),
    quickly: true,
  })),
];
