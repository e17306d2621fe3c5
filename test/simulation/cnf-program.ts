// The program of a CNF whose punts live as long as its session with the daemon: its stream is cut, and it comes back or not.
import { bound } from "../../lib/daemon/service/bound.js";
import type { Sessions } from "../../lib/daemon/sessions.js";
import { idKey, type PuntId, type PuntRequestInput, parseRequest, RETURN_TIME_MS } from "../../lib/punt/index.js";
import { idOf } from "../stress/choice.js";
import type { Daemon } from "./daemon.js";
import type { World } from "./world/index.js";

/** The number of the CNF, of which only its program has punts. */
export const PROGRAM = 7;
const CNF = `cnf${PROGRAM}`;

export class CnfProgram {
  readonly #world: World;
  readonly #daemon: Daemon;
  #id = "";
  #graceMs = 0;
  /** The longest grace period that it ever asked for; -1 before it asks for a session. */
  #longestMs = -1;
  #close: (() => void) | undefined;
  /** When the grace period is over, while no stream is open. */
  #overAt = 0;

  constructor(world: World, daemon: Daemon) {
    this.#world = world;
    this.#daemon = daemon;
    daemon.follow(CNF, {
      returned: () => {
        this.#overAt = world.schedule.now + Math.max(this.#graceMs, RETURN_TIME_MS) - 1;
      },
      died: () => {
        this.#close = undefined;
      },
      expire: (id) => this.#expire(id),
    });
  }

  /** Runs code as the daemon's, if it is there. */
  #atDaemon(label: string, work: (sessions: Sessions) => void): void {
    const { schedule } = this.#world;
    const { sessions } = this.#daemon;
    const { party } = this.#daemon.process;
    if (party && sessions) schedule.at(schedule.now, label, () => work(sessions), party);
  }

  /** Opens the stream. It replaces an open one. */
  connect(graceMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, graceMs);
    this.#atDaemon("session", (sessions) => {
      const { id, ended, close } = sessions.open(CNF, graceMs, this.#id);
      ended.catch(close);
      this.#id = id;
      this.#graceMs = graceMs;
      this.#close = close;
    });
  }

  cut(): void {
    this.#atDaemon("session cut", () => {
      if (this.#close === undefined) return;
      this.#overAt = this.#world.schedule.now + this.#graceMs;
      this.#close();
      this.#close = undefined;
    });
  }

  /** Asks for a punt that lives as long as the session. */
  add(request: PuntRequestInput): void {
    const { sessions, manager: punts } = this.#daemon;
    if (sessions === undefined || punts === undefined || this.#close === undefined) return;
    const scope = { op: "punt.add", host: undefined } as never;
    this.#daemon.process.perform("add", request, (add) =>
      bound({ punts, sessions } as never, scope, [parseRequest(request)], this.#id, add),
    );
    this.#daemon.asked(idOf(request) as PuntId);
  }

  /** The daemon deletes a punt because its session is over. */
  #expire(id: PuntId): Promise<void> {
    const { schedule } = this.#world;
    const why = this.#close ? "whose stream is open" : schedule.now < this.#overAt ? "whose grace is not over" : "";
    if (why !== "") schedule.fail(new Error(`the daemon deletes ${idKey(id)} of a session ${why}`));
    return this.#daemon.process.deleteItself(id);
  }

  /** The program is gone for good. @returns when its punts must be gone too: now, if it never had a session */
  end(): number {
    this.cut();
    return this.#longestMs < 0 ? 0 : this.#daemon.hearsAt + Math.max(this.#longestMs, RETURN_TIME_MS) + 100;
  }

  /** @throws an Error if a punt is left whose session is over */
  checkGone(): void {
    const left = this.#daemon.process.list().filter(({ id }) => id.cnf === CNF && !this.#daemon.isForgotten(id));
    if (left.length > 0) throw new Error(`a session is over, and its punt is left: ${JSON.stringify(left[0]!.id)}`);
  }
}
