import { readFileSync } from "node:fs";

const SYSCTL = "/proc/sys/net/unix/max_dgram_qlen";

/** What this package asks for: above the 171 small packets that VPP's send buffer holds, with room for injection. */
const ENOUGH = 512;

/** A condition under which packets will be lost, found when opening. */
export interface PuntWarning {
  /** `QUEUE_LIMIT`: net.unix.max_dgram_qlen is small. `NOT_CONNECTED`: VPP's punt socket is there and refuses. */
  code: "QUEUE_LIMIT" | "NOT_CONNECTED";
  /** What it is, what follows, and what to do. */
  message: string;
}

/** `net.unix.max_dgram_qlen` of this network namespace: datagrams that may be queued on a socket. undefined if unreadable. */
export function readQueueLimit(): number | undefined {
  try {
    return Number(readFileSync(SYSCTL, "utf8"));
  } catch {
    return undefined;
  }
}

/** The warning for a queue limit, or undefined if it will do. */
export function queueLimitWarning(limit: number | undefined): PuntWarning | undefined {
  if (limit === undefined || limit >= ENOUGH) return undefined;
  const message =
    `net.unix.max_dgram_qlen is ${limit}: of bursts longer than that, injected packets have to wait, and VPP drops punted ones ` +
    `while the socket is not connected to VPP. Run "sysctl -w net.unix.max_dgram_qlen=${ENOUGH}" before VPP and this ` +
    "process start (in each one's network namespace; the value is read when a socket is created), and keep it in /etc/sysctl.d.";
  return { code: "QUEUE_LIMIT", message };
}

const said = new Set<string>();

/** Where warnings go that nobody asked for: once each to Node's own. */
export function emitOnce(warning: PuntWarning): void {
  if (said.has(warning.message)) return;
  said.add(warning.message);
  process.emitWarning(warning.message, { type: "PuntWarning", code: warning.code });
}
