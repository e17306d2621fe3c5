// A program that manages VPP itself: it opens and closes punts, which share a manager of the process's own.
import { Vpp } from "../../../lib/binapi/index.js";
import type { PuntError } from "../../../lib/errors.js";
import { ownBacking } from "../../../lib/module/backing.js";
import { OpenPunt } from "../../../lib/module/open-punt.js";
import { type OwnManager, OwnManagers } from "../../../lib/module/own-managers.js";
import {
  type Host,
  idKey,
  isMade,
  PuntManager,
  type PuntManagerOptions,
  type PuntRequestInput,
  type PuntStatus,
  type Store,
} from "../../../lib/punt/index.js";
import { idOf } from "../../stress/choice.js";
import { Disk } from "../disk.js";
import { API_SOCKET } from "../vpp.js";
import { type Party, ROOT, type World } from "../world/index.js";
import { checkReady, endsFault, leftEnds } from "./ends.js";
import { REFUSED, SAID } from "./program.js";

/** The owner of the program's objects in VPP. */
const OWN = "own";

/** Virtual milliseconds after which the supervisor starts a process that ended by itself. */
const RESTART_MS = 500;

/** A punt that the program wants open. */
interface Wanted {
  readonly request: PuntRequestInput;
  readonly frames: boolean;
  /** Undefined until the manager is there. */
  punt?: OpenPunt;
  /** Resolves when the program has the punt from `openPunt`, and can close it. */
  begun?: Promise<void>;
}

export class OwnProgram {
  readonly memifDirectory = `${ROOT}/memif-${OWN}`;
  readonly #world: World;
  readonly #host: Host;
  readonly #disk: Disk;
  /** By the number that the history gives it. */
  readonly #wanted = new Map<number, Wanted>();
  /** The last punt that was opened. */
  #last: Wanted | undefined;
  #party: Party | undefined;
  #managers: OwnManagers | undefined;
  #manager: PuntManager | undefined;
  /** The requests of the punts that the process is closing, and the ends of that. */
  readonly #closing = new Map<PuntRequestInput, Promise<void>>();
  /** A kill may have cut the close of these. The store may have them still: the next process deletes them. */
  readonly #cut = new Set<PuntRequestInput>();
  #fault = "";

  constructor(world: World, host: Host) {
    this.#world = world;
    this.#host = host;
    this.#disk = new Disk(world);
  }

  get party(): Party | undefined {
    return this.#party?.isAlive ? this.#party : undefined;
  }

  list(): PuntStatus[] {
    return this.#manager?.list() ?? [];
  }

  /** Whether VPP may have objects that no manager has listed. */
  get isUnsure(): boolean {
    return this.#last !== undefined && (this.#manager === undefined || this.#closing.size > 0);
  }

