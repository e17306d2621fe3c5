// The program of a CNF over the library's module side: one punt, which it asks for until the daemon has it, follows, and keeps open.
import type { PuntError } from "../../../lib/errors.js";
import { backingOver } from "../../../lib/module/backing.js";
import { OpenPunt } from "../../../lib/module/open-punt.js";
import { RemotePunts } from "../../../lib/module/remote/index.js";
import { isOf } from "../../../lib/module/request.js";
import type { CnfState, CnfStatus } from "../../../lib/module/status.js";
import type { PuntId, PuntRequestInput, PuntState, PuntStatus } from "../../../lib/punt/index.js";
import { RETURN_TIME_MS } from "../../../lib/punt/index.js";
import { idOf } from "../../stress/choice.js";
import type { Party, World } from "../world/index.js";
import type { CallDoor } from "./call-door.js";
import { checkReady, endsFault, leftEnds } from "./ends.js";
import { SimulatedLine } from "./line.js";

/** Errors with which a daemon refuses a wish for good. */
export const REFUSED = new Set(["ERR_CONFLICT", "ERR_POOL_EXHAUSTED", "ERR_INVALID_REQUEST"]);

/** Virtual milliseconds after which the supervisor starts a process that ended by itself. */
const RESTART_MS = 500;

/** Virtual milliseconds for a deletion that is tried again. */
const RETRY_MS = 1_200;

/** The program's word for each state of its punt, once it has heard all. */
export const SAID: Partial<Record<PuntState, CnfState>> = {
  CREATED: "ready",
  DEGRADED: "degraded",
  PENDING: "waiting",
};

interface Wish {
  readonly request: PuntRequestInput;
  /** The grace period of its session; undefined: it outlives the program. */
  readonly grace: number | undefined;
  /** Whether the program wants the frames of TAPs. */
  readonly frames: boolean;
  /** Whether it opens the ends by their paths, in place of descriptors from the daemon. */
  readonly paths: boolean;
}

/** The daemon, or the daemons of a host, as modules meet them. */
export interface ModuleHost {
  /** When the daemon hears of what happens now. */
  readonly hearsAt: number;
  /** Whether requests may be lost, and the punts deleted with them, or be those of before. */
  readonly mayForget: boolean;
  /** Whether a punt's session may be lost: then the punt stays for good. */
  isForgotten(id: PuntId): boolean;
  /** Returns the socket of a CNF. */
  socketOf(cnf: string): string;
  /** Returns the door that a socket leads to; undefined where no process listens. */
  doorAt(socket: string): CallDoor | undefined;
  /** Returns the punt of a CNF. */
  find(cnf: string): PuntStatus | undefined;
  /** Another program than the punt's own deletes it. */
  delete(request: PuntRequestInput): void;
}

export class ModuleProgram {
  readonly #world: World;
  readonly #host: ModuleHost;
  readonly cnf: string;
  #wish: Wish | undefined;
  #party: Party | undefined;
  #line: SimulatedLine | undefined;
  /** The punt of the present process. */
  #punt: OpenPunt | undefined;
  /** Why the present process tries nothing more. */
  #fatal: PuntError | undefined;
  /** Whether the program is gone for good. */
  #isGone = false;
  /** Whether another program has requested the punt's deletion. */
  #isUnwanted = false;
  /** Why the program is not as it should be, when it was asked last. */
  #fault = "";

  constructor(world: World, host: ModuleHost, cnf: string) {
    this.#world = world;
    this.#host = host;
    this.cnf = cnf;
  }

  /** The process, while it lives. */
  get party(): Party | undefined {
    return this.#party?.isAlive ? this.#party : undefined;
  }

