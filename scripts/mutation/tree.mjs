// The instrumented copy of the project: dist/mutation, whose code holds every mutant, each asleep until a variable names it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { transform } from "esbuild";
import { FOLDERS } from "./choose.mjs";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const tree = join(root, "dist/mutation");
const list = join(tree, "mutants.json");

/** Written again in the copy; all else in the project's folder is linked. */
const OWN = [".git", "dist", "scripts"];
const COMPILED = ["benchmarks", "demo", "entries", "examples", "lib", "test"];

/** The compiler's state: tests take a program's bundle only if it is younger. */
const BUILT = ".tsbuildinfo";

const isTest = (file) => file.endsWith(".test.js");

/** The files below a folder of the project, in order, as paths from its root. */
export function filesBelow(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1)).sort();
}

const sources = () => FOLDERS.flatMap((name) => filesBelow(`lib/${name}`)).filter((file) => file.endsWith(".ts"));

/** A digest of all that a copy depends on, but for the test files, which are copied each time. */
function currentKey() {
  const compiled = COMPILED.flatMap((name) => filesBelow(`dist/${name}`));
  const code = compiled.filter((file) => file.endsWith(".js") && !isTest(file));
  const own = ["scripts/program.mjs", "scripts/mutation/tree.mjs", "package-lock.json"];
  const hash = createHash("sha256");
  for (const file of [...own, ...sources(), ...code]) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

const silent = { isDebugEnabled: () => false, debug() {}, info() {}, warn() {} };

/** Returns the mutants of the sources, and writes each source with all of its mutants as JavaScript to the copy. */
async function instrument() {
  const files = sources().map((name) => ({ name, mutate: true, content: readFileSync(join(root, name), "utf8") }));
  const options = { plugins: null, excludedMutations: [], ignorers: [], noHeader: false };
  const result = await new Instrumenter(silent).instrument(files, options);
  for (const { name, content } of result.files) {
    const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true, useDefineForClassFields: true } };
    const { code } = await transform(content, { loader: "ts", target: "es2022", tsconfigRaw });
    writeFileSync(join(tree, "dist", name.replace(/\.ts$/, ".js")), code);
  }
  const lines = new Map(files.map(({ name, content }) => [name, content.split("\n")]));
  return result.mutants.map((mutant) => described(mutant, lines.get(mutant.fileName)));
}

function described({ id, fileName, location: { start, end }, replacement, mutatorName }, lines) {
  const text = lines.slice(start.line, end.line + 1);
  text[text.length - 1] = text.at(-1).slice(0, end.column);
  text[0] = text[0].slice(start.column);
  const place = { file: fileName, row: start.line + 1, column: start.column + 1 };
  return { id, ...place, line: lines[start.line].trim(), original: text.join("\n"), replacement, kind: mutatorName };
}

function copyTests() {
  for (const file of filesBelow("dist/test").filter(isTest)) cpSync(join(root, file), join(tree, file));
}

/** Makes the copy and returns its mutants. A copy that is up to date only gets the test files. */
export async function makeTree(report) {
  const key = currentKey();
  const kept = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : undefined;
  if (kept?.key === key) {
    copyTests();
    return kept.mutants;
  }
  report("writing all mutants into a copy of the project");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, "dist"), { recursive: true });
  for (const name of readdirSync(root).filter((entry) => !OWN.includes(entry)))
    symlinkSync(join(root, name), join(tree, name));
  for (const name of COMPILED) cpSync(join(root, "dist", name), join(tree, "dist", name), { recursive: true });
  cpSync(join(root, "scripts"), join(tree, "scripts"), { recursive: true });
  for (const name of readdirSync(join(root, "dist")).filter((entry) => !existsSync(join(tree, "dist", entry))))
    if (!["mutation", "program", BUILT].includes(name)) symlinkSync(join(root, "dist", name), join(tree, "dist", name));
  writeFileSync(join(tree, "dist", BUILT), "");
  const mutants = await instrument();
  execFileSync(process.execPath, [join(tree, "scripts/program.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  writeFileSync(list, JSON.stringify({ key, mutants }));
  return mutants;
}

/** Removes a copy that was not finished. */
export function removeUnfinishedTree() {
  if (!existsSync(list)) rmSync(tree, { recursive: true, force: true });
}
