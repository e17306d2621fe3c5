// Loads the package, or nothing with --bare, and prints the time and the memory of the process.
const start = performance.now();
if (!process.argv.includes("--bare")) await import("../../lib/index.js");
const loadMs = performance.now() - start;
console.log(JSON.stringify({ loadMs, rssMb: process.memoryUsage.rss() / 2 ** 20 }));
