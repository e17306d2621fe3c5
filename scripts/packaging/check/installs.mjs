// The tarball in an empty folder: by npm and pnpm, with and without install scripts, and never a compiler called.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, compilerTraps, consumerPrograms, root, run } from "./run.mjs";

const MANAGERS = {
  npm: (tarball) => ["npm", ["install", tarball, "--no-audit", "--no-fund", "--foreground-scripts"]],
  // Its cache would spare the install script for a tarball that was installed before.
  pnpm: (tarball) => [
    process.execPath,
    [join(root, "node_modules/pnpm/bin/pnpm.cjs"), "add", "--config.side-effects-cache=false", tarball],
  ],
};

/** A folder that is somebody's project. pnpm runs no install scripts unless the project allows it. */
export function emptyProject(folder) {
  mkdirSync(folder, { recursive: true });
  const project = { name: "consumer", private: true };
  writeFileSync(join(folder, "pnpm-workspace.yaml"), "dangerouslyAllowAllBuilds: true\n");
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  return folder;
}

function install(context, manager, ignoreScripts) {
  const name = `${manager}${ignoreScripts ? "-ignore-scripts" : ""}`;
  const folder = emptyProject(join(context.folder, name));
  const traps = compilerTraps(join(context.folder, `traps-${name}`));
  const [command, args] = MANAGERS[manager](context.tarball);
  const flags = ignoreScripts ? ["--ignore-scripts"] : [];
  const output = run(command, [...args, ...flags], { cwd: folder, env: { PATH: traps.path } });
  assert(
    /vpp-punt.* install(:|$)|node scripts\/install\.mjs/m.test(output) !== ignoreScripts,
    `install script:\n${output}`,
  );
  assert(traps.used().length === 0, `a prebuild fits, and yet it called ${traps.used().join(", ")}`);
  assert(!existsSync(join(folder, "node_modules/vpp-punt/build")), "it left a build folder");
  cpSync(consumerPrograms, folder, { recursive: true });
  context.installed[name] = folder;
}

function folderSize(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Every dependency is one that docs/packaging.md gives a reason for. */
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
    needed: true,
  })),
  { name: "dependencies", run: countDependencies, quickly: true },
];
