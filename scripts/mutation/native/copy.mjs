// The instrumented copy of native/ in dist/mutation-native: the addon and the fuzzing programs, compiled with every mutant inside.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, nativeTargets, run } from "../../fuzz/native.mjs";
import { instrumented, mutantsOf } from "./operators.mjs";

export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const copy = join(root, "dist/mutation-native");
/** The programs that can kill a mutant, and the addon. */
export const programs = join(copy, "programs");
export const addon = join(copy, "source");
const list = join(copy, "mutants.json");

const HEADER = fileURLToPath(new URL("mutant.h", import.meta.url));
const FLAGS = ["-include", HEADER, "-Wno-narrowing", "-w"];
const COPIED = ["native", "binding.gyp", "package.json", "scripts", "test/fuzz/native"];

/** The files with mutants: rings, queues, slabs, and what a peer says in a handshake. */
const MUTATED = [
  /^native\/memif\/port\/(?:rx|tx)_(?:ring|queue)\.(?:cc|h)$/,
  /^native\/memif\/port\/link_slot\.h$/,
  /^native\/memif\/shared\/(?:\w+\.cc|ring\.h)$/,
  /^native\/memif\/control\/(?:client_handshake|server_handshake|client_memory|client_messages|channel)\.cc$/,
  /^native\/punt_socket\/(?:slab_ring|receiver|burst|moderation|drain_thread)\.(?:cc|h)$/,
  /^native\/packet_socket\/(?:rx_ring|segmenter)\.cc$/,
];

/** Targets whose programs look for wrong results, and not only for reads and writes outside the memory. */
export const TARGETS = Object.keys(nativeTargets).filter((name) => name !== "filter" && name !== "memif-threads");

function below(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

export const mutatedFiles = () => below("native").filter((file) => MUTATED.some((pattern) => pattern.test(file)));

/** What the copy is made of and by. */
const MADE_OF = ["native", "test/fuzz/native", "scripts/mutation/native", "scripts/fuzz"];
const JUDGING = "scripts/mutation/native/judge.mjs";

function digest() {
  const hash = createHash("sha256");
  for (const file of MADE_OF.flatMap(below).filter((name) => name !== JUDGING))
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Returns all mutants, with numbers from 1 on. */
function allMutants() {
  const mutants = [];
  for (const file of mutatedFiles())
    mutants.push(...mutantsOf(readFileSync(join(root, file), "utf8"), file, mutants.length + 1));
  return mutants;
}

function write(mutants) {
  for (const file of mutatedFiles()) {
    const own = mutants.filter((mutant) => mutant.file === file);
    writeFileSync(join(addon, file), instrumented(readFileSync(join(root, file), "utf8"), own));
  }
}

/** Returns the mutants that a compiler's errors do not name. */
function withoutRefused(mutants, errors) {
  const named =
    /(?:source|\.\.)\/(native\/[\w/]+\.(?:cc|h)):(\d+):\d+: (?:error|note: in instantiation|.*required from)/g;
  const refused = new Set([...errors.matchAll(named)].map(([, file, row]) => `${file}:${row}`));
  const left = mutants.filter(({ file, rows }) => !rows.some((row) => refused.has(`${file}:${row}`)));
  if (left.length === mutants.length) throw new Error(`the copy does not compile:\n${errors}`);
  return left;
}

async function compileAddon() {
  const env = { ...process.env, CXXFLAGS: FLAGS.join(" ") };
  const build = "node scripts/install.mjs --rebuild >build.log 2>&1 || { cat build.log >&2; exit 1; }";
  const { status, stderr } = await run("bash", ["-c", build], { cwd: addon, env });
  return status === 0 ? {} : { errors: stderr };
}

/** Compiles with fewer and fewer mutants, until the compiler takes them. */
async function compiled(mutants, build) {
  let left = mutants;
  for (;;) {
    const { errors } = await build();
    if (errors === undefined) return left;
    left = withoutRefused(left, errors);
    write(left);
  }
}

/** Makes the copy and resolves with its mutants. Does nothing but read when it is up to date. */
export async function makeCopy(report) {
  const key = digest();
  const kept = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : undefined;
  if (kept?.key === key) return kept.mutants;
  rmSync(copy, { recursive: true, force: true });
  for (const folder of [programs, join(copy, "reached")]) mkdirSync(folder, { recursive: true });
  for (const name of COPIED) cpSync(join(root, name), join(addon, name), { recursive: true });
  let mutants = allMutants();
  const all = mutants.length;
  write(mutants);
  for (const name of TARGETS) {
    report(`compiling ${name} with all mutants`);
    mutants = await compiled(mutants, () => compile(name, programs, { root: addon, flags: FLAGS }));
  }
  report("compiling the addon with all mutants");
  mutants = await compiled(mutants, compileAddon);
  report(`${all - mutants.length} of ${all} mutants do not compile`);
  writeFileSync(list, JSON.stringify({ key, mutants }));
  return mutants;
}

/** Removes a copy that was not finished. */
export function removeUnfinishedCopy() {
  if (!existsSync(list)) rmSync(copy, { recursive: true, force: true });
}
