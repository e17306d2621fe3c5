// Symbolic links at paths that are written to: another user may have planted one, so that a file of this user is written.
import { lstatSync, type Stats } from "node:fs";

/**
 * Returns whose link is at a path: `trusted` is one of root's or of this process's user, who chose its target, and `foreign` is another
 * user's. `none`: something else is there, or nothing.
 */
export function linkAt(path: string): "none" | "trusted" | "foreign" {
  const found = statsOf(path);
  if (!found?.isSymbolicLink()) return "none";
  return found.uid === 0 || found.uid === process.geteuid!() ? "trusted" : "foreign";
}

/** Returns undefined where nothing can be looked at: who writes there learns the reason. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
