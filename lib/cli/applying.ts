// Applies requests: starts all of them, then waits for all within one limit, and reports the outcome of each.
import { PuntError } from "../errors.js";
import type { PuntId, PuntRequest, PuntStatus } from "../punt/index.js";
import { type Changes, changesOf, idOf } from "./changes.js";
import { after, within } from "./deadline.js";
import { type Ending, interrupted } from "./ending.js";
import type { Opened } from "./open.js";
import { progress } from "./terminal.js";

export interface Refusal {
  readonly id: PuntId;
  readonly error: PuntError;
}

/** What cut the wait short, if anything did. */
export type Cut = Ending | "late" | "lost";

export interface Applied {
  readonly changes: Changes;
  /** The punts before. */
  readonly before: readonly PuntStatus[];
  readonly refused: readonly Refusal[];
  readonly cut?: Cut;
  /** Number of punts whose outcome is unknown, because the wait was cut short. */
  readonly open: number;
  /** The punts of the requests, as they are now. */
  readonly statuses: readonly PuntStatus[];
}

export interface ApplyingOptions {
  readonly prune: boolean;
  /** Wait for CREATED; otherwise PENDING will do. */
  readonly wait: boolean;
  readonly timeout: number;
}

/** VPP may restart during the command. The command does not wait for a VPP that stays away for longer. */
const LONGEST_ABSENCE_MS = 5_000;

/** Makes the punts what the requests say. A file that asks for a conflict deletes and updates nothing. */
export async function applyRequests(
  opened: Opened,
  requests: readonly PuntRequest[],
  { prune, wait, timeout }: ApplyingOptions,
): Promise<Applied> {
  const { punts } = opened;
  const before = await punts.list();
  const changes = changesOf(before, requests, prune);
  const { updated, deleted } = changes;
  if (updated.length + deleted.length > 0)
    await within(timeout, "plan", punts.plan({ delete: [...deleted, ...updated.map(idOf)], add: requests }));
  const waited = wait ? ({ waitFor: "CREATED" } as const) : {};
  const replaced = new Set(updated);
  const task = new Task(requests.length + deleted.length);
  const work = async () => {
    await task.all(
      deleted,
      (id) => id,
      (id) => punts.delete(id),
    );
    await task.all(requests, idOf, (request) => {
      return replaced.has(request) ? punts.update(request, waited) : punts.add(request, waited);
    });
  };
  const cut = await Promise.race([work(), after(timeout), opened.lost(LONGEST_ABSENCE_MS), interrupted()]);
  progress("");
  const statuses = await statusesOf(opened, requests);
  return { changes, before, refused: task.refused, open: task.open, statuses, ...(cut && { cut }) };
}

async function statusesOf({ punts }: Opened, requests: readonly PuntRequest[]): Promise<PuntStatus[]> {
  const found = await Promise.all(requests.map((request) => punts.get(idOf(request))));
  return found.filter((status) => status !== undefined);
}

/** Many operations at once, counted. */
class Task {
  readonly refused: Refusal[] = [];
  #total: number;
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get open(): number {
    return this.#total - this.#done;
  }

  /** Begins every operation, then waits for all. An error that is not a PuntError is a fault of ours and ends the command. */
  async all<T>(items: readonly T[], id: (item: T) => PuntId, run: (item: T) => Promise<unknown>): Promise<void> {
    const one = async (item: T) => {
      try {
        await run(item);
      } catch (error) {
        if (!(error instanceof PuntError)) throw error;
        this.refused.push({ id: id(item), error });
      }
      this.#done++;
      progress(`${this.#done} of ${this.#total}`);
    };
    const running = items.map(one);
    for (const each of running) each.catch(() => {});
    await Promise.all(running);
  }
}
