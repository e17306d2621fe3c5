// Runs the memif tests over other engines: each combination in a process of its own, as an environment variable says which.
import test from "ava";
import { native } from "../../lib/native.js";

/** `engines`: of the server and the client. `files`: of test/memif, without ".test.js". */
export async function overEngines(engines: string, files: readonly string[]): Promise<void> {
  if (!native.buildInfo().libmemif) {
    test.skip(`memif between ${engines} [skipped: libmemif is not in this build]`, (t) => t.pass());
    return;
  }
  process.env.VPP_PUNT_TEST_ENGINES = engines;
  // In one module: tests must all be declared in one turn of the event loop.
  const urls = files.map((file) => new URL(`../memif/${file}.test.js`, import.meta.url).href);
  const all = urls.map((url) => `import ${JSON.stringify(url)};`).join("");
  await import(`data:text/javascript,${encodeURIComponent(all)}`);
}
