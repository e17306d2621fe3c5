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
/** The state of each part: what it was made of, and the mutants that its compiler refused. */
export const list = join(copy, "parts.json");

const HEADER = fileURLToPath(new URL("mutant.h", import.meta.url));
const FLAGS = ["-include", HEADER, "-Wno-narrowing", "-w", "-g0"];
/** UndefinedBehaviorSanitizer would take half of the compiler's time. */
const PROGRAM_FLAGS = [...FLAGS, "-fno-sanitize=undefined"];
const COPIED = ["native", "binding.gyp", "package.json", "scripts", "test/fuzz/native"];

/** The files with mutants: rings, queues, slabs, and what a peer says in a handshake. */
const MUTATED = [
  /^native\/memif\/port\/(?:rx|tx)_(?:ring|queue)\.(?:cc|h)$/,
  /^native\/memif\/port\/link_slot\.h$/,
  /^native\/memif\/shared\/(?:\w+\.cc|ring\.h)$/,
  /^native\/memif\/control\/(?:client_handshake|server_handshake|client_memory|client_messages|channel)\.cc$/,
  /^native\/punt_socket\/(?:slab_ring|receiver|burst|moderation)\.(?:cc|h)$/,
];

/** Targets with mutated sources whose programs look for wrong results. */
export const TARGETS = Object.keys(nativeTargets).filter(
  (name) => !["filter", "segmenter", "passing", "memif-threads"].includes(name),
);

function below(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

export const mutatedFiles = () => below("native").filter((file) => MUTATED.some((pattern) => pattern.test(file)));

/** The folders that all parts of the copy are made of, and those of the programs besides. */
const MADE_OF = ["native", "scripts/mutation/native"];
const PROGRAMS_OF = ["test/fuzz/native", "scripts/fuzz"];
/** Files there that change no mutant. */
const OTHERS = ["copy.mjs", "judge.mjs"].map((name) => `scripts/mutation/native/${name}`);

function digest(folders) {
  const hash = createHash("sha256").update([...FLAGS, ...mutatedFiles()].join());
  for (const file of folders.flatMap(below).filter((name) => !OTHERS.includes(name)))
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
  const env = { ...process.env, CXXFLAGS: [...FLAGS, "-O0"].join(" ") };
  const build = "node scripts/install.mjs --rebuild >build.log 2>&1 || { cat build.log >&2; exit 1; }";
  const { status, stderr } = await run("bash", ["-c", build], { cwd: addon, env });
  return status === 0 ? {} : { errors: stderr };
}

/** Compiles a part with fewer and fewer mutants until the compiler takes them; resolves with the numbers of those it refused. */
async function refusedBy(mutants, build) {
  let left = mutants;
  for (;;) {
    write(left);
    const { errors } = await build();
    if (errors === undefined) break;
    left = withoutRefused(left, errors);
  }
  const taken = new Set(left);
  return mutants.filter((mutant) => !taken.has(mutant)).map(({ id }) => id);
}

/** The addon and the programs: what each is made of, and how. */
export function parts() {
  const programKey = digest([...MADE_OF, ...PROGRAMS_OF]);
  const compileProgram = (name) => () => compile(name, programs, { root: addon, flags: PROGRAM_FLAGS });
  return [
    ...TARGETS.map((name) => ({ name, key: programKey, build: compileProgram(name) })),
    { name: "the addon", key: digest(MADE_OF), build: compileAddon },
  ];
}

function copySources() {
  mkdirSync(programs, { recursive: true });
  for (const name of COPIED) {
    rmSync(join(addon, name), { recursive: true, force: true });
    cpSync(join(root, name), join(addon, name), { recursive: true });
  }
}

/** Compiles the parts of the copy that are out of date, or those of them in `wanted`; resolves with the mutants that are in all of them. */
export async function makeCopy(report, wanted) {
  const kept = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : {};
  const all = allMutants();
  const refused = new Set();
  copySources();
  for (const { name, key, build } of parts()) {
    if (wanted !== undefined && !wanted.includes(name)) continue;
    if (kept[name]?.key !== key) {
      report(`compiling ${name} with ${all.length} mutants`);
      kept[name] = { key, refused: await refusedBy(all, build) };
      writeFileSync(list, JSON.stringify(kept));
    }
    for (const id of kept[name].refused) refused.add(id);
  }
  if (refused.size > 0) report(`${refused.size} of ${all.length} mutants do not compile`);
  return all.filter(({ id }) => !refused.has(id));
}
