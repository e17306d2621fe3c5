// Imports the file that is named, or nothing without one, and prints the time and the memory of the process.
const [file] = process.argv.slice(2);
const start = performance.now();
if (file !== undefined) await import(file);
const loadMs = performance.now() - start;
console.log(JSON.stringify({ loadMs, rssMb: process.memoryUsage.rss() / 2 ** 20 }));
