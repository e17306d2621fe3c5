// npm run test:threads: the addon compiled with ThreadSanitizer, and the tests of native code over it. Exits with 0 only if all tests
// passed and no two threads of the addon's race. Arguments are the test files to run instead.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "./run.mjs";
import { compileSanitized, nativeTestFiles, nodeEnvironment } from "./sanitizers.mjs";
import { readTap } from "./tap.mjs";

const RUN_WITHIN_MS = 60 * 60_000;
const folder = "build-threads";
const logs = join(folder, "logs");
const addon = join(folder, "build/Release/vpp_punt.node");

async function environment() {
  return {
    ...(await nodeEnvironment(folder, "thread", ["libtsan.so"])),
    // Node itself races, so that the log tells, and not the exit status.
    TSAN_OPTIONS: `exitcode=0:history_size=7:second_deadlock_stack=1:log_path=${resolve(logs)}/tsan`,
  };
}

/** The first frame of each stack of some parts that is not the sanitizer's own or the C++ library's. */
function tops(parts) {
  const stacks = parts.map((part) => part.split("\n").filter((line) => /^ *#\d+ /.test(line)));
  return stacks.flatMap((frames) => frames.find((line) => !/libtsan|libsanitizer|libstdc\+\+/.test(line)) ?? []);
}

/** Returns the parts of a report that show the two accesses of a race; either may have lost its stack. Of another report, returns all parts. */
function accessesOf(report) {
  const parts = report.split(/\n\s*\n/);
  return /data race/.test(report) ? parts.filter((part) => / of size \d+ at /.test(part)) : parts;
}

/**
 * Whether a report is about the addon. V8's jobs race by themselves; other programs do. libuv closes descriptors behind the
 * sanitizer's back, which then takes the next one of the same number for the same descriptor.
 */
function isOurs(report) {
  const accesses = tops(accessesOf(report));
  const creations = tops(report.split(/\n\s*\n/).filter((part) => /Location is file descriptor/.test(part)));
  const isDescriptor = /Location is file descriptor/.test(report) || accesses.some((frame) => /\buv_/.test(frame));
  const ours = accesses.filter((frame) => /vpp_punt\.node/.test(frame));
  if (!isDescriptor) return ours.length > 0;
  return ours.length === accesses.length && creations.every((frame) => /vpp_punt\.node/.test(frame));
}

/** Names the functions of the addon, which the sanitizer does not know: it is loaded late. */
async function symbolized(report) {
  const place = /<null> <null> \(vpp_punt\.node\+(0x[0-9a-f]+)\)/g;
  const addresses = [...new Set([...report.matchAll(place)].map(([, address]) => address))];
  const { stdout } = await run("addr2line", ["-Cfspe", addon, ...addresses]);
  const names = new Map(stdout.split("\n").map((name, index) => [addresses[index], name]));
  return report.replaceAll(place, (text, address) => names.get(address) ?? text);
}

async function findings() {
  const texts = readdirSync(logs).map((name) => readFileSync(join(logs, name), "utf8"));
  const reports = texts
    .flatMap((text) => text.split(/^={18}$/m))
    .filter((part) => /WARNING: ThreadSanitizer/.test(part));
  console.log(`${reports.length} reports, ${reports.filter(isOurs).length} of them about the addon`);
  return Promise.all(reports.filter(isOurs).map(symbolized));
}

async function main(words) {
  if (words.includes("--help")) {
    console.log("usage: npm run test:threads -- [TEST FILE...], such as dist/test/memif/close.test.js");
    return 0;
  }
  const build = await compileSanitized(folder, "thread");
  if (build.status !== 0) {
    console.error(build.stdout, build.stderr);
    return 1;
  }
  const files = words.length > 0 ? words : nativeTestFiles().filter((name) => !/architecture/.test(name));
  const command = ["scripts/ci/ava.mjs", "--timeout=10m", ...files];
  const options = { env: await environment(), timeoutMs: RUN_WITHIN_MS };
  const { status, stdout, stderr } = await run(process.execPath, command, options);
  const { counts, shown } = readTap(stdout);
  for (const line of shown) console.log(line);
  if (status !== 0) console.error(stderr);
  const found = await findings();
  for (const report of found) console.log(report);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${found.length} races`);
  return status === 0 && counts.failed === 0 && counts.passed > 0 && found.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
