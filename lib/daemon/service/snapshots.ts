// The punts of now, read once for all calls between two changes.
import { PuntError } from "../../errors.js";
import type { PuntId, PuntStatus, Punts } from "../../punt/index.js";
import { statusToWire, type WireStatus } from "../../wire/index.js";
import type { View } from "./view.js";

/** A punt as a caller may see it. */
export interface SeenPunt {
  /** The manager's id. */
  readonly id: PuntId;
  readonly status: WireStatus;
}

/** The punts at a revision. */
export class Snapshot {
  readonly revision: string;
  readonly punts: readonly PuntStatus[];
  readonly #seen = new Map<string, readonly SeenPunt[]>();

  constructor(revision: string, punts: readonly PuntStatus[]) {
    this.revision = revision;
    this.punts = punts;
  }

  /** Returns the punts that a caller may see, of one CNF or of all. Callers with the same rights share them, whatever CNFs they have named. */
  seenBy(view: View, cnf?: string): readonly SeenPunt[] {
    const { key } = view.rights;
    const seen = this.#seen.get(key) ?? seenIn(this.punts, view.unnamed());
    this.#seen.set(key, seen);
    return cnf === undefined ? seen : seen.filter(({ id }) => id.cnf === cnf);
  }
}

/** Returns the punts that a caller may see. */
export function seenIn(punts: readonly PuntStatus[], view: View): readonly SeenPunt[] {
  return punts
    .filter(({ id }) => view.sees(id))
    .map((status) => ({ id: status.id, status: statusToWire(view.status(status)) }));
}

export class Snapshots {
  readonly #punts: Pick<Punts, "watch">;
  #now: Promise<Snapshot> | undefined;

  constructor(punts: Pick<Punts, "watch">) {
    this.#punts = punts;
  }

  /** Something has changed: the next call reads again. */
  forget(): void {
    this.#now = undefined;
  }

  /** @throws PuntError as `list` and `watch` do */
  now(): Promise<Snapshot> {
    if (this.#now) return this.#now;
    const now = firstOf(this.#punts);
    this.#now = now;
    now.catch(() => {
      if (this.#now === now) this.#now = undefined;
    });
    return now;
  }
}

async function firstOf(punts: Pick<Punts, "watch">): Promise<Snapshot> {
  const ending = new AbortController();
  try {
    for await (const event of punts.watch({ signal: ending.signal }))
      if (event.kind === "snapshot") return new Snapshot(event.revision, event.punts);
    throw new PuntError("punt.list", "ERR_CLOSED", "the daemon is stopping");
  } finally {
    ending.abort();
  }
}
