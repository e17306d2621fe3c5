// A watcher of the punts of a host: its events are one story, which ends with the punts as they are.
import { idKey, type PuntId, type PuntStatus, type Punts, type WatchEvent } from "../../../lib/punt/index.js";
import type { Party, World } from "../world/index.js";

/** How a watch is asked for. */
export interface WatchedPunts {
  readonly party: Party;
  /** The daemon that is watched, or the operator's way through etcd. */
  readonly name: string;
  readonly punts: Pick<Punts, "watch">;
  /** Whether the revisions are of the party itself, which counts each change and keeps the last ones. */
  readonly isDaemon: boolean;
}

export class Watcher {
  readonly watched: WatchedPunts;
  readonly #world: World;
  readonly #cnf: string | undefined;
  #known: Map<string, PuntStatus> | undefined;
  #revision: string | undefined;
  #stop = new AbortController();

  constructor(world: World, watched: WatchedPunts, cnf: string | undefined) {
    this.#world = world;
    this.watched = watched;
    this.#cnf = cnf;
    this.#follow();
  }

  /** Ends the watch, and begins another one where it ended. */
  resume(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#follow();
  }

  #follow(): void {
    const { schedule } = this.#world;
    const { signal } = this.#stop;
    const from = this.watched.isDaemon ? this.#revision : undefined;
    const options = { signal, ...(this.#cnf !== undefined && { cnf: this.#cnf }), ...(from !== undefined && { from }) };
    const follow = async () => {
      for await (const event of this.watched.punts.watch(options)) {
        if (signal.aborted) return;
        schedule.note(`${this.watched.name} tells ${event.kind} ${event.revision}\n`);
        this.#take(event, from);
      }
    };
    schedule.at(schedule.now, "watch", () => void this.#guard(follow(), signal), this.watched.party);
  }

  /** A daemon that cannot tell its punts yet refuses a watch, and one that stops ends it. */
  async #guard(followed: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await followed;
    } catch (error) {
      const { code } = error as { code?: string };
      if (!/^ERR_(ETCD_AWAY|CLOSED|ETCD_HISTORY)$/.test(code ?? "")) this.#world.schedule.fail(error);
    }
    if (signal === this.#stop.signal) this.#known = undefined;
  }

  #take(event: WatchEvent, from: string | undefined): void {
    if (event.kind === "snapshot") {
      if (from !== undefined && this.#revision === from && !event.resync)
        throw this.#wrong("a snapshot without a mark");
      this.#known = new Map(event.punts.map((status) => [idKey(status.id), status]));
    } else if (event.kind === "change") this.#change(event);
    this.#revision = event.revision;
  }

  #change({ event: { id, from, to, status }, revision }: Extract<WatchEvent, { kind: "change" }>): void {
    const known = this.#known;
    if (known === undefined) throw this.#wrong("a change before a snapshot");
    if (this.#cnf !== undefined && id.cnf !== this.#cnf) throw this.#wrong(`a punt of ${id.cnf}`);
    const isLater = numberOf(revision) > numberOf(this.#revision!);
    if (this.watched.isDaemon && !isLater) throw this.#wrong(`revision ${revision} after ${this.#revision}`);
    const key = idKey(id);
    const before = known.get(key)?.state;
    if (before !== from && from !== undefined) throw this.#wrong(`${key} from ${from} to ${to}, and it was ${before}`);
    if (to === "DELETED") known.delete(key);
    else known.set(key, status);
  }

  #wrong(what: string): Error {
    return new Error(`${this.watched.name} tells a watcher of ${this.#cnf ?? "all"}: ${what}`);
  }

  /** @param refused wishes, of which etcd's watchers hear too. @throws an Error if the watcher was told something else than the punts */
  compare(punts: readonly PuntStatus[], refused: readonly PuntId[] = []): void {
    if (!this.watched.party.isAlive || this.#known === undefined) return;
    const left = new Set(this.watched.isDaemon ? [] : refused.map(idKey));
    const shown = (list: Iterable<PuntStatus>) =>
      [...list]
        .filter(({ id }) => !left.has(idKey(id)))
        .map(({ request, state }) => `${state} ${JSON.stringify(request)}`)
        .sort();
    const told = shown(this.#known.values());
    const expected = shown(punts.filter(({ id }) => this.#cnf === undefined || id.cnf === this.#cnf));
    if (JSON.stringify(told) !== JSON.stringify(expected))
      throw this.#wrong(`in the end\n${told.join("\n")}\nand there is\n${expected.join("\n")}`);
  }
}

/** The number in a revision, `term:number`. */
function numberOf(revision: string): number {
  return Number(revision.split(":").at(-1));
}
