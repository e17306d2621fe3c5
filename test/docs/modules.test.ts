// The modules of the API reference have the names that programs import.
import { readFileSync } from "node:fs";
import test from "ava";

interface Export {
  readonly import?: { readonly types: string };
}

test("each entry of the API reference is named as programs import it", (t) => {
  const { entryPoints } = JSON.parse(readFileSync("typedoc.json", "utf8")) as { entryPoints: string[] };
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, Export> };
  const named = entryPoints.map((entry) => [entry, /@module (\S+)/.exec(readFileSync(entry, "utf8"))?.[1]]);
  const imported = Object.entries(exports).flatMap(([path, { import: entry }]) =>
    entry === undefined
      ? []
      : [[entry.types.replace("./dist/", "").replace(".d.ts", ".ts"), `vpp-punt${path.slice(1)}`]],
  );
  t.deepEqual(named.sort(), imported.sort());
});
