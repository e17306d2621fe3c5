// The program of a CNF whose punts live as long as its session with the daemon: its stream is cut, and it comes back or not.

import { bound } from "../../lib/daemon/service/punts.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import type { PuntError } from "../../lib/errors.js";
import { idKey, type PuntId, type PuntManager, type PuntRequestInput, RETURN_TIME_MS } from "../../lib/punt/index.js";
import { idOf } from "../stress/choice.js";
import { Disk } from "./disk.js";
import type { ManagerProcess } from "./manager-process.js";
import type { World } from "./world/index.js";

/** The number of the CNF, of which only its program has punts. */
export const PROGRAM = 7;
const CNF = `cnf${PROGRAM}`;

export class CnfProgram {
  readonly #world: World;
  readonly #daemon: ManagerProcess;
  readonly #disk: Disk;
  #manager: PuntManager | undefined;
  #sessions: Sessions | undefined;
  #id = "";
  #graceMs = 0;
  #close: (() => void) | undefined;
  /** When the grace period is over, while no stream is open. */
  #overAt = 0;
  /** Punts of which the daemon could not note the session before it died. They stay for good. */
  readonly #forgotten = new Set<string>();
  #isUnsaved = false;

  constructor(world: World, daemon: ManagerProcess) {
    this.#world = world;
    this.#daemon = daemon;
    this.#disk = new Disk(world);
    daemon.booted = (manager) => this.#boot(manager);
    daemon.died = () => this.#daemonDied();
  }

  async #boot(manager: PuntManager): Promise<void> {
    const { schedule } = this.#world;
    const sessions = new Sessions({
      memory: this.#disk.store() as unknown as ConstructorParameters<typeof Sessions>[0]["memory"],
      delete: (id) => this.#expire(id),
      problem: (error) => {
        this.#isUnsaved = true;
        schedule.note(`session ${(error as PuntError).code}\n`);
      },
    });
    await sessions.load();
    this.#overAt = schedule.now + Math.max(this.#graceMs, RETURN_TIME_MS) - 1;
    const noted = await this.#noted();
    const isLost = (id: PuntId) => this.#isUnsaved && id.cnf === CNF && !noted.includes(idKey(id));
    for (const { id } of manager.list()) if (isLost(id)) this.#forgotten.add(idKey(id));
    this.#isUnsaved = false;
    this.#sessions = sessions;
    this.#manager = manager;
  }

  async #noted(): Promise<string[]> {
    const stored = ((await this.#disk.store().load()) ?? []) as unknown as { readonly punts: readonly PuntId[] }[];
    return stored.flatMap(({ punts }) => punts.map(idKey));
  }

  #daemonDied(): void {
    this.#disk.ownerDied();
    this.#sessions = undefined;
    this.#manager = undefined;
    this.#close = undefined;
  }

  /** Runs code as the daemon's, if it is there. */
  #atDaemon(label: string, work: (sessions: Sessions, manager: PuntManager) => void): void {
    const { schedule } = this.#world;
    const { party } = this.#daemon;
    const [sessions, manager] = [this.#sessions, this.#manager];
    if (party && sessions && manager) schedule.at(schedule.now, label, () => work(sessions, manager), party);
  }

  /** Opens the stream. It replaces an open one. */
  connect(graceMs: number): void {
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
    const [sessions, punts] = [this.#sessions, this.#manager];
    if (sessions === undefined || punts === undefined || this.#close === undefined) return;
    const scope = { op: "punt.add", host: undefined } as never;
    this.#daemon.perform("add", request, (add) =>
      bound({ punts, sessions } as never, scope, [request as never], this.#id, add),
    );
    this.#forgotten.delete(idKey(idOf(request) as PuntId));
  }

  /** The daemon deletes a punt because its session is over. */
  #expire(id: PuntId): Promise<void> {
    const { schedule } = this.#world;
    const why = this.#close ? "whose stream is open" : schedule.now < this.#overAt ? "whose grace is not over" : "";
    if (why !== "") schedule.fail(new Error(`the daemon deletes ${idKey(id)} of a session ${why}`));
    return this.#daemon.deleteItself(id);
  }

  /** The program is gone for good. @returns when its punts must be gone too: now, if it never had a session */
  end(): number {
    this.cut();
    if (this.#id === "") return this.#world.schedule.now;
    return this.#world.schedule.now + Math.max(this.#graceMs, RETURN_TIME_MS) + 100;
  }

  /** @throws an Error if a punt is left whose session is over */
  checkGone(): void {
    const left = this.#daemon.list().filter(({ id }) => id.cnf === CNF && !this.#forgotten.has(idKey(id)));
    if (left.length > 0) throw new Error(`a session is over, and its punt is left: ${JSON.stringify(left[0]!.id)}`);
  }
}
