// CNFs that have announced themselves: each is greeted until it answers, and replaces its earlier life.
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../logger.js";
import type { Announcement } from "../announcement.js";
import { Cnf, type OwnPlace } from "./cnf.js";
import { Presence } from "./presence.js";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** Labels that are remembered. */
const MOST_CNFS = 1_000;

interface Hooks {
  readonly deadline: number;
  /** Milliseconds between two questions whether a CNF is there. */
  readonly pingInterval: number;
  readonly log: Logger;
  /** Where the CNFs find the orchestrator. */
  place(): OwnPlace;
  /** Resolves with a function that says whether the CNF may have a model. Rejects if no CNF at the announced address may have the label. */
  admitted(announcement: Announcement): Promise<(model: string) => boolean>;
  /** A CNF has answered, for the first time or in another life. */
  arrived(cnf: Cnf): void;
  /** A CNF that did not answer for a while answers again. */
  back(cnf: Cnf): void;
}

interface Greeting {
  readonly announcement: Announcement;
  readonly ending: AbortController;
}

export class Arrivals {
  readonly #hooks: Hooks;
  /** By label. A label stays, and so do its models: their items have its punts. */
  readonly #cnfs = new Map<string, Cnf>();
  /** By the label of the CNF. */
  readonly #presences = new Map<string, Presence>();
  /** CNFs that have not answered yet, were kept out, or lack a model of theirs, by the file that announces them. */
  readonly #greetings = new Map<string, Greeting>();

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

  /** Greets the CNF of a file, until it answers, or the file says something else or goes. */
  greet(file: string, announcement: Announcement): void {
    this.leave(file);
    const greeting = { announcement, ending: new AbortController() };
    this.#greetings.set(file, greeting);
    void this.#greet(announcement, greeting.ending.signal).then((isDone) => {
      if (isDone && this.#greetings.get(file) === greeting) this.#greetings.delete(file);
    });
  }

  /** Greets all CNFs again that have not answered, were kept out, or lack a model. */
  greetAgain(): void {
    for (const [file, { announcement }] of [...this.#greetings]) this.greet(file, announcement);
  }

  /** Greets the CNF of a file no more. A CNF that has answered stays. */
  leave(file: string): void {
    this.#greetings.get(file)?.ending.abort();
    this.#greetings.delete(file);
  }

  /** @returns whether the CNF has answered, and has all of its models */
  async #greet(announcement: Announcement, signal: AbortSignal): Promise<boolean> {
    const { deadline, log } = this.#hooks;
    const { label, address } = announcement;
    let mayHave: (model: string) => boolean;
    try {
      mayHave = await this.#hooks.admitted(announcement);
      if (!this.#cnfs.has(label) && this.#cnfs.size >= MOST_CNFS)
        throw new Error(`${MOST_CNFS} CNFs are known already`);
    } catch (error) {
      log.warn({ cnf: label, address, err: error }, "the CNF is kept out");
      return false;
    }
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const cnf = new Cnf(announcement, deadline, log);
      try {
        await cnf.discover(this.#hooks.place());
        if (!signal.aborted) return this.#arrived(cnf, mayHave);
      } catch (error) {
        if (pause === FIRST_PAUSE_MS) log.warn({ cnf: label, err: error }, "the CNF does not answer yet");
      }
      cnf.close();
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
    return false;
  }

  /** @returns whether the CNF has all of its models */
  #arrived(cnf: Cnf, mayHave: (model: string) => boolean): boolean {
    const { log } = this.#hooks;
    const others = this.all.filter(({ label }) => label !== cnf.label);
    const names = [...cnf.models.keys()];
    const holders = names.flatMap((model) => {
      const holder = others.find(({ models }) => models.has(model));
      return holder ? [[model, holder.label] as const] : [];
    });
    const held = Object.fromEntries(holders);
    const foreign = names.filter((model) => !mayHave(model) || Object.hasOwn(held, model));
    if (foreign.length > 0) {
      cnf.leaveOut(foreign);
      const text = "models that the CNF may not have, or that the CNFs in `held` have, are left out";
      log.warn({ cnf: cnf.label, models: foreign, held }, text);
    }
    const hasAll = foreign.length === 0;
    const known = this.#cnfs.get(cnf.label);
    // Another judgement of the same life has changed nothing.
    if (known?.announcement === cnf.announcement && namesOf(known) === namesOf(cnf)) {
      cnf.close();
      return hasAll;
    }
    known?.close();
    this.#cnfs.set(cnf.label, cnf);
    this.#follow(cnf);
    const { address, grpcPort } = cnf.announcement;
    const models = [...cnf.models.keys()];
    log.info({ cnf: cnf.label, address, grpcPort, models }, "a CNF is discovered");
    this.#hooks.arrived(cnf);
    return hasAll;
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
    for (const greeting of this.#greetings.values()) greeting.ending.abort();
    for (const cnf of this.#cnfs.values()) cnf.close();
  }
}

/** One text for the models of a CNF. */
function namesOf({ models }: Cnf): string {
  return [...models.keys()].join();
}
