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
  for (const file of files) await import(`../memif/${file}.test.js`);
}
