// Checks the tarball that `npm pack` makes: installs by npm, pnpm and Yarn, use from ESM, CommonJS and TypeScript, in workers and bundles,
// on every Node of package.json, from a prebuild and from source. Exits with 0 only if every check passes. Checks that need a tool that
// this machine lacks (a compiler for arm64, an emulator) are skipped by name.
//   node scripts/packaging/check.mjs [only-steps-whose-name-has-this]
//   node scripts/packaging/check.mjs --quick   the short checks: this architecture, this Node, no build from source
// Steps marked `long` run only when named.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inPath } from "../install/compile.mjs";
import { bundleSteps } from "./check/bundles.mjs";
import { consumerSteps } from "./check/consumers.mjs";
import { installSteps } from "./check/installs.mjs";
import { muslSteps } from "./check/musl.mjs";
import { Skip } from "./check/run.mjs";
import { sourceSteps } from "./check/source.mjs";
import { systemSteps } from "./check/systems.mjs";
import { tarballSteps } from "./check/tarball.mjs";
import { TRIPLETS } from "./debian.mjs";

const HELP = `usage: npm run check:package [-- --quick | WORD]

Checks the tarball that npm pack makes: the steps whose name has the word, the short ones (--quick), or all but the long ones.`;

if (process.argv[2] === "--help") {
  console.log(HELP);
  process.exit(0);
}

/** All steps in order. Steps marked `needed` always run. */
const steps = [
  ...tarballSteps,
  ...installSteps,
  ...consumerSteps,
  ...bundleSteps,
  ...sourceSteps,
  ...muslSteps,
  ...systemSteps,
];
const quick = process.argv[2] === "--quick";
const only = quick ? undefined : process.argv[2];
const failed = [];
const skipped = [];

function skip(name, reason) {
  skipped.push(name);
  console.log(`skip  ${name}: ${reason}`);
}

/** This machine's architecture, and the other one where its compiler is. */
function architectures() {
  const others = Object.keys(TRIPLETS).filter((arch) => arch !== process.arch && !quick);
  const able = others.filter((arch) => inPath(`${TRIPLETS[arch]}-g++`));
  for (const arch of others)
    if (!able.includes(arch))
      skip(`the ${arch} prebuild`, `no ${TRIPLETS[arch]}-g++: apt-get install g++-${TRIPLETS[arch].replace("_", "-")}`);
  return [process.arch, ...able];
}

/** Data of earlier steps for later ones: `folder` (scratch), `installed` (folders by kind of install), then `tarball` and others. */
const context = {
  architectures: architectures(),
  folder: mkdtempSync(join(tmpdir(), "vpp-punt-package-")),
  installed: {},
};

function isWanted({ name, needed, quickly, long }) {
  if (needed) return true;
  if (only) return name.includes(only);
  return quick ? quickly : !long;
}

for (const { name, run, needed } of steps.filter(isWanted)) {
  try {
    const detail = await run(context);
    console.log(`ok    ${name}${detail ? `: ${detail}` : ""}`);
  } catch (error) {
    if (error instanceof Skip) {
      skip(name, error.message);
      continue;
    }
    failed.push(name);
    console.log(`FAIL  ${name}\n${error.message.replace(/^/gm, "        ")}`);
    if (needed) break;
  }
}
rmSync(context.folder, { recursive: true, force: true });
const left = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
console.log(failed.length === 0 ? `package: all of it holds${left}` : `package: ${failed.length} of the checks failed`);
process.exit(failed.length === 0 ? 0 : 1);
