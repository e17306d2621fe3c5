// Asks the daemon for its VPP, and finds out why it does not act for its host in etcd.
import type { DaemonInfo } from "../../module/index.js";
import { within } from "../ending/index.js";
import type { Finding } from "./check.js";

const LONGEST_MS = 3_000;

/** A daemon's host in etcd, as its call Info says. */
interface Standing {
  readonly host: string;
  readonly role: string;
  readonly daemon: string;
}

/** Asks the daemon at a socket. A daemon that does not answer tells nothing: other checks look for the reason. */
async function infoOf(socket: string): Promise<DaemonInfo | undefined> {
  const { remotePunts } = await import("../../module/index.js");
  const punts = await remotePunts({ socket });
  try {
    return await within(LONGEST_MS, "the daemon", punts.info());
  } catch {
    return undefined;
  } finally {
    await punts.close();
  }
}

/** Asks the daemon at a socket for its role. */
export async function roleFindings(socket: string, shown: string): Promise<readonly Finding[]> {
  const { cluster } = (await infoOf(socket)) ?? {};
  return cluster ? findingsOf(cluster, shown) : [];
}

/** Returns the API socket of a daemon's VPP; undefined if the daemon has no VPP. The daemon names the socket to operators only. */
export async function vppOfDaemon(socket: string): Promise<{ readonly socket: string | undefined } | undefined> {
  const found = await infoOf(socket);
  return found?.vppConnected || found?.vppSocket ? { socket: found.vppSocket } : undefined;
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
    remedy:
      "journalctl -u vpp-punt has the reason; systemctl restart etcd, or name its servers in `etcd.endpoints` of the daemon's options",
  }),
  halted: (host) => ({
    what: `has stopped: etcd has another history than before for host ${host}`,
    remedy: `vpp-punt resume --etcd <urls> --host ${host} --keep daemon, or --keep etcd; docs/cluster.md says what each of them does`,
  }),
  "other-vpp": (host, daemon) => ({
    what: `has another VPP than ${daemon || "the daemon that acted"}, which manages host ${host}`,
    remedy: "give one of the two another `etcd.host`, or both the same `vppSocket`; then systemctl restart vpp-punt",
  }),
};
