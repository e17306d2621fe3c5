// Runs the memif tests over other engines: each combination in processes of its own, as an environment variable says which.
import { need } from "../need.js";

/** All of the memif tests that do not name their engines, in parts: the tests of one process run side by side. */
const parts = {
  peers: ["exchange", "packets", "reconnect", "options", "socket", "life", "testpmd"].map((name) => `memif/${name}`),
  hostile: ["handshake", "client", "server"].map((name) => `memif/hostile-${name}`),
  real: ["real/memif", "real/memif-libmemif"],
};

/** `engines`: of the server and the client. */
export async function overEngines(engines: string, part: keyof typeof parts): Promise<void> {
  const { reason, test } = need("libmemif");
  if (reason !== undefined) return test(`memif between ${engines}`, (t) => t.pass());
  process.env.VPP_PUNT_TEST_ENGINES = engines;
  // In one module: tests must all be declared in one turn of the event loop.
  const urls = parts[part].map((file) => new URL(`../../${file}.test.js`, import.meta.url).href);
  const all = urls.map((url) => `import ${JSON.stringify(url)};`).join("");
  await import(`data:text/javascript,${encodeURIComponent(all)}`);
}
