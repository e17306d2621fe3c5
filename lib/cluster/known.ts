// The last status of each punt, across all managers of a daemon, and the events of its changes.
import { ChangeLog, idKey, isSameRequest, type PuntEvent, type PuntId, type PuntStatus } from "../punt/index.js";
import type { ClusterEvents } from "./cluster-options.js";
import type { Etcd } from "./etcd/index.js";
import { parseStatus } from "./status.js";

export class Known {
  readonly log = new ChangeLog();
  readonly #statuses = new Map<string, PuntStatus>();

  /** Until the first manager of this process has looked at VPP, the statuses of the last daemon hold. */
  async seed(etcd: Etcd, folder: string): Promise<void> {
    if (this.#statuses.size > 0) return;
    const found = await etcd.range(folder).catch(() => ({ entries: [] }));
    for (const entry of found.entries) {
      try {
        const { status, refused } = parseStatus(entry);
        if (!refused) this.#statuses.set(idKey(status.id), status);
      } catch {
        // The daemon that acts writes it again.
      }
    }
  }

  /** Returns a status. Until a new manager has looked at VPP, the status from before holds. */
  shown(status: PuntStatus): PuntStatus {
    const known = this.#statuses.get(idKey(status.id));
    if (status.state !== "INIT" || !known || !isSameRequest(known.request, status.request)) return status;
    const { failure, state, missing, reasons } = known;
    return { ...status, state, missing, reasons, ...(failure && { failure }) };
  }

  /** Takes an event of a manager, and passes it on if it is news. */
  take(event: PuntEvent): void {
    const key = idKey(event.id);
    const known = this.#statuses.get(key);
    if (event.to === "INIT" && known !== undefined && isSameRequest(known.request, event.status.request)) return;
    if (event.to === "DELETED") this.#statuses.delete(key);
    else this.#statuses.set(key, event.status);
    this.log.publish({ ...event, from: known?.state });
  }

  /** Returns the events of a new manager's punts in place of those before, and forgets the punts that it does not have. */
  *replaced(before: readonly PuntStatus[], after: readonly PuntStatus[]): Generator<ClusterEvents["punt"][0]> {
    for (const { id, state: from } of before) yield { id, from, to: "DELETED" };
    for (const { id, state: to } of after) yield { id, from: undefined, to };
    this.#keepOnly(after.map(({ id }) => id));
    // The manager may have looked at VPP before anyone listened to it.
    for (const status of after) if (status.state !== "INIT") this.#catchUp(status);
  }

  #catchUp(status: PuntStatus): void {
    const { id, request, state: to } = status;
    const known = this.#statuses.get(idKey(id));
    if (known?.state === to && isSameRequest(known.request, request)) return;
    this.take({ id, from: known?.state, to, cause: "looked at", status });
  }

  #keepOnly(ids: readonly PuntId[]): void {
    const now = new Set(ids.map(idKey));
    for (const [key, status] of this.#statuses) {
      if (now.has(key)) continue;
      const { id, state: from } = status;
      this.take({ id, from, to: "DELETED", cause: "gone", status: { ...status, state: "DELETED" } });
    }
  }
}
