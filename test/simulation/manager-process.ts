// The process of one owner's manager, under a supervisor that starts it again.
import { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import {
  type ApplyResult,
  type Host,
  PuntManager,
  type PuntRequestInput,
  type PuntStatus,
} from "../../lib/punt/index.js";
import { idOf } from "../stress/choice.js";
import type { WatchedPunts } from "./cluster/watcher.js";
import { Disk } from "./disk.js";
import { isModules } from "./module/request.js";
import { API_SOCKET } from "./vpp.js";
import { Wishes } from "./wishes.js";
import { type Party, ROOT, type World } from "./world/index.js";

/** Virtual milliseconds after which the supervisor starts a process that ended by itself. */
const RESTART_MS = 500;

/** A plan without steps. */
const NOTHING = "nothing to do";

/** Returns the code of an error; `FAILED` if the store has the change, and VPP or Linux refused what it needs. */
function outcomeOf({ op, code }: PuntError): string {
  return op === "punt.reconcile" ? "FAILED" : code;
}

export class ManagerProcess {
  readonly disk: Disk;
  readonly wishes = new Wishes();
  /** When its last pass ended. The next pass began later. */
  lastPass = 0;
  /** The last problem with its VPP or store that a manager of this owner has told. */
  problem = "";
  /** The steps that were left when it was asked last. */
  left = "";
  /** Called when a process has started its manager, and when it has died. */
  booted: ((manager: PuntManager) => Promise<void>) | undefined;
  died: (() => void) | undefined;
  /** Called before the manager closes in order. */
  closing: (() => Promise<void> | undefined) | undefined;
  readonly #world: World;
  readonly #host: Host;
  readonly #changed: (status: PuntStatus, from: ManagerProcess) => void;
  #party: Party | undefined;
  #vpp: Vpp | undefined;
  #manager: PuntManager | undefined;
  #started: (() => void) | undefined;

  /** @param changed called when a punt has changed its state */
  constructor(
    world: World,
    readonly owner: string,
    host: Host,
    changed: (status: PuntStatus, from: ManagerProcess) => void,
  ) {
    this.#world = world;
    this.#host = host;
    this.#changed = changed;
    this.disk = new Disk(world);
  }

  get memifDirectory(): string {
    return `${ROOT}/memif-${this.owner}`;
  }

  get isUp(): boolean {
    return this.#manager !== undefined;
  }

  /** The process, while it lives. */
  get party(): Party | undefined {
    return this.#party?.isAlive ? this.#party : undefined;
  }

  get isConnected(): boolean {
    return this.#vpp?.isConnected ?? false;
  }

  /** The interface that may be watched now. */
  get watched(): WatchedPunts | undefined {
    const { party, owner: name } = this;
    return party && this.#manager && { party, name, punts: this.#manager, isDaemon: true };
  }

  list(): PuntStatus[] {
    return this.#manager?.list() ?? [];
  }

  /** The punts that no module has asked for. A module follows its own. */
  listOwn(): PuntStatus[] {
    return this.list().filter(({ id }) => !isModules(id));
  }

  /** Compares the punts with what was asked for. @throws an Error with the differences */
  compare(): void {
    this.wishes.compare(this.listOwn());
  }

  start(): void {
    const { schedule } = this.#world;
    const party = schedule.newParty(this.owner);
    this.#party = party;
    schedule.at(schedule.now, "start", () => void this.#boot(), party);
  }

  async #boot(): Promise<void> {
    try {
      this.#vpp = await Vpp.connect({
        ...{ socketPath: API_SOCKET, schema: "builtin", wait: true, timeout: 1_000 },
        ...{ name: this.owner, reconnect: { min: 5, max: 200 } },
      });
      const manager = await PuntManager.start({
        ...{ vpp: this.#vpp, host: this.#host, store: this.disk.store() },
        ...{ owner: this.owner, memifDirectory: this.memifDirectory },
        ...{ resyncInterval: 2_000, retry: { firstDelay: 20, longestDelay: 500 } },
      });
      manager.on("state", ({ status }) => this.#changed(status, this));
      manager.on("problem", (error) => (this.problem = error.message));
      manager.on("pass", () => (this.lastPass = this.#world.schedule.now));
      this.#manager = manager;
      this.compare();
      await this.booted?.(manager);
      const started = this.#started;
      this.#started = undefined;
      started?.();
    } catch (error) {
      if (error instanceof PuntError && error.code === "ERR_OWNER_BUSY") this.kill(RESTART_MS);
      else this.#world.schedule.fail(error);
    }
  }

  /** Dies at once, as by SIGKILL, and starts again after virtual milliseconds. */
  kill(downMs: number): void {
    const { schedule, network } = this.#world;
    if (!this.#party?.isAlive) return;
    this.#party.isAlive = false;
    this.#manager = undefined;
    this.#vpp = undefined;
    network.leave(this.#party);
    this.disk.ownerDied();
    this.wishes.died();
    this.died?.();
    schedule.at(schedule.now + downMs, "supervisor", () => this.start(), schedule.world);
  }

  /** Dies, and does something as soon as its next process has started its manager. */
  return(downMs: number, started: () => void): void {
    if (!this.isUp) return;
    this.#started = started;
    this.kill(downMs);
  }

  /** Ends in order, and starts again. */
  stop(): void {
    const manager = this.#manager;
    const party = this.#party;
    if (manager === undefined || party === undefined) return;
    this.#manager = undefined;
    const close = async () => {
      await this.closing?.();
      await manager.close();
    };
    this.#asked(party, "close", close).then(
      () => party.isAlive && this.kill(0),
      (error) => this.#world.schedule.fail(error),
    );
  }

  /** Begins to add or delete a punt, unless an operation on it is under way. */
  perform(op: "add" | "delete", request: PuntRequestInput, around = (add: () => Promise<unknown>) => add()): void {
    const { schedule } = this.#world;
    const manager = this.#manager;
    const id = idOf(request) as PuntStatus["id"];
    if (manager === undefined || this.wishes.isBusy(id)) return;
    const operation = this.wishes.begin(op, id);
    const ended = (code: string | undefined) => {
      schedule.note(`${this.owner} ${op} ${operation.key} ${code}\n`);
      this.wishes.ended(operation, code);
    };
    this.#asked(
      this.#party!,
      op,
      (): Promise<unknown> => (op === "add" ? around(() => manager.add(request)) : manager.delete(id)),
    )
      .then(
        () => ended(undefined),
        (error) => (error instanceof PuntError ? ended(outcomeOf(error)) : Promise.reject(error)),
      )
      .catch((error) => schedule.fail(error));
  }

  /** Deletes a punt of its own accord, whatever is under way. */
  async deleteItself(id: PuntStatus["id"]): Promise<void> {
    const { schedule } = this.#world;
    const manager = this.#manager;
    if (manager === undefined) return;
    const operation = this.wishes.begin("delete", id);
    const ended = (code: string | undefined) => {
      schedule.note(`${this.owner} deletes ${operation.key} ${code}\n`);
      this.wishes.ended(operation, code);
    };
    await manager.delete(id).then(
      () => ended(undefined),
      (error) => {
        ended(outcomeOf(error));
        throw error;
      },
    );
  }

  /** Begins to replace all punts of a CNF, unless an operation on one of them is under way. The last of two of one name counts. */
  apply(cnf: string, list: readonly PuntRequestInput[]): void {
    const { schedule } = this.#world;
    const manager = this.#manager;
    if (manager === undefined || this.wishes.isCnfBusy(cnf)) return;
    const requests = [...new Map(list.map((request) => [JSON.stringify(idOf(request)), request])).values()];
    const operations = this.wishes.beginSet(
      cnf,
      requests.map((request) => idOf(request) as PuntStatus["id"]),
    );
    const ended = (result: ApplyResult | string) => {
      schedule.note(`${this.owner} apply ${cnf} ${typeof result === "string" ? result : "done"}\n`);
      this.wishes.endedSet(cnf, operations, result);
    };
    this.#asked(this.#party!, "apply", () => manager.apply({ cnf, punts: requests }))
      .then(ended, (error) => (error instanceof PuntError ? ended(outcomeOf(error)) : Promise.reject(error)))
      .catch((error) => schedule.fail(error));
  }

  /**
   * Returns whether nothing is left to do.
   *
   * @param isPlanned whether to ask the manager for what is left, and not only for the states of its punts
   * @param since when it was disturbed last: it need not look again, if a pass has ended since
   */
  async isDone(isPlanned: boolean, since: number): Promise<boolean> {
    const manager = this.#manager;
    if (manager === undefined || this.wishes.running > 0 || !this.isConnected) return false;
    const isSettled = manager.list().every(({ state }) => /^(CREATED|DEGRADED|PENDING)$/.test(state));
    if (!isSettled) return false;
    if (!isPlanned && this.lastPass > since) return true;
    return this.#asked(this.#party!, "plan", async () => {
      try {
        await manager.resync();
        this.left = isPlanned ? (await manager.plan()).toString() : NOTHING;
      } catch (error) {
        this.left = String(error);
      }
      return this.left === NOTHING;
    });
  }

  /** Calls the manager as its own process does. The promise stays open if the process dies. */
  #asked<T>(party: Party, label: string, call: () => Promise<T>): Promise<T> {
    const { schedule } = this.#world;
    return new Promise((resolve, reject) => {
      schedule.at(schedule.now, label, () => void call().then(resolve, reject), party);
    });
  }
}
