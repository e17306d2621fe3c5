// The package's own folder, wherever the code lies in it, and its version.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function rootAbove(folder: string): string {
  const isRoot = existsSync(join(folder, "package.json")) || folder === dirname(folder);
  return isRoot ? folder : rootAbove(dirname(folder));
}

/** Returns the path of a file of the package. The compiled code is in several folders of it, and a bundle moves code to others. */
export function packageFile(...path: string[]): string {
  return join(rootAbove(dirname(fileURLToPath(import.meta.url))), ...path);
}

/** Returns the version of the package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };
  return version;
}
