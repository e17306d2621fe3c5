// Packages that an import of this one loads: a program pays for what it uses, and its start stays quick.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";

const run = promisify(execFile);

/** A loader that writes the address of each module to standard error. */
const HOOKS = `
import { writeSync } from "node:fs";
export function load(url, context, next) {
  writeSync(2, url + "\\n");
  return next(url, context);
}`;
const hooks = `data:text/javascript,${encodeURIComponent(HOOKS)}`;
const registration = `import { register } from "node:module"; register(${JSON.stringify(hooks)});`;

/** Returns the installed packages that a program loads, whether by import or by require. */
async function packagesOf(program: readonly string[]): Promise<string[]> {
  const preload = `data:text/javascript,${encodeURIComponent(registration)}`;
  const { stdout, stderr } = await run(process.execPath, ["--import", preload, ...program]);
  const names = `${stdout}${stderr}`.matchAll(/\/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//g);
  return [...new Set([...names].map(([, name]) => name!))].sort();
}

/** The program that runs `code` after an import of an entry, and prints the files that `require` has loaded. */
function importing(entry: string, code = ""): string[] {
  const lines = [
    'import { createRequire } from "node:module";',
    `const entry = await import("./dist/lib/${entry}/index.js");`,
    code,
    'console.log(Object.keys(createRequire(import.meta.url).cache).join("\\n"));',
  ];
  return ["--input-type=module", "--eval", lines.join("\n")];
}

test("an import of stonework loads no package", async (t) => {
  t.deepEqual(await packagesOf(importing("stonework")), []);
});

for (const entry of [".", "binapi", "module", "daemon"]) {
  test(`an import of ${entry === "." ? "the main entry" : entry} loads no package but node-gyp-build, which finds the addon`, async (t) => {
    t.deepEqual(await packagesOf(importing(entry)), ["node-gyp-build"]);
  });
}

test("the first request that is checked loads zod, the first file yaml", async (t) => {
  const check = 'entry.parseRequest({ cnf: "a", type: "SPAN", vppInterface: "b" });';
  t.deepEqual(await packagesOf(importing(".", check)), ["node-gyp-build", "zod"]);
  const file = 'entry.parseRequests("punts: []", "name");';
  t.deepEqual(await packagesOf(importing(".", file)), ["node-gyp-build", "yaml"]);
});

test("the command line loads the package that reads it, and no other one for its version", async (t) => {
  t.deepEqual(await packagesOf(["dist/lib/cli/main.js", "--version"]), ["commander"]);
});
