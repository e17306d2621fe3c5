// Which mutants each test file reaches and how long it takes, measured once and kept in the copy.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runTest } from "./run-test.mjs";
import { root, tree } from "./tree.mjs";

const HOOK = pathToFileURL(fileURLToPath(new URL("hits.mjs", import.meta.url))).href;
/** A file that passes takes less, also on a busy machine. */
const LIMIT_MS = 180_000;

const digest = (file) =>
  createHash("sha256")
    .update(readFileSync(join(root, file)))
    .digest("hex");

/** Returns the file's mutants and its time in ms, or undefined if it fails without a mutant. */
export async function measure(file, report) {
  const kept = join(tree, "reached", `${file.replaceAll("/", "+")}.json`);
  const key = digest(file);
  const old = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : undefined;
  if (old?.key === key) return { file, ms: old.ms, hits: new Set(old.hits) };
  const list = join(tree, `reached-${basename(file)}-${process.pid}`);
  const preload = `${process.env.NODE_OPTIONS ?? ""} --import=${HOOK}`;
  const { outcome, ms, output } = await runTest(
    tree,
    file,
    { VPP_PUNT_MUTATION_HITS: list, NODE_OPTIONS: preload },
    LIMIT_MS,
  );
  const hits = existsSync(list) ? [...new Set(readFileSync(list, "utf8").split("\n").filter(Boolean))] : [];
  rmSync(list, { force: true });
  if (outcome !== "passed") {
    report(`${file} ${outcome} without a mutant and is left out: ${/^not ok .*/m.exec(output)?.[0] ?? ""}`);
    return undefined;
  }
  mkdirSync(join(tree, "reached"), { recursive: true });
  writeFileSync(kept, JSON.stringify({ key, ms, hits }));
  return { file, ms, hits: new Set(hits) };
}
