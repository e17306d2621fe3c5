// One simulated history of the managers of two owners and their VPP, and the conditions that hold during it and at its end.
import {
  idKey,
  isMade,
  type PuntRequest,
  type PuntRequestInput,
  type PuntState,
  type PuntStatus,
} from "../../lib/punt/index.js";
import { expectSame, requestOf } from "../stress/choice.js";
import { Watcher } from "./cluster/watcher.js";
import { CnfProgram, PROGRAM } from "./cnf-program.js";
import { Daemon } from "./daemon.js";
import { hasTrace, patternsOf } from "./evidence.js";
import { Machine } from "./machine.js";
import { ManagerProcess } from "./manager-process.js";
import { isModuleAction, Modules } from "./module/modules.js";
import { OwnProgram } from "./module/own-program.js";
import { MODULES } from "./module/request.js";
import { type Action, OWNERS, type Return, type Step } from "./operation.js";
import { type Outcome, type RunningHistory, runSteps, settle } from "./run-steps.js";
import { ROOT, type World } from "./world/index.js";

/** Virtual milliseconds within which all must be as it was asked for, once nothing fails any more. */
const LONGEST_SETTLING = 180_000;

/** Virtual milliseconds after the last operation in which faults still strike. */
const LONGEST_TAIL = 3_000;

/** The number of the CNF of the first punt of the program that manages VPP itself. */
const FIRST_OWN = 6;

/** Runs a history. @throws an Error with the condition that did not hold */
export function runHistory(seed: number, steps: readonly Step[]): Promise<Outcome> {
  return runSteps<Step>(seed, steps, (world) => new History(world));
}

class History implements RunningHistory<Step> {
  readonly #world: World;
  readonly #machine: Machine;
  readonly #managers: readonly ManagerProcess[];
  readonly #daemon: Daemon;
  readonly #program: CnfProgram;
  readonly #modules: Modules;
  readonly #own: OwnProgram;
  /** Of each punt, the requests since it was last made, whose traces may be in VPP. */
  readonly #requests = new Map<string, PuntRequest[]>();
  readonly #watchers: { readonly watcher: Watcher; readonly of: ManagerProcess }[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#machine = new Machine(world, true);
    this.#managers = OWNERS.map(
      (owner) => new ManagerProcess(world, owner, this.#machine.kernel, (status, from) => this.#changed(status, from)),
    );
    this.#daemon = new Daemon(world, this.#managers[0]!);
    this.#program = new CnfProgram(world, this.#daemon);
    for (const cnf of MODULES) this.#daemon.follow(cnf, {});
    this.#modules = new Modules(world, this.#daemon);
    this.#own = new OwnProgram(world, this.#machine.kernel);
    world.sockets.table.killed = ({ name }) => {
      if (this.#own.party?.name === name) this.#own.kill(50);
      if (this.#managers[0]!.party?.name === name) this.#managers[0]!.kill(50);
      this.#modules.killed(name);
    };
  }

  get #vpp(): Machine["vpp"] {
    return this.#machine.vpp;
  }

