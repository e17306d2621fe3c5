// The role of a daemon of a cluster, as /readyz tells it.
import type { ClusterRole } from "../cluster/index.js";
import { messageOf } from "../errors.js";

/** Returns the reason why a daemon of a cluster is not ready. */
export function obstacleOf({ role, host, endpoints, problem }: ClusterRole): string | undefined {
  const reason = problem ? messageOf(problem) : `etcd at ${endpoints.join(", ")} does not answer`;
  if (role === "cut-off") return `cut off: ${reason}; VPP keeps the punts of host ${host}, and nothing is changed`;
  if (role === "other-vpp") return `other VPP: ${reason}`;
  return role === "halted" ? `halted: ${reason}` : undefined;
}

/** Returns the role of a daemon that is ready. Without room in etcd it is: it serves its punts, and a restart would not help. */
export function readiness(cluster: ClusterRole | undefined, isEtcdFull = false): string {
  if (!cluster) return "ok";
  const { role, host, daemon } = cluster;
  const room = isEtcdFull ? "; etcd has no room left, and changes are refused" : "";
  if (role === "leader") return `ok: leader of host ${host}${room}`;
  return `ok: standby of host ${host}; ${daemon === "" ? "no daemon acts now" : `${daemon} acts`}${room}`;
}
