// `npm run fuzz -- --seconds N [target]`: fuzzes the native parsers with libFuzzer and the TypeScript decoders with damaged inputs.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const usage = `Usage: npm run fuzz -- [options] [target...]

Fuzzes the named targets, or all of them; "native" and "decoders" name all targets of a kind. Exits with 0 only if no target failed.

Options:
  --seconds N  time for each target (default 60)
  --seed N     seed of the inputs; a failure prints the seed that repeats it (default: from the clock)
  --input N    for a TypeScript target: only that input of the seed
  --list       prints the targets
  --help       prints this text

A native target that fails leaves its input in test/fuzz/corpus/<target>. It is part of every later run.
`;

const memif = "native/memif";
const memifSources = [
  "test/fuzz/native/memif.cc",
  ...["buffer_pool", "link", "region", "ringer", "sigbus"].map((name) => `${memif}/shared/${name}.cc`),
  ...["channel", "client_handshake", "client_memory", "client_messages", "server_handshake"].map(
    (name) => `${memif}/control/${name}.cc`,
  ),
  ...["rx_queue", "rx_ring", "tx_queue", "tx_ring"].map((name) => `${memif}/port/${name}.cc`),
];

/** The libFuzzer targets: their sources, and the sanitizers that they are compiled with. */
const nativeTargets = {
  memif: { sources: memifSources, sanitize: "address,undefined", longest: 2048 },
  "memif-threads": { sources: memifSources, sanitize: "thread", longest: 2048, corpus: "memif" },
  filter: {
    sources: [
      "test/fuzz/native/filter.cc",
      ...["flow_key", "lanes", "match_table", "program"].map((name) => `native/filter/${name}.cc`),
    ],
    sanitize: "address,undefined",
    longest: 2048,
  },
  segmenter: {
    sources: [
      "test/fuzz/native/segmenter.cc",
      ...["segmenter", "frame"].map((name) => `native/packet_socket/${name}.cc`),
    ],
    sanitize: "address,undefined",
    longest: 512,
  },
};

const run = (program, args, options) => spawnSync(program, args, { encoding: "utf8", ...options });
const corpusRoot = resolve("test/fuzz/corpus");
const decoders = run(process.execPath, ["dist/test/fuzz/run.js"]).stdout.trim().split("\n");
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
    list: { type: "boolean" },
    help: { type: "boolean" },
  };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    for (const name of ["seconds", "seed", "input"])
      if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name]))
        refuse(`--${name} must be an integer of at least 0; got ${values[name]}`);
    const names = positionals.flatMap((name) => groups[name] ?? [name]);
    for (const name of names)
      if (!targets.includes(name)) refuse(`there is no target ${name}; there are ${targets.join(", ")}`);
    return { ...values, names: names.length > 0 ? names : targets };
  } catch (error) {
    return refuse(error.message);
  }
}

/** Whether clang is here with the runtime of libFuzzer, which some systems have in a package of its own. */
function canCompile(folder) {
  const input = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';
  const args = ["-fsanitize=fuzzer,address", "-x", "c++", "-", "-o", join(folder, "probe")];
  return run("clang++", args, { input }).status === 0;
}

/** Returns the program, or undefined after it has printed the compiler's errors. */
function compile(name, { sources, sanitize }, folder) {
  const program = join(folder, name);
  // One file with all of them: each header is compiled once.
  const joined = join(folder, `${name}.cc`);
  writeFileSync(joined, sources.map((source) => `#include "${resolve(source)}"\n`).join(""));
  const flags = ["-std=c++20", "-g", "-O1", `-fsanitize=fuzzer,${sanitize}`, "-fno-sanitize-recover=all"];
  const args = [...flags, "-D_GNU_SOURCE", "-Inative", "-Itest/fuzz/native", joined, "-o", program];
  const { status, stderr } = run("clang++", args);
  if (status !== 0) console.error(stderr);
  return status === 0 ? program : undefined;
}

function fuzzNative(name, { seconds, seed }, folder) {
  const target = nativeTargets[name];
  const program = compile(name, target, folder);
  if (program === undefined) return false;
  const kept = join(corpusRoot, target.corpus ?? name);
  const corpus = join(folder, `${name}-corpus`);
  mkdirSync(corpus);
  if (existsSync(kept)) cpSync(kept, corpus, { recursive: true });
  else mkdirSync(kept, { recursive: true });
  const known = existsSync(kept) ? readdirSync(kept).map((file) => join(kept, file)) : [];
  const common = ["-handle_bus=0", "-timeout=10", "-rss_limit_mb=2048", `-artifact_prefix=${kept}/`];
  // Every kept input first, alone: in the middle of a run a failure would be named after another one.
  const replay = known.length > 0 ? run(program, [...common, ...known]) : { status: 0 };
  const limits = [`-max_total_time=${seconds}`, `-max_len=${target.longest}`, `-seed=${seed}`, "-print_final_stats=1"];
  const result = replay.status === 0 && seconds > 0 ? run(program, [...common, ...limits, corpus]) : replay;
  const runs = /stat::number_of_executed_units: (\d+)/.exec(result.stderr ?? "")?.[1] ?? known.length;
  if (result.status === 0) console.log(`ok  ${name}: ${runs} inputs`);
  else
    console.error(
      `${result.stderr}\nFAILED  ${name}; repeat: npm run fuzz -- --seconds ${seconds} --seed ${seed} ${name}`,
    );
  return result.status === 0;
}

function fuzzDecoder(name, { seconds, seed, input }) {
  const args = ["dist/test/fuzz/run.js", name, seconds, seed, ...(input === undefined ? [] : [input])];
  // A decoder that never returns is a finding too.
  const result = run(process.execPath, ["--max-old-space-size=1024", ...args], { timeout: 1000 * seconds + 60_000 });
  if (result.status === 0) console.log(`ok  ${name}: ${result.stdout.trim()}`);
  else {
    const which = /^input (\d+) of seed/m.exec(result.stderr)?.[1];
    const repeat = `npm run fuzz -- --seed ${seed}${which === undefined ? "" : ` --input ${which}`} ${name}`;
    console.error(`${result.stderr}\nFAILED  ${name}; repeat: ${repeat}`);
  }
  return result.status === 0;
}

function main() {
  const options = commandLine();
  if (options.help) return void process.stdout.write(usage);
  if (options.list) return void console.log(targets.join("\n"));
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-fuzz-"));
  const hasClang = canCompile(folder);
  const failed = [];
  try {
    for (const name of options.names) {
      const isNative = name in nativeTargets;
      if (isNative && !hasClang) console.log(`skipped  ${name}: clang++ with libFuzzer is not here`);
      else if (!(isNative ? fuzzNative(name, options, folder) : fuzzDecoder(name, options))) failed.push(name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${options.names.length} targets, ${failed.length} failed, seed ${options.seed}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

main();
