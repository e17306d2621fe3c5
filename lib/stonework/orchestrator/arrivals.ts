// CNFs that have announced themselves: each is greeted until it answers, and replaces its earlier life.
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../logger.js";
import type { Announcement } from "../announcement.js";
import { Cnf, type OwnPlace } from "./cnf.js";
import { Presence } from "./presence.js";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

interface Hooks {
  readonly deadline: number;
  /** Milliseconds between two questions whether a CNF is there. */
  readonly pingInterval: number;
  readonly log: Logger;
  /** Where the CNFs find the orchestrator. */
  place(): OwnPlace;
  /** A CNF has answered, for the first time or in another life. */
  arrived(cnf: Cnf): void;
  /** A CNF that did not answer for a while answers again. */
  back(cnf: Cnf): void;
}

export class Arrivals {
  readonly #hooks: Hooks;
  readonly #cnfs = new Map<string, Cnf>();
  /** By the label of the CNF. */
  readonly #presences = new Map<string, Presence>();
  /** Greetings under way, by the label of the file. */
  readonly #greetings = new Map<string, AbortController>();

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /** The CNFs that have answered. */
  get all(): readonly Cnf[] {
    return [...this.#cnfs.values()];
  }

  get(label: string): Cnf | undefined {
    return this.#cnfs.get(label);
  }

  /** Greets a CNF, until it answers or announces itself again. */
  greet(announcement: Announcement): void {
    this.#greetings.get(announcement.label)?.abort();
    const ending = new AbortController();
    this.#greetings.set(announcement.label, ending);
    void this.#greet(announcement, ending.signal);
  }

  async #greet(announcement: Announcement, signal: AbortSignal): Promise<void> {
    const { deadline, log } = this.#hooks;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const cnf = new Cnf(announcement, deadline, log);
      try {
        await cnf.discover(this.#hooks.place());
        if (signal.aborted) cnf.close();
        else this.#arrived(cnf);
        return;
      } catch (error) {
        cnf.close();
        if (pause === FIRST_PAUSE_MS) log.warn({ cnf: announcement.label, err: error }, "the CNF does not answer yet");
        await sleep(pause, undefined, { signal }).catch(() => {});
      }
    }
  }

  #arrived(cnf: Cnf): void {
    this.#cnfs.get(cnf.label)?.close();
    this.#cnfs.set(cnf.label, cnf);
    this.#follow(cnf);
    const { address, grpcPort } = cnf.announcement;
    const models = [...cnf.models.keys()];
    this.#hooks.log.info({ cnf: cnf.label, address, grpcPort, models }, "a CNF is discovered");
    this.#hooks.arrived(cnf);
  }

  #follow(cnf: Cnf): void {
    const { pingInterval: interval, log } = this.#hooks;
    this.#presences.get(cnf.label)?.close();
    const changed = (isThere: boolean, err: unknown) => {
      if (!isThere) return log.warn({ cnf: cnf.label, err }, "the CNF does not answer any more: its punts stay");
      log.info({ cnf: cnf.label }, "the CNF answers again");
      this.#hooks.back(cnf);
    };
    this.#presences.set(cnf.label, new Presence({ interval, ask: () => cnf.ask(), changed }));
  }

  close(): void {
    for (const presence of this.#presences.values()) presence.close();
    for (const greeting of this.#greetings.values()) greeting.abort();
    for (const cnf of this.#cnfs.values()) cnf.close();
  }
}
