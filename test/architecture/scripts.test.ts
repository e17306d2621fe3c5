// The programs behind package.json's scripts say how they are used, and do nothing else then.
import { readFileSync } from "node:fs";
import test from "ava";
import { runNode } from "../support/machine/script.js";

/** Called by other programs only. */
const UNUSED_BY_PEOPLE = ["scripts/packaging/prepack.mjs", "scripts/packaging/postpack.mjs"];

const { scripts, files } = JSON.parse(readFileSync("package.json", "utf8")) as {
  scripts: Record<string, string>;
  files: string[];
};
const named = Object.values(scripts).flatMap((command) => command.match(/(?:scripts|dist)\/\S+\.m?js/g) ?? []);
const programs = [...new Set([...named, "scripts/ci.mjs"])].filter((file) => !UNUSED_BY_PEOPLE.includes(file));

for (const program of programs) {
  test(`${program} --help prints how it is used`, async (t) => {
    const { output, code } = await runNode(t, program, "--help");
    t.is(code, 0, output);
    t.regex(output, /usage|npm run|Usage/);
    t.true(output.length < 5_000, output);
  });
}

test("the package has each script that the addon's build runs", (t) => {
  const build = readFileSync("binding.gyp", "utf8") + readFileSync("CMakeLists.txt", "utf8");
  const called = [...build.matchAll(/\bscripts\/[\w/.-]+\.mjs\b/g)].map(([path]) => path);
  t.true(called.length > 1);
  for (const path of called) t.true(files.includes(path), path);
});