  async begin(): Promise<void> {
    await this.#machine.start();
    for (const manager of this.#managers) manager.start();
    await this.#world.schedule.sleep(50);
  }

  async checkForeign(): Promise<void> {
    await this.#machine.checkForeign();
  }

  async perform(action: Action): Promise<void> {
    const { schedule, network } = this.#world;
    schedule.note(JSON.stringify(action));
    if (isModuleAction(action)) return this.#modules.perform(action);
    switch (action.op) {
      case "add":
      case "delete":
        return this.#managers[action.owner]!.perform(action.op, requestOf(action.punt, ROOT));
      case "apply": {
        const requests = action.punts.map((punt) => requestOf({ ...punt, cnf: action.cnf }, ROOT));
        return this.#managers[action.owner]!.apply(`cnf${action.cnf}`, requests);
      }
      case "watch":
        return this.#watch(this.#managers[action.owner]!, action.cnf);
      case "watch-again":
        return this.#watchers[action.nth % Math.max(1, this.#watchers.length)]?.watcher.resume();
      case "connect":
        return this.#program.connect(action.grace);
      case "disconnect":
        return this.#program.cut();
      case "add-own":
        return this.#program.add(requestOf({ ...action.punt, cnf: PROGRAM }, ROOT));
      case "own-open": {
        const request = requestOf({ ...action.punt, cnf: FIRST_OWN + action.nth }, ROOT);
        return this.#own.open(action.nth, request, action.frames);
      }
      case "own-close":
        return this.#own.close(action.nth);
      case "own-kill":
        return this.#own.kill(action.down);
      case "kill":
        return this.#managers[action.owner]!.kill(action.down);
      case "return":
        return this.#return(action);
      case "restart":
        return this.#managers[action.owner]!.stop();
      case "namespace":
        return this.#machine.renewNamespace(action.down);
      case "crash-vpp":
        return void this.#vpp.crash(action.down);
      case "stop": {
        const party = [this.#vpp.party, ...this.#managers.map((manager) => manager.party)][action.party];
        if (party) schedule.stop(party, action.ms);
        return;
      }
      case "cut":
        return network.cut();
      case "clock":
        schedule.wallOffset += action.ms;
        return;
      case "disk":
        this.#managers[action.owner]!.disk.failing = action.times;
        return;
      case "kernel":
        this.#machine.kernel.failing = action.times;
        return;
      case "fault":
        return this.#vpp.faults.add(action);
      default:
        return this.#machine.operate(action, this.#listAll());
    }
  }

  #watch(of: ManagerProcess, cnf: number | undefined): void {
    const { watched } = of;
    if (watched === undefined) return;
    const watcher = new Watcher(this.#world, watched, cnf === undefined ? undefined : `cnf${cnf}`);
    this.#watchers.push({ watcher, of });
  }

  #return({ owner, down, refused, deleted }: Return): void {
    const manager = this.#managers[owner]!;
    manager.return(down, () => {
      for (const { message, nth } of refused)
        this.#vpp.faults.add({ message, nth, action: { kind: "refuse", error: "UNSPECIFIED" } });
      const punts = manager.listOwn();
      for (const each of deleted)
        if (punts.length > 0) manager.perform("delete", punts[each % punts.length]!.request as PuntRequestInput);
    });
  }

  /** A punt that is made is in VPP, and one that is DELETED is not, if VPP is the one that the manager has read. */
  #changed({ id, state, request }: PuntStatus, from: ManagerProcess): void {
    const { life, disturbedAt } = this.#vpp;
    this.#keep(`${from.owner} ${idKey(id)}`, state, request);
    if (life === undefined || disturbedAt >= from.lastPass || !(isMade(state) || state === "DELETED")) return;
    if (state === "DELETED" && (!from.isConnected || this.#hasLike(request))) return;
    const { schedule } = this.#world;
    life
      .snapshot()
      .then((found) => {
        if (hasTrace(request, found) === isMade(state)) return;
        const what = isMade(state) ? "does not have it" : "still has it";
        throw new Error(`${from.owner}: ${JSON.stringify(request)} is ${state}, and VPP ${what}`);
      })
      .catch((error) => schedule.fail(error));
  }

  #keep(key: string, state: PuntState, request: PuntRequest): void {
    if (state === "DELETED") this.#requests.delete(key);
    else this.#requests.set(key, [...(isMade(state) ? [] : (this.#requests.get(key) ?? [])), request]);
  }

  /** Whether there is a punt whose traces in VPP may look alike. The punts of a manager that is down are not known. */
  #hasLike(request: PuntStatus["request"]): boolean {
    if (this.#own.isUnsure || this.#managers.some((manager) => !manager.isUp)) return true;
    const patterns = patternsOf(request).map(String);
    const requests = [...this.#listAll().map((each) => each.request), ...[...this.#requests.values()].flat()];
    return requests.some((each) => patternsOf(each).some((pattern) => patterns.includes(String(pattern))));
  }

  /** The punts of all managers. */
  #listAll(): PuntStatus[] {
    return [...this.#managers, this.#own].flatMap((manager) => manager.list());
  }

  async end(): Promise<void> {
    const { schedule } = this.#world;
    await schedule.sleep(schedule.random.between(0, LONGEST_TAIL));
    await this.checkForeign();
    this.#calm();
    this.#own.finish();
    // The time of a session begins when the daemon is there.
    await this.#until(async () => this.#daemon.isUp);
    const overAt = Math.max(this.#program.end(), ...this.#modules.all.map((module) => module.overAt));
    await schedule.sleep(overAt - schedule.now);
    await this.#settle(true);
    this.#program.checkGone();
    for (const { left } of this.#modules.all) if (left !== "") throw new Error(left);
    for (const { watcher, of } of this.#watchers) watcher.compare(of.list());
    for (const manager of this.#managers) manager.compare();
    this.#machine.checkStates(this.#listAll());
    const reached = await this.#machine.snapshot();
    await this.#vpp.crash(10);
    await this.#settle();
    const again = await this.#machine.snapshot();
    expectSame("a VPP that was configured at once", again, "after the history", reached);
    await this.#checkNothingLeft();
  }

  /** Nothing fails any more, and everyone goes on. */
  #calm(): void {
    const { schedule } = this.#world;
    schedule.isCalm = true;
    this.#vpp.faults.clear();
    this.#machine.kernel.failing = 0;
    this.#world.sockets.table.calm();
    this.#world.sockets.namespaces.makeAll();
    for (const manager of this.#managers) manager.disk.failing = 0;
  }

  #settle(isPlanned = false): Promise<void> {
    const { now } = this.#world.schedule;
    return this.#until(() => this.#isSettled(isPlanned, now));
  }

  #until(isSettled: () => Promise<boolean>): Promise<void> {
    const limits = { longest: LONGEST_SETTLING, pause: 400 };
    return settle(this.#world, limits, isSettled, () => this.#describe());
  }

  async #isSettled(isPlanned: boolean, since: number): Promise<boolean> {
    if (!this.#machine.isUp) return false;
    // Before the managers, as a plan costs much more.
    if (!this.#modules.isSettled() || this.#daemonFault() !== "") return false;
    for (const manager of this.#managers) if (!(await manager.isDone(isPlanned, since))) return false;
    if (!(await this.#own.isSettled(isPlanned))) return false;
    return this.#modules.isSettled();
  }

  #daemonFault(): string {
    const [manager] = this.#managers;
    return this.#modules.leftWith([manager!.party], manager!.list());
  }

  #describe(): string {
    return this.#managers
      .flatMap((manager) => [
        `${manager.owner}: ${manager.isUp ? "up" : "down"}, ${manager.wishes.running} operations under way, left: ${manager.left}, problem: ${manager.problem}`,
        ...manager
          .list()
          .map(
            ({ id, state, missing, failure }) =>
              `${JSON.stringify(id)} ${state} ${JSON.stringify(missing)} ${failure?.message}`,
          ),
      ])
      .concat(
        this.#modules.all.map((module) => module.describe()),
        this.#own.describe(),
        this.#daemonFault(),
      )
      .join("\n");
  }

  async #checkNothingLeft(): Promise<void> {
    const wereAny = this.#modules.closeAll();
    this.#own.closeAll();
    if (wereAny) await this.#settle();
    for (const manager of this.#managers)
      for (const { request } of manager.list()) manager.perform("delete", request as never);
    await this.#settle();
    for (const manager of this.#managers) manager.compare();
    await this.#machine.checkNothingLeft([...this.#managers, this.#own].map(({ memifDirectory }) => memifDirectory));
  }
}
