// clang-format over native/ and the C peers: checks, or rewrites with --write.
// In CI a missing clang-format is an error; elsewhere it is said and skipped.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const HELP = `usage: npm run lint, npm run format

Checks the format of the C and C++ sources with clang-format; with --write, rewrites them.`;

const unknown = process.argv.slice(2).find((word) => word !== "--write");
if (unknown !== undefined) {
  console.log(unknown === "--help" ? HELP : `format: ${unknown} is not an option; there are --write and --help`);
  process.exit(unknown === "--help" ? 0 : 2);
}
const folders = ["native", "benchmarks/peers", "test/peers"].filter((folder) => existsSync(folder));
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => /\.(cc|h|c)$/.test(name))
    .map((name) => join(folder, name)),
);
const args = process.argv.includes("--write") ? ["-i"] : ["--dry-run", "--Werror"];
const result = spawnSync("clang-format", [...args, ...files], { stdio: "inherit" });
if (result.error) {
  console.error(`clang-format is not installed (${result.error.code}): native formatting not checked`);
  process.exit(process.env.CI ? 1 : 0);
}
process.exit(result.status ?? 1);
