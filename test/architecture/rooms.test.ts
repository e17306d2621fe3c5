// Folders are imported by their front doors, and no file imports itself by way of others.
import { dirname } from "node:path";
import test from "ava";
import { importsOf, libraryFiles } from "./source.js";

/** The outermost folder that holds `imported` but not `file`: the room that the import enters. */
function roomEntered(file: string, imported: string): string | undefined {
  const from = dirname(file).split("/");
  const to = dirname(imported).split("/");
  const shared = to.findIndex((name, i) => name !== from[i]);
  return shared < 0 ? undefined : to.slice(0, shared + 1).join("/");
}

test("a folder is imported by its front door, index.ts", (t) => {
  for (const file of libraryFiles()) {
    for (const imported of importsOf(file)) {
      const room = roomEntered(file, imported);
      if (room !== undefined) t.is(imported, `${room}/index.ts`, `${file} imports ${imported}`);
    }
  }
});

/** The files from which a way of imports leads back to themselves, each with such a way. */
function circles(files: readonly string[]): string[][] {
  const arrows = new Map(files.map((file) => [file, importsOf(file).filter((imported) => files.includes(imported))]));
  return files.flatMap((start) => {
    const way = wayBack(start, arrows);
    return way === undefined ? [] : [way];
  });
}

function wayBack(start: string, arrows: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of arrows.get(way.at(-1)!) ?? []) {
      if (next === start) return [...way, start];
      if (!seen.has(next)) {
        seen.add(next);
        ways.push([...way, next]);
      }
    }
  }
  return undefined;
}

test("no file imports itself by way of others, type imports included", (t) => {
  const found = circles(libraryFiles());
  t.deepEqual(
    found.map((way) => way.join(" -> ")),
    [],
  );
});
