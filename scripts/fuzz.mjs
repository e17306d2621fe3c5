// `npm run fuzz -- --seconds N [target]`: fuzzes the native parsers with libFuzzer and the TypeScript decoders with damaged inputs.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { canCompile, compile, corpusOf, nativeTargets, run } from "./fuzz/native.mjs";
import { each } from "./mutation/choose.mjs";
import { cleanWhenInterrupted } from "./mutation/report.mjs";

const usage = `Usage: npm run fuzz -- [options] [target...]

Fuzzes the named targets, or all of them; "native" and "decoders" name all targets of a kind. Exits with 0 only if no target failed.

Options:
  --seconds N  time for each target (default 60)
  --seed N     seed of the inputs; a failure prints the seed that repeats it (default: from the clock)
  --input N    for a TypeScript target: only that input of the seed
  --jobs N     targets side by side (default 1)
  --keep       adds small inputs of native targets that reach something new to test/fuzz/corpus
  --require    fails if a native target is skipped because clang++ with libFuzzer is not here
  --list       prints the targets
  --help       prints this text

A native target that fails leaves its input in test/fuzz/corpus/<target>. It is part of every later run.
`;

const COMMON = ["-handle_bus=0", "-timeout=10", "-rss_limit_mb=2048"];
/** Bytes of an input that --keep takes. */
const LARGEST_KEPT = 1024;
const NO_CLANG = "clang++ with libFuzzer is not here";

const corpusRoot = resolve("test/fuzz/corpus");
const decoders = spawnSync(process.execPath, ["dist/test/fuzz/run.js"], { encoding: "utf8" }).stdout.trim().split("\n");
const targets = [...Object.keys(nativeTargets), ...decoders];
const groups = { native: Object.keys(nativeTargets), decoders };

function refuse(reason) {
  console.error(`fuzz: ${reason}\n\n${usage}`);
  process.exit(2);
}

function commandLine() {
  const options = {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String((Date.now() & 0xff_ffff) + 1) },
    input: { type: "string" },
    jobs: { type: "string", default: "1" },
    keep: { type: "boolean" },
    require: { type: "boolean" },
    list: { type: "boolean" },
    help: { type: "boolean" },
  };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    for (const name of ["seconds", "seed", "input", "jobs"])
      if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name]))
        refuse(`--${name} must be an integer of at least 0; got ${values[name]}`);
    if (Number(values.jobs) === 0) refuse("--jobs must be at least 1");
    const names = positionals.flatMap((name) => groups[name] ?? [name]);
    for (const name of names)
      if (!targets.includes(name)) refuse(`there is no target ${name}; there are ${targets.join(", ")}`);
    return { ...values, names: names.length > 0 ? names : targets };
  } catch (error) {
    return refuse(error.message);
  }
}

/** Adds the inputs of a run that reach something new to the kept ones. Small ones only: they are in every checkout. */
async function keep(program, corpus, kept) {
  const small = `${corpus}-small`;
  mkdirSync(small);
  for (const file of readdirSync(corpus))
    if (statSync(join(corpus, file)).size <= LARGEST_KEPT) cpSync(join(corpus, file), join(small, file));
  const before = readdirSync(kept).length;
  const { status, stderr } = await run(program, [...COMMON, "-merge=1", kept, small]);
  if (status !== 0) console.error(stderr);
  return status === 0 ? `, ${readdirSync(kept).length - before} kept` : ", none kept: the merge failed";
}

/** Replays the kept inputs and fuzzes for a while. Resolves with whether all held. */
async function fuzzNative(name, { seconds, seed, keep: keeps }, folder) {
  const target = nativeTargets[name];
  const { program, errors } = await compile(name, folder);
  if (program === undefined) console.error(`${errors}\nFAILED  ${name}: it does not compile`);
  if (program === undefined) return false;
  const kept = join(corpusRoot, corpusOf(name));
  mkdirSync(kept, { recursive: true });
  const corpus = join(folder, `${name}-corpus`);
  cpSync(kept, corpus, { recursive: true });
  const known = readdirSync(kept).map((file) => join(kept, file));
  const common = [...COMMON, `-artifact_prefix=${kept}/`];
  // A sanitizer that waits for itself does not hear of libFuzzer's own limit.
  const within = { timeout: 1000 * seconds + 60_000, killSignal: "SIGKILL" };
  // Every kept input first, alone: in the middle of a run a failure would be named after another one.
  const replay = known.length > 0 ? await run(program, [...common, ...known], within) : { status: 0 };
  const limits = [`-max_total_time=${seconds}`, `-max_len=${target.longest}`, `-seed=${seed}`, "-print_final_stats=1"];
  const result =
    replay.status === 0 && seconds > 0 ? await run(program, [...common, ...limits, corpus], within) : replay;
  const runs = /stat::number_of_executed_units: (\d+)/.exec(result.stderr ?? "")?.[1] ?? known.length;
  const repeat = `npm run fuzz -- --seconds ${seconds} --seed ${seed} ${name}`;
  const end = result.status === null ? `\nended after ${within.timeout / 1000} s, or by a signal` : "";
  if (result.status !== 0) console.error(`${result.stderr}${end}\nFAILED  ${name}; repeat: ${repeat}`);
  // With threads, what an input reaches is not the same twice.
  const added = result.status === 0 && keeps && target.sanitize !== "thread" ? await keep(program, corpus, kept) : "";
  if (result.status === 0) console.log(`ok  ${name}: ${runs} inputs${added}`);
  return result.status === 0;
}

async function fuzzDecoder(name, { seconds, seed, input }) {
  const args = ["dist/test/fuzz/run.js", name, seconds, seed, ...(input === undefined ? [] : [input])];
  // A decoder that never returns is a finding too.
  const result = await run(process.execPath, ["--max-old-space-size=1024", ...args], {
    timeout: 1000 * seconds + 60_000,
  });
  if (result.status === 0) console.log(`ok  ${name}: ${result.stdout.trim()}`);
  else {
    const which = /^input (\d+) of seed/m.exec(result.stderr)?.[1];
    const repeat = `npm run fuzz -- --seed ${seed}${which === undefined ? "" : ` --input ${which}`} ${name}`;
    console.error(`${result.stderr}\nFAILED  ${name}; repeat: ${repeat}`);
  }
  return result.status === 0;
}

/** Fuzzes the targets, and resolves with the names of the failed and of the skipped targets. */
async function fuzzAll(options, folder) {
  const hasClang = canCompile(folder);
  const [failed, skipped] = [[], []];
  await each(options.names, Number(options.jobs), async (name) => {
    const isNative = name in nativeTargets;
    if (isNative && !hasClang) skipped.push(name);
    else if (!(isNative ? await fuzzNative(name, options, folder) : await fuzzDecoder(name, options)))
      failed.push(name);
  });
  for (const name of skipped) console.log(`skipped  ${name}: ${NO_CLANG}`);
  return { failed, skipped };
}

async function main() {
  const options = commandLine();
  if (options.help) return void process.stdout.write(usage);
  if (options.list) return void console.log(targets.join("\n"));
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-fuzz-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  cleanWhenInterrupted(clean);
  const { failed, skipped } = await fuzzAll(options, folder).finally(clean);
  const left = skipped.length > 0 ? `, ${skipped.length} skipped because ${NO_CLANG}` : "";
  console.log(`${options.names.length} targets, ${failed.length} failed${left}, seed ${options.seed}`);
  process.exitCode = failed.length === 0 && !(options.require && skipped.length > 0) ? 0 : 1;
}

await main();
