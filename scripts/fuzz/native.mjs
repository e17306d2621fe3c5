// The libFuzzer targets: their sources, and how they are compiled.
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const passingSources = [
  "test/fuzz/native/close_here.cc",
  ...["hang_up", "passing"].map((name) => `native/util/${name}.cc`),
];
const memif = "native/memif";
const memifSources = [
  ...["buffer_pool", "link", "region", "ringer", "sigbus"].map((name) => `${memif}/shared/${name}.cc`),
  ...["channel", "client_handshake", "client_memory", "client_messages", "server_handshake"].map(
    (name) => `${memif}/control/${name}.cc`,
  ),
  ...["rx_queue", "rx_ring", "tx_queue", "tx_ring"].map((name) => `${memif}/port/${name}.cc`),
  ...passingSources,
];
const filterSources = ["flow_key", "lanes", "match_table", "program"].map((name) => `native/filter/${name}.cc`);
const segmenterSources = ["segmenter", "frame"].map((name) => `native/packet_socket/${name}.cc`);
const puntSocketSources = [
  ...["burst", "drain_thread", "moderation", "receiver", "scheduling", "slab_ring", "vpp_peer"].map(
    (name) => `native/punt_socket/${name}.cc`,
  ),
  ...["bound_path", "folder_lock", "thread"].map((name) => `native/util/${name}.cc`),
  ...passingSources,
];

const BOTH = "address,undefined";

/**
 * The sources beside test/fuzz/native/<program>.cc, the sanitizers and the longest input. Targets may have one program and corpus.
 * `threads`: two threads run the same code.
 */
export const nativeTargets = {
  memif: { sources: memifSources, sanitize: BOTH, longest: 2048 },
  "memif-threads": { program: "memif", sources: memifSources, sanitize: "thread", longest: 2048 },
  "memif-pair": { program: "memif_pair", sources: memifSources, sanitize: BOTH, longest: 2048 },
  "memif-pair-threads": {
    program: "memif_pair",
    sources: memifSources,
    sanitize: "thread",
    longest: 2048,
    threads: true,
  },
  "punt-socket": { program: "punt_socket", sources: puntSocketSources, sanitize: BOTH, longest: 2048 },
  "punt-socket-threads": {
    program: "punt_socket",
    sources: puntSocketSources,
    sanitize: "thread",
    longest: 2048,
    threads: true,
  },
  passing: { sources: passingSources, sanitize: BOTH, longest: 2048 },
  filter: { sources: filterSources, sanitize: BOTH, longest: 2048 },
  segmenter: { sources: segmenterSources, sanitize: BOTH, longest: 512 },
};

/** The folder below test/fuzz/corpus that has a target's kept inputs. */
export const corpusOf = (name) => (nativeTargets[name].program ?? name).replaceAll("_", "-");

/** Whether clang is here with the runtime of libFuzzer, which some systems have in a package of its own. */
export function canCompile(folder) {
  const input = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';
  const args = ["-fsanitize=fuzzer,address", "-x", "c++", "-", "-o", join(folder, "probe")];
  return spawnSync("clang++", args, { input }).status === 0;
}

const running = new Set();
process.on("exit", () => {
  for (const { pid } of running) process.kill(-pid, "SIGKILL");
});

/** Runs a program to its end; resolves with its exit status, null after a time limit, and what it wrote. It ends with this process. */
export function run(program, args, options = {}) {
  return new Promise((resolved) => {
    const child = spawn(program, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    child.on("exit", () => running.delete(child));
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"])
      child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
    child.on("error", (error) => running.delete(child) && resolved({ status: -1, ...output, stderr: error.message }));
    child.on("close", (status) => resolved({ status, ...output }));
  });
}

/** Compiles a target into the folder, from the sources below `root`; resolves with the program, or the compiler's errors. */
export async function compile(name, folder, { root = ".", flags = [] } = {}) {
  const target = nativeTargets[name];
  const program = join(folder, name);
  const sources = [`test/fuzz/native/${target.program ?? name}.cc`, ...target.sources];
  // One file with all of them: each header is compiled once.
  const joined = join(folder, `${name}.cc`);
  writeFileSync(joined, sources.map((source) => `#include "${resolve(root, source)}"\n`).join(""));
  const common = ["-std=c++20", "-g", "-O1", `-fsanitize=fuzzer,${target.sanitize}`, "-fno-sanitize-recover=all"];
  // ThreadSanitizer would report libFuzzer's own counters.
  const counted = join(folder, "counted");
  writeFileSync(counted, "src:*\nfun:LLVMFuzzerTestOneInput\n");
  if (target.threads) common.push(`-fsanitize-coverage-allowlist=${counted}`);
  const folders = [`-I${resolve(root, "native")}`, `-I${resolve(root, "test/fuzz/native")}`];
  const { status, stderr } = await run("clang++", [
    ...common,
    "-D_GNU_SOURCE",
    ...folders,
    ...flags,
    joined,
    "-o",
    program,
  ]);
  return status === 0 ? { program } : { errors: stderr };
}
