// Each decoder on a fixed set of damaged inputs, and the command line of the fuzzer.
import { spawnSync } from "node:child_process";
import test from "ava";
import { Random } from "../support/vpp/sample-values.js";
import { DECODERS } from "./decoders.js";
import { refusable } from "./refusable.js";

for (const [name, decode] of Object.entries(DECODERS)) {
  // Each input needs a VPP, an engine or a daemon.
  const inputs = name === "lying-caller" ? 4 : name.startsWith("lying-") ? 20 : 300;
  test(`damaged inputs are refused by name: ${name}`, async (t) => {
    for (let seed = 1; seed <= inputs; seed++) await refusable(() => decode(new Random(seed)));
    t.pass();
  });
}

function fuzz(...args: string[]) {
  return spawnSync(process.execPath, ["scripts/fuzz.mjs", ...args], { encoding: "utf8" });
}

/** The fuzzer on a machine without a compiler. */
function fuzzWithoutClang(...args: string[]) {
  const env = { ...process.env, PATH: "/nonexistent" };
  return spawnSync(process.execPath, ["scripts/fuzz.mjs", ...args], { encoding: "utf8", env });
}

test("the fuzzer refuses what it does not know, and names what there is", (t) => {
  const target = fuzz("no-such-target");
  t.is(target.status, 2);
  t.regex(target.stderr, /there is no target no-such-target; there are memif, /);
  const seconds = fuzz("--seconds", "soon");
  t.is(seconds.status, 2);
  t.regex(seconds.stderr, /--seconds must be an integer of at least 0; got soon/);
  t.regex(fuzz("--jobs", "0").stderr, /--jobs must be at least 1/);
  t.is(fuzz("--help").status, 0);
});

test("one decoder runs alone, by its name", (t) => {
  const { status, stdout } = fuzz("--seconds", "0", "--seed", "7", "packet");
  t.is(status, 0);
  t.regex(stdout, /^ok {2}packet: 1 inputs\n1 targets, 0 failed, seed 7\n$/);
});

test("the last line says which targets were skipped without clang, and --require fails then", (t) => {
  const args = ["--seconds", "0", "--seed", "7", "segmenter", "packet"];
  const { status, stdout } = fuzzWithoutClang(...args);
  t.is(status, 0);
  t.regex(stdout, /^skipped {2}segmenter: clang\+\+ with libFuzzer is not here$/m);
  t.is(
    stdout.trim().split("\n").at(-1),
    "2 targets, 0 failed, 1 skipped because clang++ with libFuzzer is not here, seed 7",
  );
  t.is(fuzzWithoutClang("--require", ...args).status, 1);
  t.is(fuzzWithoutClang("--require", "--seconds", "0", "packet").status, 0);
});
