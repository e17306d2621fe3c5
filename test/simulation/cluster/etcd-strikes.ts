// The strikes at etcd and at the ways to it.
import { Keys } from "../../../lib/cluster/index.js";
import { HOST, PREFIX } from "./daemon-process.js";
import type { EtcdProcess } from "./etcd-process.js";
import type { Action } from "./operation.js";

/** Virtual milliseconds for which reads are slow. */
const LONGEST_SLOWNESS = 3_000;
const keys = new Keys(PREFIX, HOST);

/** Strikes etcd, or one way to it. */
export function strikeEtcd(
  etcd: EtcdProcess,
  now: number,
  action: Extract<Action, { op: `etcd-${string}` | "compact" }>,
): void {
  if (action.op === "etcd-restart") etcd.restart(action.down);
  else if (action.op === "compact") etcd.model.compact();
  else {
    const way = etcd.ways[action.place]!;
    if (action.op === "etcd-fault") way.add(action.fault, action.nth);
    else if (action.op === "etcd-late")
      way.eventsFrom.set(action.folder === "all" ? PREFIX : keys.folder(action.folder), now + action.ms);
    else if (action.op === "etcd-slow") way.slow = { until: now + LONGEST_SLOWNESS, ms: action.ms };
    else {
      way.cutUntil = now + action.ms;
      if (action.isReset) for (const link of way.links) link.break();
    }
  }
}
