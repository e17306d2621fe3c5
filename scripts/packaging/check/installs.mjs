// Installs the tarball with npm, pnpm and Yarn, with and without install scripts, and checks that no compiler is called.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npmFiles } from "../npm-files.mjs";
import { assert, compilerTraps, consumerPrograms, root, run } from "./run.mjs";

function yarnProgram() {
  return join(npmFiles("@yarnpkg/cli-dist", "4.18.1", ["package/bin/yarn.js"]), "package/bin/yarn.js");
}

const MANAGERS = {
  npm: (tarball) => ["npm", ["install", tarball, "--no-audit", "--no-fund", "--foreground-scripts"]],
  // With its cache, pnpm runs no install script for a tarball that was installed before.
  pnpm: (tarball) => [
    process.execPath,
    [join(root, "node_modules/pnpm/bin/pnpm.cjs"), "add", "--config.side-effects-cache=false", tarball],
  ],
  // Yarn 4, with packages in node_modules.
  yarn: (tarball) => [process.execPath, [yarnProgram(), "add", `vpp-punt@file:${tarball}`]],
};

/** Yarn takes its options from a file, and looks for a project in the folders above unless this one has a lock file. */
function writeYarnOptions(folder, enableScripts) {
  const options = { nodeLinker: "node-modules", enableGlobalCache: false, enableTelemetry: false, enableScripts };
  writeFileSync(join(folder, ".yarnrc.yml"), JSON.stringify(options));
  writeFileSync(join(folder, "yarn.lock"), "");
}

/** Makes an empty project. pnpm and Yarn run install scripts only where the project allows it. */
export function emptyProject(folder) {
  mkdirSync(folder, { recursive: true });
  const project = { name: "consumer", private: true };
  writeFileSync(join(folder, "pnpm-workspace.yaml"), "dangerouslyAllowAllBuilds: true\n");
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  return folder;
}

/** Makes a file that notes the main program of each Node process. npm prints nothing about a script that prints nothing. */
function programLog({ folder }) {
  const file = join(folder, "program-log.cjs");
  writeFileSync(file, 'require("node:fs").appendFileSync(process.env.PROGRAM_LOG, process.argv[1] + "\\n");\n');
  return file;
}

function install(context, manager, ignoreScripts) {
  const name = `${manager}${ignoreScripts ? "-ignore-scripts" : ""}`;
  const folder = emptyProject(join(context.folder, name));
  const traps = compilerTraps(join(context.folder, `traps-${name}`));
  const [command, args] = MANAGERS[manager](context.tarball);
  const flags = ignoreScripts && manager !== "yarn" ? ["--ignore-scripts"] : [];
  if (manager === "yarn") writeYarnOptions(folder, !ignoreScripts);
  const log = join(context.folder, `scripts-${name}`);
  const env = { PATH: traps.path, NODE_OPTIONS: `--require=${programLog(context)}`, PROGRAM_LOG: log };
  run(command, [...args, ...flags], { cwd: folder, env });
  const programs = existsSync(log) ? readFileSync(log, "utf8") : "";
  const isRun = /vpp-punt.scripts.install\.mjs$/m.test(programs);
  if (ignoreScripts) assert(!isRun, "the install script ran");
  // npm runs a script only where its version and the project allow it. The package works in both cases.
  else if (manager !== "npm") assert(isRun, `the install script did not run:\n${programs}`);
  assert(traps.used().length === 0, `a prebuild fits, and yet it called ${traps.used().join(", ")}`);
  assert(!existsSync(join(folder, "node_modules/vpp-punt/build")), "it left a build folder");
  cpSync(consumerPrograms, folder, { recursive: true });
  context.installed[name] = folder;
  return isRun ? "the install script ran" : "no install script ran";
}

function folderSize(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** docs/packaging.md gives a reason for every dependency. */
function countDependencies(context) {
  const { dependencies, optionalDependencies = {} } = context.package;
  const direct = Object.keys({ ...dependencies, ...optionalDependencies });
  const reasons = readFileSync(join(root, "docs/packaging.md"), "utf8");
  const unexplained = direct.filter((name) => !reasons.includes(`| \`${name}\` |`));
  assert(unexplained.length === 0, `no reason in docs/packaging.md for ${unexplained.join(", ")}`);
  const folder = context.installed.npm;
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  const all = Object.keys(lock.packages).filter(Boolean).length;
  const size = folderSize(join(folder, "node_modules")) / 1e6;
  return `${direct.length} direct dependencies, ${all} packages, ${size.toFixed(1)} MB installed`;
}

const cases = Object.keys(MANAGERS).flatMap((manager) => [false, true].map((ignore) => [manager, ignore]));

export const installSteps = [
  ...cases.map(([manager, ignore]) => ({
    name: `installed by ${manager}${ignore ? " with --ignore-scripts" : ""}, without a compile`,
    run: (context) => install(context, manager, ignore),
    needed: manager !== "yarn",
  })),
  { name: "dependencies", run: countDependencies, quickly: true },
];
