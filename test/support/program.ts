// Programs that tests start in processes of their own.
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const writtenAt = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Returns where a compiled program is, such as lib/cli/main.js: its bundle, unless the code was compiled again since. */
export function programPath(path: string): string {
  const bundle = built(`program/${path}`);
  return writtenAt(bundle) > writtenAt(built(".tsbuildinfo")) ? bundle : built(path);
}
