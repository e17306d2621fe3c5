// Applies requests in one change, waits for all within one limit, and reports the outcome of each.
import { PuntError } from "../../errors.js";
import {
  type ApplyOptions,
  idKey,
  idOf,
  isMade,
  type PathlessRequest,
  type PuntId,
  type PuntSet,
  type PuntState,
  type PuntStatus,
  type Punts,
} from "../../punt/index.js";
import { after, type Ending, interrupted } from "../ending/index.js";
import { isProgressShown, progress } from "../output/index.js";
import { type Changes, changesOf, withKnownPaths } from "./changes.js";
import type { Opened } from "./open.js";
import type { FileOfPunts } from "./requests.js";
import { listed } from "./standing.js";

export interface Refusal {
  readonly id: PuntId;
  readonly error: PuntError;
}

/** The reason why the wait was cut short, if it was. */
export type Cut = Ending | "late" | "lost";

export interface Applied {
  readonly changes: Changes;
  /** The punts before. */
  readonly before: readonly PuntStatus[];
  readonly refused: readonly Refusal[];
  readonly cut?: Cut | undefined;
  /** Number of punts whose outcome is unknown, because the wait was cut short. Undefined: no answer came, so that nothing is known. */
  readonly open: number | undefined;
  /** The statuses of these punts, as far as they are there. */
  readonly waiting: readonly PuntStatus[];
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

/** Makes the punts what the file says, in one change. A file that asks for a conflict deletes and updates nothing. */
export async function applyRequests(
  opened: Opened,
  file: FileOfPunts,
  { prune, wait, timeout }: ApplyingOptions,
): Promise<Applied> {
  const { punts } = opened;
  if (!opened.choosesPaths) file.withPaths();
  const before = await punts.list();
  const requests = withKnownPaths(before, file.requests);
  const changes = changesOf(before, requests, prune);
  const task = new Task(punts, wait ? { keep: true, waitFor: "CREATED" } : { keep: true });
  const isWhole = changes.updated.length + changes.deleted.length > 0;
  const work = task.run({ delete: changes.deleted, punts: requests }, isWhole).then(() => undefined);
  const following = new AbortController();
  if (isProgressShown()) void task.follow(requests, following.signal);
  const cut = await Promise.race([work, after(timeout), opened.lost(LONGEST_ABSENCE_MS), interrupted()]);
  following.abort();
  progress("");
  const found = cut === undefined ? await punts.list() : await listed(punts);
  const outcome = { changes, before, refused: task.refused };
  if (found === undefined) return { ...outcome, cut, open: undefined, waiting: [], statuses: [] };
  const now = new Map(found.map((status) => [idKey(status.id), status]));
  const statuses = requests.map((request) => now.get(idKey(request))).filter((status) => status !== undefined);
  const rest = cut === undefined ? { open: 0, waiting: [] } : openOf(task, requests, changes, now, wait);
  // A daemon that was killed may have left all as the file wants it, and no answer.
  return { ...outcome, cut: rest.open > 0 ? cut : undefined, ...rest, statuses };
}

/** Returns the punts that are not as the change wants them, and their number. */
function openOf(
  { refused }: Task,
  requests: readonly PathlessRequest[],
  { deleted }: Changes,
  now: ReadonlyMap<string, PuntStatus>,
  wait: boolean,
): { readonly open: number; readonly waiting: readonly PuntStatus[] } {
  const known = new Set(refused.map(({ id }) => idKey(id)));
  const found = [...now.values()];
  const taken = new Set(changesOf(found, withKnownPaths(found, requests), false).unchanged.map(idKey));
  const isDone = (request: PathlessRequest) => {
    const key = idKey(request);
    return known.has(key) || (taken.has(key) && isReached(now.get(key)!.state, wait));
  };
  const leaving = deleted.filter((id) => now.has(idKey(id)) && !known.has(idKey(id)));
  const open = requests.filter((request) => !isDone(request));
  const waiting = open.map((request) => now.get(idKey(request))).filter((status) => status !== undefined);
  return { open: leaving.length + open.length, waiting };
}

function isReached(state: PuntState, wait: boolean): boolean {
  return isMade(state) || state === "FAILED" || (state === "PENDING" && !wait);
}

/** Refusals of one punt. The others of the change may be accepted without it. */
const REFUSALS = new Set([
  "ERR_CONFLICT",
  "ERR_INVALID_REQUEST",
  "ERR_NO_SUCH_PUNT",
  "ERR_POLICY",
  "ERR_POOL_EXHAUSTED",
  "ERR_UNRESOLVED",
]);

interface Part {
  readonly delete: readonly PuntId[];
  readonly punts: readonly PathlessRequest[];
}

/** A change of many punts. */
class Task {
  readonly refused: Refusal[] = [];
  readonly #punts: Punts;
  readonly #options: ApplyOptions;

  constructor(punts: Punts, options: ApplyOptions) {
    this.#punts = punts;
    this.#options = options;
  }

  /** Does the change; if it is refused, and need not be done as a whole, without the punts at fault. An error that is not a PuntError is a fault of ours and ends the command. */
  async run(part: Part, isWhole: boolean): Promise<void> {
    if (sizeOf(part) === 0) return;
    try {
      const { failed } = await this.#punts.apply(part as PuntSet, this.#options);
      this.refused.push(...failed);
    } catch (error) {
      if (!(error instanceof PuntError) || isWhole) throw error;
      if (sizeOf(part) > 1 && REFUSALS.has(error.code)) return this.#halves(part);
      this.refused.push(...[...part.delete, ...part.punts.map(idOf)].map((id) => ({ id, error })));
    }
  }

  /** The first half first: of two punts in conflict, the file's first one is made. */
  async #halves({ punts }: Part): Promise<void> {
    const middle = punts.length >> 1;
    for (const half of [punts.slice(0, middle), punts.slice(middle)])
      await this.run({ delete: [], punts: half }, false);
  }

  /** Shows how many punts have come to an end. */
  async follow(requests: readonly PathlessRequest[], signal: AbortSignal): Promise<void> {
    const open = new Set(requests.map(idKey));
    const wait = this.#options.waitFor !== undefined;
    const take = ({ id, state }: PuntStatus) => isReached(state, wait) && open.delete(idKey(id));
    try {
      for await (const event of this.#punts.watch({ signal })) {
        if (event.kind === "change") take(event.event.status);
        else if (event.kind === "snapshot") event.punts.forEach(take);
        progress(`${requests.length - open.size} of ${requests.length}`);
      }
    } catch {
      // The change itself says what is wrong.
    }
  }
}

function sizeOf({ delete: gone, punts }: Part): number {
  return gone.length + punts.length;
}
