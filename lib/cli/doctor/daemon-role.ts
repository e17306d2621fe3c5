// Finds out why a daemon of a host in etcd does not act.
import { within } from "../ending/index.js";
import type { Finding } from "./check.js";

const LONGEST_MS = 3_000;

/** A daemon's host in etcd, as its call Info says. */
interface Standing {
  readonly host: string;
  readonly role: string;
  readonly daemon: string;
}

/** Asks the daemon at a socket for its role. A daemon that does not answer has none: other checks look for the reason. */
export async function roleFindings(socket: string, shown: string): Promise<readonly Finding[]> {
  const { remotePunts } = await import("../../module/index.js");
  const punts = await remotePunts({ socket });
  try {
    const { cluster } = await within(LONGEST_MS, "the daemon", punts.info());
    return cluster ? findingsOf(cluster, shown) : [];
  } catch {
    return [];
  } finally {
    await punts.close();
  }
}

/** Returns the finding for a daemon that may not act; `socket`: where it listens. */
export function findingsOf({ host, role, daemon }: Standing, socket: string): readonly Finding[] {
  const found = FINDINGS[role];
  if (!found) return [];
  const { what, remedy } = found(host, daemon);
  return [{ level: "problem", what: `the daemon at ${socket} ${what}`, why: WHY, remedy }];
}

const WHY = "it refuses changes of punts";

const FINDINGS: Readonly<Record<string, (host: string, daemon: string) => Pick<Finding, "what" | "remedy">>> = {
  "cut-off": (host) => ({
    what: `gets no answer from etcd, which has the punts of host ${host}`,
    remedy: "systemctl restart etcd, or name its servers in `etcd.endpoints` of the daemon's options",
  }),
  halted: (host) => ({
    what: `has stopped: etcd has another history than before for host ${host}`,
    remedy: `vpp-punt resume --host ${host} --keep daemon, or --keep etcd; docs/cluster.md says what each of them does`,
  }),
  "other-vpp": (host, daemon) => ({
    what: `has another VPP than ${daemon || "the daemon that acted"}, which manages host ${host}`,
    remedy: "give one of the two another `etcd.host`, or both the same `vppSocket`; then systemctl restart vpp-punt",
  }),
};