  /** Starts the program with its wish, which every later process of it has too. */
  open(wish: Wish): void {
    if (this.#wish) return;
    this.#wish = wish;
    this.#start();
  }

  /** The process dies. The next one, of a later version, has another request; the identity of the punt stays. */
  upgrade(next: PuntRequestInput, isForGood: boolean, down: number): void {
    if (!this.#wish || this.#isGone || this.party === undefined) return;
    const request = { ...next, ...idOf(this.#wish.request) } as PuntRequestInput;
    this.#wish = { ...this.#wish, request, ...(isForGood && { grace: undefined }) };
    this.kill(down);
  }

  #start(): void {
    const { schedule } = this.#world;
    const party = schedule.newParty(this.cnf);
    this.#party = party;
    this.#punt = undefined;
    schedule.at(schedule.now, "start", () => this.#boot(), party);
  }

  #boot(): void {
    const { request, grace, frames, paths } = this.#wish!;
    this.#fatal = undefined;
    const socket = this.#host.socketOf(this.cnf);
    const line = new SimulatedLine(this.#world, () => this.#host.doorAt(socket), this.#line);
    const session = grace === undefined ? {} : { session: { cnf: this.cnf, grace } };
    const backing = backingOver(new RemotePunts({ socket, ...session }, line), !paths);
    const lifetime = grace === undefined ? "persistent" : "session";
    const punt = new OpenPunt(backing, request, { lifetime });
    this.#line = line;
    this.#punt = punt;
    punt.on("status", (status) => this.#heard(punt, status));
    if (frames) punt.receive(() => {});
    punt.begin().catch((error) => this.#refused(punt, error));
  }

  #heard(punt: OpenPunt, { state, reasons, punt: status }: CnfStatus): void {
    const { schedule } = this.#world;
    if (punt !== this.#punt) return;
    schedule.note(`${this.cnf} is ${state}, punt ${status?.state}: ${reasons.map(({ code }) => code)}\n`);
    // The last word of a punt that was closed is its last status.
    if (this.#isGone || this.#fatal || (state !== "ready" && state !== "degraded")) return;
    try {
      checkReady(this.#world, this.#party!, status!, this.#wish!.frames);
    } catch (error) {
      schedule.fail(error);
    }
  }

  /** A program whose request is refused ends. Its supervisor starts it again, unless that makes no difference. */
  async #refused(punt: OpenPunt, error: PuntError): Promise<void> {
    this.#fatal = error;
    this.#world.schedule.note(`${this.cnf} gives up: ${error.code}\n`);
    await punt.end();
    if (!REFUSED.has(error.code)) this.kill(RESTART_MS);
  }

  /** The process dies at once. @param down virtual milliseconds until the next one; undefined: there is none */
  kill(down: number | undefined): void {
    const { schedule, sockets } = this.#world;
    if (!this.#party?.isAlive) return;
    this.#party.isAlive = false;
    sockets.leave(this.#party);
    this.#line?.left();
    // A supervisor does not start a program that was about to end.
    if (this.#isGone) return;
    if (down === undefined) this.#isGone = true;
    else schedule.at(schedule.now + down, "supervisor", () => this.#start(), schedule.world);
  }

  /** Ends in order, and for good. */
  close(): void {
    const { schedule } = this.#world;
    const [punt, party] = [this.#punt, this.party];
    if (punt === undefined || party === undefined || this.#isGone) return;
    this.#isGone = true;
    schedule.at(schedule.now, "close", () => void punt.close(), party);
  }

  /** Deletes the punt as another program would. The module takes that for final, if it hears of it. */
  deleted(): void {
    if (this.#wish === undefined) return;
    this.#isUnwanted = true;
    this.#host.delete(this.#wish.request);
  }

  cut(): void {
    this.#line?.cut();
  }

  /** Whether the module has heard what the daemon has, has the ends open, and no wish is open. @throws an Error if a wish is lost */
  isSettled(): boolean {
    this.#fault = this.#presentFault();
    return this.#fault === "";
  }

  #presentFault(): string {
    const { party } = this;
    if (this.#wish === undefined) return "";
    if (this.#isGone) return party ? leftEnds(this.#world, party) : "";
    if (party === undefined || this.#punt === undefined) return "down";
    if (party.stoppedUntil > this.#world.schedule.now) return "stopped";
    if (this.#fatal) return this.#leftOfSession() || leftEnds(this.#world, party);
    const { state, reasons, punt: heard } = this.#punt.status;
    const [reason] = reasons;
    const isFatal = state === "failed" && reason?.code !== heard?.failure?.code;
    const isExpected =
      REFUSED.has(reason?.code ?? "") || ((this.#isUnwanted || this.#host.mayForget) && reason?.code === "ERR_DELETED");
    if (isFatal && isExpected) return this.#leftOfSession() || leftEnds(this.#world, party);
    if (isFatal) throw new Error(`the wish of a living module is lost: ${reason?.code} ${reason?.text}`);
    const found = this.#host.find(this.cnf);
    if (found && !this.#host.mayForget && !isOf(withNamespaceOf(this.#wish.request, found), found))
      return "the punt has another request";
    const text = (status: PuntStatus | undefined) => JSON.stringify([status?.state, status?.request]);
    if (found === undefined || text(found) !== text(heard)) return `heard ${heard?.state}, and not ${found?.state}`;
    if (SAID[found.state] !== state) return `says ${state} of ${found.state}: ${reasons.map(({ text }) => text)}`;
    return endsFault(this.#world, party, [found], [this.#wish.frames]);
  }

  /** @returns when the session's punts must be gone, if the program is gone */
  get overAt(): number {
    const { grace } = this.#wish ?? {};
    const isOver = this.#isGone && grace !== undefined;
    // A process that is stopped closes its punt when it goes on.
    const endsAt = Math.max(this.#host.hearsAt, this.party?.stoppedUntil ?? 0);
    return isOver ? endsAt + Math.max(grace, RETURN_TIME_MS) + RETRY_MS : 0;
  }

  /** Returns the punt that is there although the program is gone for good, and had a session; "" if there is none. */
  get left(): string {
    return this.#isGone ? this.#leftOfSession() : "";
  }

  #leftOfSession(): string {
    const found = this.#host.find(this.cnf);
    if (this.#wish?.grace === undefined || found === undefined || this.#host.isForgotten(found.id)) return "";
    return `a module's session is over, and its punt is left: ${found.state}`;
  }

  describe(): string {
    const { state, punt } = this.#punt?.status ?? {};
    return `${this.cnf}: ${this.party ? "up" : "down"}, ${state} of ${punt?.state}, ${this.#fatal?.message}; the daemon has ${this.#host.find(this.cnf)?.state}; ${this.#fault}`;
  }
}

/** Returns the request with the network namespace that the module has handed over. */
function withNamespaceOf(request: PuntRequestInput, { request: found }: PuntStatus): PuntRequestInput {
  return "netns" in found && found.netns ? ({ ...request, netns: found.netns } as PuntRequestInput) : request;
}
