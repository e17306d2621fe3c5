// Loads the package, or with --bare nothing, and prints how long that took and what the process then holds.
const start = performance.now();
if (!process.argv.includes("--bare")) await import("../../lib/index.js");
const loadMs = performance.now() - start;
console.log(JSON.stringify({ loadMs, rssMb: process.memoryUsage.rss() / 2 ** 20 }));
