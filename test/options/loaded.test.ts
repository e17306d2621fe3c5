// The packages that the library's entry loads: those of the daemon and of the command line are not among them.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";

const entry = new URL("../../lib/index.js", import.meta.url).href;

/** A hook that prints the URL of each module that is loaded. */
const HOOK = `
import { writeSync } from "node:fs";
export const load = (url, context, next) => { writeSync(1, url + "\\n"); return next(url, context); };`;

/** Returns the packages whose modules are loaded with the entry. */
async function packagesOf(url: string): Promise<Set<string>> {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const script = `import { register } from "node:module"; register(${JSON.stringify(hook)}); await import(${JSON.stringify(url)});`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  const names = stdout.split("\n").map((line) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(line)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

test("the library's entry loads no package of the daemon, of gRPC or of the command line", async (t) => {
  const loaded = await packagesOf(entry);
  t.true(loaded.has("zod"), "the hook sees packages");
  const allowed = ["zod", "yaml", "node-gyp-build"];
  t.deepEqual(
    [...loaded].filter((name) => !allowed.includes(name)),
    [],
  );
});
