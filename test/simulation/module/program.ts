// The program of a CNF over the library's module side: one punt, which it asks for until the daemon has it, and follows.
import type { PuntError } from "../../../lib/errors.js";
import { PuntLife } from "../../../lib/module/punt-life.js";
import { RemotePunts } from "../../../lib/module/remote/index.js";
import type { PuntId, PuntRequestInput, PuntStatus } from "../../../lib/punt/index.js";
import { RETURN_TIME_MS } from "../../../lib/punt/index.js";
import { idOf } from "../../stress/choice.js";
import type { Daemon } from "../daemon.js";
import type { Party, World } from "../world/index.js";
import { SimulatedLine } from "./line.js";

/** Errors with which a daemon refuses a wish for good. */
const REFUSED = new Set(["ERR_CONFLICT", "ERR_POOL_EXHAUSTED", "ERR_INVALID_REQUEST"]);

/** Virtual milliseconds after which the supervisor starts a process that ended by itself. */
const RESTART_MS = 500;

/** Virtual milliseconds for a deletion that is tried again. */
const RETRY_MS = 1_200;

interface Wish {
  readonly request: PuntRequestInput;
  /** The grace period of its session; undefined: it outlives the program. */
  readonly grace: number | undefined;
}

export class ModuleProgram {
  readonly #world: World;
  readonly #daemon: Daemon;
  readonly cnf: string;
  #wish: Wish | undefined;
  #party: Party | undefined;
  #line: SimulatedLine | undefined;
  #punts: RemotePunts | undefined;
  #life: PuntLife | undefined;
  /** The last status that the present process has heard. */
  #heard: PuntStatus | undefined;
  /** Why the present process tries nothing more. */
  #fatal: PuntError | undefined;
  /** Whether the program is gone for good. */
  #isGone = false;

  constructor(world: World, daemon: Daemon, cnf: string) {
    this.#world = world;
    this.#daemon = daemon;
    this.cnf = cnf;
    daemon.follow(cnf, { died: () => this.#line?.daemonDied() });
  }

  /** The process, while it lives. */
  get party(): Party | undefined {
    return this.#party?.isAlive ? this.#party : undefined;
  }

  /** Starts the program with its wish, which every later process of it has too. */
  open(request: PuntRequestInput, grace: number | undefined): void {
    if (this.#wish) return;
    this.#wish = { request, grace };
    this.#start();
  }

  #start(): void {
    const { schedule } = this.#world;
    const party = schedule.newParty(this.cnf);
    this.#party = party;
    schedule.at(schedule.now, "start", () => this.#boot(), party);
  }

  #boot(): void {
    const { request, grace } = this.#wish!;
    const { schedule } = this.#world;
    this.#heard = undefined;
    this.#fatal = undefined;
    const line = new SimulatedLine(this.#world, () => this.#daemon.door, this.#line);
    const session = grace === undefined ? {} : { session: { cnf: this.cnf, grace } };
    const punts = new RemotePunts(session, line);
    const backing = {
      ...{ kind: "daemon" as const, punts, replaced: punts.replaced, session: punts.session },
      interfaces: { find: () => undefined, nameOf: () => undefined } as never,
      follow: (...watch: Parameters<RemotePunts["follow"]>) => punts.follow(...watch),
      close: () => punts.close(),
    };
    const life = new PuntLife(backing, request, idOf(request) as PuntId, {
      onStatus: (status) => {
        this.#heard = status;
        schedule.note(`${this.cnf} hears ${status.state}\n`);
      },
      onAway: () => {},
      onFatal: (error) => {
        this.#fatal = error;
        schedule.note(`${this.cnf} gives up: ${error.code}\n`);
      },
    });
    this.#line = line;
    this.#punts = punts;
    this.#life = life;
    life.begin().catch(() => this.#refused());
  }

  /** A program whose request is refused ends. Its supervisor starts it again, unless that makes no difference. */
  #refused(): void {
    if (this.#fatal && !REFUSED.has(this.#fatal.code)) this.kill(RESTART_MS);
  }

  /** The process dies at once. @param down virtual milliseconds until the next one; undefined: there is none */
  kill(down: number | undefined): void {
    const { schedule } = this.#world;
    if (!this.#party?.isAlive) return;
    this.#party.isAlive = false;
    this.#line?.left();
    // A supervisor does not start a program that was about to end.
    if (this.#isGone) return;
    if (down === undefined) this.#isGone = true;
    else schedule.at(schedule.now + down, "supervisor", () => this.#start(), schedule.world);
  }

  /** Ends in order, as `OpenPunt.close` does, and for good. */
  close(): void {
    const { schedule } = this.#world;
    const [life, punts, party] = [this.#life, this.#punts, this.party];
    if (life === undefined || punts === undefined || party === undefined) return;
    this.#isGone = true;
    const close = async () => {
      life.end();
      if (this.#wish!.grace !== undefined) await punts.delete(idOf(this.#wish!.request)).catch(() => {});
      await punts.close();
      party.isAlive = false;
    };
    schedule.at(schedule.now, "close", () => void close(), party);
  }

  cut(): void {
    this.#line?.cut();
  }

  #inDaemon(): PuntStatus | undefined {
    return this.#daemon.process.list().find(({ id }) => id.cnf === this.cnf);
  }

  /** Whether the module has heard what the daemon has, and no wish is open. @throws an Error if a wish is lost */
  isSettled(): boolean {
    if (this.#wish === undefined || this.#isGone) return true;
    if (this.party === undefined) return false;
    if (this.#fatal) {
      if (REFUSED.has(this.#fatal.code)) return true;
      throw new Error(`the wish of a living module is lost: ${this.#fatal.code} ${this.#fatal.message}`);
    }
    const found = this.#inDaemon();
    const text = (status: PuntStatus) => JSON.stringify([status.state, status.request]);
    return found !== undefined && this.#heard !== undefined && text(found) === text(this.#heard);
  }

  /** @returns when the session's punts must be gone, if the program is gone */
  get overAt(): number {
    const { grace } = this.#wish ?? {};
    const isOver = this.#isGone && grace !== undefined;
    return isOver ? this.#daemon.hearsAt + Math.max(grace, RETURN_TIME_MS) + RETRY_MS : 0;
  }

  /** @throws an Error if a punt is left whose session is over */
  checkGone(): void {
    const found = this.#inDaemon();
    if (!this.#isGone || this.#wish?.grace === undefined || found === undefined) return;
    if (!this.#daemon.isForgotten(found.id))
      throw new Error(`a module's session is over, and its punt is left: ${JSON.stringify(found.id)}`);
  }

  describe(): string {
    const { message } = this.#fatal ?? {};
    return `${this.cnf}: ${this.party ? "up" : "down"}, heard ${this.#heard?.state}, ${message}; the daemon has ${this.#inDaemon()?.state}`;
  }
}
