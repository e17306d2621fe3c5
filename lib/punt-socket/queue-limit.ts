// Warnings about conditions under which packets will be lost.
import { readFileSync } from "node:fs";

const SYSCTL = "/proc/sys/net/unix/max_dgram_qlen";

/** The limit that this package asks for: above the 171 small packets of VPP's send buffer, with room for injection. */
const ENOUGH = 512;

/** A condition under which packets will be lost, found when opening. */
export interface PuntWarning {
  /** `QUEUE_LIMIT`: net.unix.max_dgram_qlen is small. `NOT_CONNECTED`: VPP's punt socket exists and refuses. */
  code: "QUEUE_LIMIT" | "NOT_CONNECTED";
  /** The condition, what follows from it, and what to do. */
  message: string;
}

/** Reads `net.unix.max_dgram_qlen` of this network namespace: datagrams that a socket queues. undefined if unreadable. */
export function readQueueLimit(): number | undefined {
  try {
    return Number(readFileSync(SYSCTL, "utf8"));
  } catch {
    return undefined;
  }
}

/** Returns the warning for a queue limit; undefined if the limit is large enough. */
export function queueLimitWarning(limit: number | undefined): PuntWarning | undefined {
  if (limit === undefined || limit >= ENOUGH) return undefined;
  const message =
    `net.unix.max_dgram_qlen is ${limit}: of longer bursts, injected packets have to wait, and VPP drops punted packets ` +
    `while the socket is not connected to VPP. Run "sysctl -w net.unix.max_dgram_qlen=${ENOUGH}" before VPP and this ` +
    "process start (in the network namespace of each; a socket reads the value when it is created), and keep it in /etc/sysctl.d.";
  return { code: "QUEUE_LIMIT", message };
}

const said = new Set<string>();

/** The default for warnings: passes each to `process.emitWarning` once. */
export function emitOnce(warning: PuntWarning): void {
  if (said.has(warning.message)) return;
  said.add(warning.message);
  process.emitWarning(warning.message, { type: "PuntWarning", code: warning.code });
}
