// Where StoneWork keeps its files and sockets.
import { join } from "node:path";

/** Paths that follow from StoneWork's directory, a volume that all CNFs share. */
export interface StoneWorkPaths extends PuntPaths {
  /** CNFs announce themselves by files in it. */
  readonly discovery: string;
}

export interface PuntPaths {
  /** Sockets of memif interconnects. */
  readonly memifDirectory: string;
  /** VPP's punt socket, for injection. */
  readonly vppPuntSocket: string;
}

export const DEFAULT_DIRECTORY = "/run/stonework";

/**
 * Returns the paths in StoneWork's directory.
 *
 * @example
 * ```ts
 * import { DEFAULT_DIRECTORY, pathsIn } from "vpp-punt/stonework";
 *
 * console.log(pathsIn(DEFAULT_DIRECTORY).memifDirectory); // /run/stonework/memif
 * ```
 */
export function pathsIn(directory: string): StoneWorkPaths {
  return {
    discovery: join(directory, "discovery"),
    memifDirectory: join(directory, "memif"),
    vppPuntSocket: join(directory, "vpp", "punt-to-vpp.sock"),
  };
}
