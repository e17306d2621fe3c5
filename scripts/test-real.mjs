// npm run test:real -- PREFIX...: the tests on a real VPP (test/real), on the VPP of each prefix (`PREFIX/bin/vpp`) in turn.
// Ends with the skips by name and a table; the exit status is 0 if no test failed. Without a prefix: $VPP_PREFIX or /opt/vpp.
// With --libraries, the addon is first compiled with the libvapiclient of each VPP (and the libmemif of $LIBMEMIF_PREFIX), and the
// addon of before is put back at the end.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { run } from "./ci/run.mjs";
import { readTap } from "./ci/tap.mjs";

const RUN_WITHIN_MS = 30 * 60_000;
const TESTS = "dist/test/real/**/*.test.js";
const ADDON = "build/Release/vpp_punt.node";

function fail(message) {
  console.error(`test:real: ${message}`);
  process.exit(2);
}

function prefixes(words) {
  if (words.includes("--help")) {
    console.log("usage: npm run test:real -- [--libraries] [PREFIX...]");
    console.log(
      "  PREFIX/bin/vpp is a VPP, such as /opt/vpp-23.06; with several, VPP is upgraded from each to the next one",
    );
    console.log(
      "  --libraries    compile the addon with the libvapiclient of each VPP and the libmemif of $LIBMEMIF_PREFIX",
    );
    process.exit(0);
  }
  const option = words.find((word) => word.startsWith("-"));
  if (option !== undefined) fail(`${option} is not an option; there are --libraries and --help`);
  const given = words.length > 0 ? words : [process.env.VPP_PREFIX ?? "/opt/vpp"];
  for (const prefix of given)
    if (!existsSync(join(prefix, "bin/vpp")))
      fail(`there is no VPP in ${prefix}: ${join(prefix, "bin/vpp")} is missing`);
  return given.map((prefix) => resolve(prefix));
}

async function compileWith(prefix) {
  const env = { VPP_PREFIX: prefix };
  const { status, stderr } = await run(process.execPath, ["scripts/install.mjs", "--rebuild"], { env });
  if (status !== 0) fail(`the addon does not compile with the libraries of ${prefix}:\n${stderr}`);
}

/** Runs all tests on one VPP. Resolves with the counts, and prints failures and skips. */
async function testOn(prefix, other, withLibraries) {
  console.log(`\n${prefix}`);
  if (withLibraries) await compileWith(prefix);
  const started = Date.now();
  const command = [process.execPath, ["scripts/ci/ava.mjs", TESTS]];
  const { status, stdout, stderr } = await run(...command, {
    env: { VPP_PREFIX: prefix, VPP_OTHER_PREFIX: other },
    timeoutMs: RUN_WITHIN_MS,
  });
  const { counts, shown } = readTap(stdout);
  if (status !== 0 && counts.failed === 0) counts.failed++;
  if (counts.failed > 0) shown.push(stderr);
  for (const line of shown) console.log(line);
  return { VPP: basename(prefix), ...counts, seconds: Math.round((Date.now() - started) / 1000) };
}

const words = process.argv.slice(2);
const withLibraries = words.includes("--libraries");
const before = withLibraries && readFileSync(ADDON);
const results = [];
const given = prefixes(words.filter((word) => word !== "--libraries"));
for (const [index, prefix] of given.entries()) {
  const next = given[(index + 1) % given.length];
  results.push(await testOn(prefix, next === prefix ? process.env.VPP_OTHER_PREFIX : next, withLibraries));
}
if (before) writeFileSync(ADDON, before);
console.log("");
console.table(results);
process.exitCode = results.every(({ failed, passed }) => failed === 0 && passed > 0) ? 0 : 1;