  /** Opens a punt, unless that of the number is open. The first one starts the program. */
  open(nth: number, request: PuntRequestInput, frames: boolean): void {
    const isNamed = [...this.#wanted.values()].some((each) => idKeyOf(each.request) === idKeyOf(request));
    if (this.#wanted.has(nth) || isNamed) return;
    this.#last = { request, frames };
    this.#wanted.set(nth, this.#last);
    if (this.#party === undefined) this.#start();
    else if (this.#managers && this.party) this.#run("open", () => this.#open(nth));
  }

  /** Closes a punt, which ends with that. */
  close(nth: number): void {
    const wanted = this.#wanted.get(nth);
    if (wanted?.punt === undefined || this.party === undefined) return;
    const { request, punt, begun } = wanted;
    this.#wanted.delete(nth);
    let end!: () => void;
    this.#closing.set(request, new Promise((resolve) => (end = resolve)));
    this.#run("close", async () => {
      await begun?.catch(() => {});
      await punt.close();
      this.#closing.delete(request);
      end();
    });
  }

  closeAll(): void {
    for (const nth of [...this.#wanted.keys()]) this.close(nth);
  }

  /** Opens a punt if none is open: its manager removes what was left while VPP was away. */
  finish(): void {
    if (this.#last && this.#wanted.size === 0) this.open(0, this.#last.request, false);
  }

  kill(down: number): void {
    const { schedule, sockets, network } = this.#world;
    const { party } = this;
    if (party === undefined) return;
    party.isAlive = false;
    sockets.leave(party);
    network.leave(party);
    this.#disk.ownerDied();
    this.#managers = undefined;
    this.#manager = undefined;
    for (const request of this.#closing.keys()) this.#cut.add(request);
    this.#closing.clear();
    for (const wanted of this.#wanted.values()) delete wanted.punt;
    schedule.at(schedule.now + down, "supervisor", () => this.#start(), schedule.world);
  }

  #run(label: string, work: () => Promise<void>): void {
    const { schedule } = this.#world;
    schedule.at(schedule.now, label, () => void work().catch((error) => schedule.fail(error)), this.#party);
  }

  #start(): void {
    this.#party = this.#world.schedule.newParty(OWN);
    this.#run("start", async () => {
      this.#managers = new OwnManagers((_, options) => this.#openManager(options));
      for (const nth of this.#wanted.keys()) void this.#open(nth);
    });
  }

  async #open(nth: number): Promise<void> {
    const { schedule } = this.#world;
    const { party } = this;
    const wanted = this.#wanted.get(nth)!;
    const { request, frames } = wanted;
    await this.#closedBefore(request);
    if (party !== this.party) return;
    try {
      const where = { vppSocket: API_SOCKET, socketDirectory: `${ROOT}/sockets-${OWN}` };
      const backing = await ownBacking({ ...where, manager: this.#options() }, this.#managers!);
      const punt = new OpenPunt(backing, request, { lifetime: "session" });
      wanted.punt = punt;
      punt.on("status", ({ state, punt: status }) => {
        if (state !== "ready" && state !== "degraded") return;
        if (punt === this.#wanted.get(nth)?.punt)
          this.#check(() => checkReady(this.#world, this.#party!, status!, frames));
      });
      if (frames) punt.receive(() => {});
      wanted.begun = punt.begin();
      await wanted.begun;
    } catch (error) {
      await this.#refused(nth, wanted, error as PuntError).catch((fault) => schedule.fail(fault));
    }
  }

  /** Waits until the program has closed what it had of the same name: that close would delete the next one's punt. */
  async #closedBefore(request: PuntRequestInput): Promise<void> {
    const before = [...this.#closing].filter(([each]) => idKeyOf(each) === idKeyOf(request));
    await Promise.all(before.map(([, closed]) => closed));
  }

  /** A program whose request is refused goes on without it. Its supervisor starts it again where another manager has the owner's objects. */
  async #refused(nth: number, { punt }: Wanted, error: PuntError): Promise<void> {
    this.#world.schedule.note(`${OWN} ${nth}: ${error.code}\n`);
    await punt?.end();
    if (error.code === "ERR_OWNER_BUSY") return this.kill(RESTART_MS);
    if (!REFUSED.has(error.code)) throw error;
    this.#wanted.delete(nth);
  }

  #options(): Omit<PuntManagerOptions, "vpp" | "readOnly"> {
    return {
      ...{ host: this.#host, store: this.#store(), owner: OWN, memifDirectory: this.memifDirectory },
      ...{ resyncInterval: 2_000, retry: { firstDelay: 20, longestDelay: 500 } },
    };
  }

  /** The store of the program. Two managers at a time would undo each other's work. */
  #store(): Store {
    const { party } = this;
    const open = async () => {
      if (this.#manager && party === this.party) throw new Error("two managers of one process have one store");
    };
    return { ...this.#disk.store(), open };
  }

  async #openManager(options: Omit<PuntManagerOptions, "vpp" | "readOnly"> | undefined): Promise<OwnManager> {
    const vpp = await Vpp.connect({
      ...{ socketPath: API_SOCKET, schema: "builtin", wait: true, timeout: 1_000 },
      ...{ name: OWN, reconnect: { min: 5, max: 200 } },
    });
    try {
      const manager = await PuntManager.start({ ...options, vpp });
      this.#manager = manager;
      for (const request of this.#cut) this.#run("delete", () => this.#deleteCut(manager, request));
      const close = async () => {
        await manager.close();
        this.#manager = undefined;
        await vpp.close();
      };
      const table = { size: 1, find: () => undefined, has: () => true, nameOf: () => undefined };
      return { manager, table, close };
    } catch (error) {
      await vpp.close();
      throw error;
    }
  }

  async #deleteCut(manager: PuntManager, request: PuntRequestInput): Promise<void> {
    const isWanted = [...this.#wanted.values()].some((each) => idKeyOf(each.request) === idKeyOf(request));
    if (!isWanted && this.list().some(({ id }) => idKey(id) === idKeyOf(request)))
      await manager.delete(idOf(request)).catch(() => {});
    this.#cut.delete(request);
  }

  #check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#world.schedule.fail(error);
    }
  }

  /** Whether the program has all that it wants, and nothing else. @param isPlanned whether to ask its manager for what is left to do */
  async isSettled(isPlanned: boolean): Promise<boolean> {
    this.#fault = this.#presentFault();
    if (this.#fault === "" && isPlanned && this.#manager) this.#fault = await this.#leftToDo(this.#manager);
    return this.#fault === "";
  }

  async #leftToDo(manager: PuntManager): Promise<string> {
    const { schedule } = this.#world;
    // The pass that has done the last step says so at its end.
    const look = async () => {
      const run = `${await manager.plan()}`;
      if (run === "nothing to do") await manager.resync();
      return run;
    };
    const left = await new Promise<string>((resolve) => {
      schedule.at(schedule.now, "plan", () => void look().catch(String).then(resolve), this.#party);
    });
    return left === "nothing to do" ? "" : left;
  }

  #presentFault(): string {
    if (this.#last === undefined) return "";
    const { party } = this;
    if (party === undefined || this.#closing.size > 0) return "down, or closing";
    const wanted = [...this.#wanted.values()];
    const found = wanted.map(({ request }) => this.list().find(({ id }) => idKey(id) === idKeyOf(request)));
    if (this.list().length !== wanted.length) return `${this.list().length} punts, and not ${wanted.length}`;
    if (wanted.length === 0) return leftEnds(this.#world, party);
    for (const [index, { punt }] of wanted.entries()) {
      const { state, reasons } = punt?.status ?? { state: undefined, reasons: [] };
      if (state === undefined || SAID[found[index]!.state] !== state)
        return `says ${state} of ${found[index]!.state}: ${reasons.map(({ text }) => text)}`;
    }
    if (!found.every((status) => isMade(status!.state))) return "";
    const frames = wanted.map((each) => each.frames);
    return endsFault(this.#world, party, found as PuntStatus[], frames);
  }

  describe(): string {
    const punts = this.list().map(({ id, state }) => `${id.cnf} ${state}`);
    return `${OWN}: ${this.party ? "up" : "down"}, ${this.#closing.size} closing, ${punts}; ${this.#fault}`;
  }
}

function idKeyOf(request: PuntRequestInput): string {
  return idKey(idOf(request) as PuntStatus["id"]);
}
