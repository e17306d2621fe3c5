// Which folders of native/ may include which, and that no file includes itself by way of others.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import test from "ava";
import { projectFiles } from "./source.js";

const files = projectFiles().filter((file) => /^native\/.*\.(h|cc|c)$/.test(file));

/** The folders of native/ from the ground up, and the folders below that each may include. `.` is native/ itself. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  util: ["."],
  "memif/shared": ["util"],
  "memif/control": ["util", "memif/shared"],
  "memif/port": ["util", "memif/shared", "memif/control"],
  libmemif: ["util", "memif/shared", "memif/control"],
  descriptor: ["util", "."],
  packet_socket: ["util", ".", "descriptor", "filter"],
  punt_socket: ["util", ".", "descriptor", "filter"],
  "memif/binding": ["util", "descriptor", "filter", "memif/shared", "memif/control", "memif/port", "libmemif"],
};

/** Folders beside memif: each may include the helpers, and no other folder. */
const ALONE = ["."];

function folderOf(file: string): string {
  const folder = dirname(file).slice("native/".length);
  return folder === "" ? "." : folder;
}

/** The files of native/ that a file includes by their path. */
function includesOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const named = [...text.matchAll(/^#include "([^"]+)"/gm)].map(([, path]) => `native/${path}`);
  return named.filter((path) => files.includes(path));
}

test("native: no folder includes what is above it", (t) => {
  for (const file of files.filter((name) => folderOf(name) !== ".")) {
    const from = folderOf(file);
    const allowed = BELOW[from] ?? ["util", ...ALONE];
    for (const included of includesOf(file)) {
      const to = folderOf(included);
      t.true(to === from || allowed.includes(to), `${file} includes ${included}`);
    }
  }
});

/** A way of includes from `file` back to a file on it; undefined if there is none. Files in `done` have none. */
function circleFrom(file: string, way: readonly string[], done: Set<string>): readonly string[] | undefined {
  if (way.includes(file)) return [...way, file];
  if (done.has(file)) return undefined;
  for (const included of includesOf(file)) {
    const circle = circleFrom(included, [...way, file], done);
    if (circle !== undefined) return circle;
  }
  done.add(file);
  return undefined;
}

test("native: no file includes itself by way of others", (t) => {
  const done = new Set<string>();
  for (const file of files) t.is(circleFrom(file, [], done)?.join(" -> "), undefined);
});
