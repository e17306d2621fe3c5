// Connects once in a fresh process.
//   connect.js SOCKET auto|builtin
// Prints { "ms": time to connect, "mb": memory of the connection }.
import { Vpp } from "../../lib/binapi/index.js";

const [socketPath, schema] = process.argv.slice(2);
globalThis.gc!();
const before = process.memoryUsage().rss;
const start = performance.now();
const vpp = await Vpp.connect({ socketPath: socketPath!, schema: schema as "auto" | "builtin" });
const ms = performance.now() - start;
globalThis.gc!();
console.log(JSON.stringify({ ms, mb: (process.memoryUsage().rss - before) / 1e6 }));
await vpp.close();
