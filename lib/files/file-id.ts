// Names of files that do not depend on their paths.
import type { BigIntStats, Stats } from "node:fs";

/** Names a file by device and inode: the same for each path of it, and in each mount namespace. */
export function fileId({ dev, ino }: Stats | BigIntStats): string {
  return `${dev}:${ino}`;
}

/** Names a file as `fileId` does, and tells it from a later file in its place, whose inode may be the same. */
export function fileLifeId(info: BigIntStats): string {
  return `${fileId(info)}:${info.ctimeNs}`;
}
