// Follows the statuses of a host's punts in etcd, as a manager's watch does.
import { idKey, type PuntStatus, type WatchEvent, type WatchOptions } from "../punt/index.js";
import { type Etcd, Mirror } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import { merged } from "./merge.js";

/** Milliseconds between two signs to a watcher that what it knows is of now. */
const PROGRESS_MS = 10_000;

/**
 * Yields a snapshot, then each change, also those of a time in which etcd was lost or whose history it has forgotten. While etcd is away it
 * yields nothing. Revisions are etcd's. `from` is ignored: a watch always begins with a snapshot, marked with `resync` if it was given.
 */
export async function* watchStatuses(
  etcd: Etcd,
  keys: Keys,
  { from, cnf, signal }: WatchOptions,
): AsyncIterable<WatchEvent> {
  let wake = () => {};
  let isNews = false;
  const folders = [keys.folder("wanted"), keys.folder("status"), keys.folder("leader")];
  const mirror = new Mirror(etcd, folders, {
    changed: () => {
      isNews = true;
      wake();
    },
    reached: () => {},
  });
  const stop = () => wake();
  signal?.addEventListener("abort", stop, { once: true });
  mirror.start();
  try {
    let known: Map<string, PuntStatus> | undefined;
    while (!signal?.aborted) {
      if (!isNews) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), pause()]);
      if (signal?.aborted) return;
      const revision = `etcd:${mirror.revision}`;
      if (!isNews) {
        if (known && mirror.isReached) yield { kind: "progress", revision };
        continue;
      }
      isNews = false;
      const punts = puntsIn(mirror, keys).filter(({ id }) => cnf === undefined || id.cnf === cnf);
      if (!known) yield { kind: "snapshot", revision, punts, ...(from !== undefined && { resync: true as const }) };
      else yield* changesSince(known, punts, revision);
      known = new Map(punts.map((status) => [idKey(status.id), status]));
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await mirror.close();
  }
}

function puntsIn(mirror: Mirror, keys: Keys): PuntStatus[] {
  const isActing = mirror.get(keys.leader) !== undefined;
  // A takeover would else be two changes of each punt.
  return merged(keys, mirror.below(keys.folder("wanted")), mirror.below(keys.folder("status")), isActing, false);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PROGRESS_MS).unref());
}

function* changesSince(
  known: ReadonlyMap<string, PuntStatus>,
  punts: readonly PuntStatus[],
  revision: string,
): Iterable<WatchEvent> {
  const now = new Set(punts.map(({ id }) => idKey(id)));
  for (const status of punts) {
    const before = known.get(idKey(status.id));
    if (before && JSON.stringify(before) === JSON.stringify(status)) continue;
    yield changeOf(before, status, status.state, revision);
  }
  for (const [key, before] of known) if (!now.has(key)) yield changeOf(before, before, "DELETED", revision);
}

function changeOf(
  before: PuntStatus | undefined,
  status: PuntStatus,
  to: PuntStatus["state"],
  revision: string,
): WatchEvent {
  const { id, missing, failure } = status;
  const cause = to === "DELETED" ? "gone" : (failure?.message ?? missing[0]?.text ?? "as the daemon says");
  return { kind: "change", revision, event: { id, from: before?.state, to, cause, status: { ...status, state: to } } };
}
