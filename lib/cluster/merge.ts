// Joins what etcd has of a host's punts: the wishes, and the statuses that the daemon that acts has written.
import { idKey, type PuntId, type PuntStatus } from "../punt/index.js";
import type { Entry } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import { idIn, parseWish } from "./records.js";
import { bareStatus, parseStatus } from "./status.js";

/** Returns the status of every punt that has a wish, or that a daemon still has. `marks`: says of each whether it is the last known one. */
export function merged(
  keys: Keys,
  wishes: readonly Entry[],
  statuses: readonly Entry[],
  isActing: boolean,
  marks = true,
): PuntStatus[] {
  const byId = new Map<string, { id: PuntId; wish?: Entry; status?: Entry; order: number }>();
  for (const [kind, list] of [
    ["wish", wishes],
    ["status", statuses],
  ] as const) {
    const folder = keys.folder(kind === "wish" ? "wanted" : "status");
    for (const entry of list) {
      const id = idIn(entry.key, folder);
      if (id) byId.set(idKey(id), { ...(byId.get(idKey(id)) ?? { id, order: entry.created }), [kind]: entry });
    }
  }
  return [...byId.values()]
    .sort((a, b) => a.order - b.order)
    .flatMap(({ id, wish, status }) => statusOf(id, wish, status, isActing, marks) ?? []);
}

/** Returns the status of a punt. If no daemon has answered its wish, or the end of its wish, it is PENDING and waits for a daemon. */
export function statusOf(
  id: PuntId,
  wish: Entry | undefined,
  status: Entry | undefined,
  isActing: boolean,
  marks = true,
): PuntStatus | undefined {
  const record = readable(() => status && parseStatus(status));
  const request = readable(() => wish && parseWish(wish, id).request);
  if (!wish && !record) return undefined;
  // A daemon that acts deletes the status of a punt without a wish at once.
  const isAnswered = record !== undefined && (wish ? record.wish === wish.modified : isActing);
  if (isAnswered) {
    const answer = record.refused && request ? { ...record.status, request } : record.status;
    return isActing || !marks ? answer : lastKnown(answer, record.at);
  }
  const daemon = isActing ? "the daemon, which has not taken it yet" : "a daemon that acts for the host";
  const text = wish ? daemon : `${daemon}, to delete it`;
  const missing = [{ kind: "manager", name: "daemon", text }] as const;
  return { ...(record?.status ?? bareStatus(id, request)), ...(request && { request }), state: "PENDING", missing };
}

/** Returns the status that a daemon wrote before it ended, with the word that nothing has looked at the punt since. */
function lastKnown(status: PuntStatus, at: unknown): PuntStatus {
  const since = typeof at === "string" ? ` of ${at}` : "";
  const text = `no daemon acts for the host: this is the last state${since} that is known`;
  const reason = { code: "NO_DAEMON", text, remedy: "start a daemon of the host" };
  return { ...status, reasons: [...status.reasons, reason] };
}

/** A list leaves out a record that cannot be read. The daemon reports it. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
