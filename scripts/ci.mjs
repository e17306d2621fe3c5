// All checks, in the order in which a failure is cheapest to see. `.ci/run` calls it; `.ci/run lint demo` runs only those named.
// Every test counts as itself, every other check as one. The last line is `N passed, N failed, N skipped`.
import { existsSync, readFileSync } from "node:fs";
import { COMPILER, clangRuntime, EMULATION, installPackages, TOOLS } from "./ci/packages.mjs";
import { run } from "./ci/run.mjs";
import { buildSanitized, testSanitized } from "./ci/sanitizers.mjs";
import { readTap } from "./ci/tap.mjs";

const apiFiles = "../shared/vpp-api";
const total = { passed: 0, failed: 0, skipped: 0 };

function count({ passed = 0, failed = 0, skipped = 0 }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

function say(name, started, { passed = 0, failed = 0, skipped = 0 }) {
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(
    `${failed ? "FAILED" : "ok"}  ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`,
  );
}

const HELP = `usage: .ci/run [CHECK...]

Runs all checks, or those named, such as \`.ci/run lint "npm test" demo\`. Every check prints a line with its name.`;

const only = process.argv.slice(2);
if (only.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}

const isWanted = (name) => only.length === 0 || only.includes(name);

/** Runs one check, which resolves with `{ counts, shown }`, and reports it at once. Resolves with whether it failed nowhere. */
async function check(name, body) {
  if (!isWanted(name)) return true;
  const started = Date.now();
  const { counts, shown } = await body();
  for (const line of shown) console.log(line);
  count(counts);
  say(name, started, counts);
  return !counts.failed;
}

/** A check that is one command: passed if it exits with 0 and `accept` (if given) takes its output. */
function command(program, args, { accept = () => true, ...options } = {}) {
  return async () => {
    const result = await run(program, args, options);
    if (result.status === 0 && accept(result.stdout)) return { counts: { passed: 1 }, shown: [] };
    return { counts: { failed: 1 }, shown: [result.stdout, result.stderr, `exit status ${result.status}`] };
  };
}

/** A check whose command prints TAP. An exit status that contradicts the counts is a failure of its own. */
function tests({ status, stdout, stderr }) {
  const { counts, shown } = readTap(stdout);
  if (counts.failed > 0) shown.push(stderr);
  if (status !== 0 && counts.failed === 0) {
    counts.failed++;
    shown.push(stderr, `exit status ${status}`);
  }
  return { counts, shown };
}

const SANITIZED = "native tests with sanitizers";

async function sanitizedTests(build) {
  if (build.status !== 0) return { counts: { failed: 1 }, shown: [build.stdout, build.stderr] };
  const result = await testSanitized();
  const { counts, shown } = tests(result);
  return { counts: { ...counts, failed: counts.failed + result.found.length }, shown: [...shown, ...result.found] };
}

function demoIsOk(stdout) {
  return JSON.parse(stdout).ok === true;
}

const npmScript =
  (options) =>
  (name, ...args) =>
    command("npm", ["run", "--silent", name, "--", ...args], options);
const script = npmScript({});

/** The niceness of programs that take what others leave of the processor. */
const PATIENCE = 19;
const PATIENT = { niceness: PATIENCE };
const patient = npmScript(PATIENT);

/** A check by an npm script that needs the API files of VPP's releases, which not every machine has. */
function withApiFiles(body) {
  if (existsSync(apiFiles)) return body;
  return async () => ({ counts: { skipped: 1 }, shown: [`  ${apiFiles} is not here`] });
}

/** The prebuild is linked against Debian 11, whose packages come from a mirror that not every machine reaches. */
async function quickPackage() {
  const { status, stdout, stderr } = await run(process.execPath, ["scripts/packaging/check.mjs", "--quick"]);
  const skipped = linesOf(stdout, "skip");
  if (status === 0) return { counts: { passed: 1, skipped: skipped.length }, shown: skipped };
  const unreachable = /cannot download .*/.exec(stdout);
  if (unreachable) return { counts: { skipped: 1 }, shown: [`  ${unreachable[0]}`] };
  return { counts: { failed: 1 }, shown: [stdout, stderr] };
}

/** The lines of a command's output that begin with a word. */
const linesOf = (text, word) => text.match(new RegExp(`^${word} .*`, "gm")) ?? [];

/** A seed that is the same in each run on the same files, and another one after each change. */
async function seedOfFiles() {
  const { status, stdout } = await run("git", ["rev-parse", "HEAD^{tree}"]);
  return status === 0 ? String(Number.parseInt(stdout.slice(0, 6), 16) + 1) : "1";
}

/** Fuzzes a kind of targets. Two seconds for each find what a change breaks at once; .ci/nightly looks for longer, from other seeds. */
function fuzzing(kind, options) {
  return async () => {
    const args = ["run", "--silent", "fuzz", "--", "--seconds", "2", "--seed", await seedOfFiles(), kind];
    const { status, stdout, stderr } = await run("npm", args, options);
    const skipped = linesOf(stdout, "skipped");
    const counts = { passed: linesOf(stdout, "ok").length, failed: Number(status !== 0), skipped: skipped.length };
    return { counts, shown: status === 0 ? skipped : [stdout, stderr] };
  };
}

/** A short run: seeds other than this one are for .ci/nightly and for people. */
async function clusterTest() {
  const { status, stdout, stderr } = await run(
    "npm",
    "run --silent test:cluster -- --seed 12 --steps 4 --cnfs 12".split(" "),
  );
  const skipped = /skipped: .*/.exec(stdout);
  if (status === 0 && skipped) return { counts: { skipped: 1 }, shown: [`  ${skipped[0]}`] };
  if (status === 0) return { counts: { passed: 1 }, shown: [] };
  return { counts: { failed: 1 }, shown: [stdout, stderr] };
}

/** Known weaknesses of the packages that are installed with this one. Not every registry has the list. */
async function audit() {
  const { status, stdout, stderr } = await run("npm", ["audit", "--omit=dev", "--json"]);
  const report = jsonOf(stdout);
  if (report?.vulnerabilities === undefined)
    return {
      counts: { skipped: 1 },
      shown: [`  the registry has no audit: ${report?.message ?? stderr.split("\n")[0]}`],
    };
  if (status === 0) return { counts: { passed: 1 }, shown: [] };
  return { counts: { failed: 1 }, shown: [stdout] };
}

function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a software bill of materials has every dependency. */
function sbomIsWhole(stdout) {
  const names = new Set(JSON.parse(stdout).components.map(({ name, group }) => (group ? `${group}/${name}` : name)));
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  return Object.keys(dependencies).every((name) => names.has(name));
}

async function packageChecks() {
  await check("audit of dependencies", audit);
  await check("SBOM", command("npm", ["run", "--silent", "sbom"], { accept: sbomIsWhole }));
  await check("package", quickPackage);
}

/**
 * Work that only takes time of the processor. AVA's tests leave a quarter of it, because they wait for timers and each other's ends.
 * Resolves with the sanitized build, if it is wanted.
 */
async function besideTests() {
  await check("clang-tidy", patient("lint:native"));
  const build = isWanted(SANITIZED) ? await buildSanitized(PATIENCE) : undefined;
  await check("fuzzing of native code", fuzzing("native", PATIENT));
  // The same histories each time; .ci/nightly looks at others.
  await check("simulated histories", patient("simulate", "--runs", "1700", "--seed", "1"));
  await check("simulated daemons", patient("simulate", "--cluster", "--runs", "300", "--seed", "1"));
  await check("fuzzing of decoders", fuzzing("decoders", PATIENT));
  await check("random histories", patient("histories", "--runs", "100"));
  return build;
}

/** Checks that run programs other than AVA's. */
async function otherPrograms() {
  await check("demo", command("npm", ["run", "--silent", "demo", "--", "--json"], { accept: demoIsOk }));
  await check("binary API of every release", withApiFiles(script("check:api", "--dir", apiFiles)));
  await check("faults at each 1409th call", script("faults", "--every", "1409"));
  await check("faults of the machine", script("faults:machine", "--stop", "1"));
  await check("cluster", clusterTest);
  await check("kills at random moments", script("crash", "--runs", "5"));
}

async function install(packages) {
  for (const line of await installPackages(packages)) console.log(line);
}

const started = Date.now();
await install(COMPILER);
// Packages take as long as a compilation, and little of the processor.
const tools = install(process.env.NIGHTLY === "1" ? [...TOOLS, ...EMULATION] : TOOLS);
const prepared =
  (await check("npm ci", command("npm", ["ci", "--ignore-scripts"]))) &&
  (await check("addon and types", command(process.execPath, ["scripts/setup.mjs"])));
await tools;
await install(clangRuntime());
if (prepared) {
  await check("lint", script("lint"));
  // The site and what follows it have one core's work, and the package the other's.
  const beside = check("documents' site", script("docs:site")).then(besideTests);
  await packageChecks();
  const avaTests = async () => tests(await run("npm", ["run", "test:tap"], { timeoutMs: 1_800_000 }));
  // AVA's tests last longer than the work beside them, and the other programs wait much.
  const [, build] = await Promise.all([
    check("npm test", avaTests),
    beside.then(async (sanitized) => {
      await otherPrograms();
      return sanitized;
    }),
  ]);
  await check(SANITIZED, () => sanitizedTests(build));
}
console.log(`\n${((Date.now() - started) / 1000).toFixed(0)} s`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
