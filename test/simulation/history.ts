// One simulated history of the managers of two owners and their VPP, and the conditions that hold during it and at its end.
import { join } from "node:path";
import { isMade, type PuntRequestInput, type PuntStatus, reachOf } from "../../lib/punt/index.js";
import { expectSame, type PuntChoice, requestOf } from "../stress/choice.js";
import { Watcher } from "./cluster/watcher.js";
import { CnfProgram, PROGRAM } from "./cnf-program.js";
import { ATTACH_SOCKET, Daemon, SOCKETS } from "./daemon.js";
import { hasTrace, patternsOf } from "./evidence.js";
import { Machine } from "./machine.js";
import { ManagerProcess, MODULES } from "./manager-process.js";
import { OwnProgram } from "./module/own-program.js";
import { ModuleProgram } from "./module/program.js";
import { type Action, OWNERS, type Return, type Step } from "./operation.js";
import { type Outcome, type RunningHistory, runSteps, settle } from "./run-steps.js";
import { ROOT, type World } from "./world/index.js";

/** Virtual milliseconds within which all must be as it was asked for, once nothing fails any more. */
const LONGEST_SETTLING = 180_000;

/** Virtual milliseconds after the last operation in which faults still strike. */
const LONGEST_TAIL = 3_000;

/** Virtual milliseconds within which the daemon finds a program stopped, and blocks its sockets: 3 s, a look and what is under way. */
const LONGEST_GATHERING = 4_000;

/** The number of the CNF of the first module. */
const FIRST_MODULE = 8;
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
  readonly #modules: readonly ModuleProgram[];
  readonly #own: OwnProgram;
  readonly #watchers: { readonly watcher: Watcher; readonly of: ManagerProcess }[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#machine = new Machine(world);
    this.#managers = OWNERS.map(
      (owner) => new ManagerProcess(world, owner, this.#machine.kernel, (status, from) => this.#changed(status, from)),
    );
    this.#daemon = new Daemon(world, this.#managers[0]!);
    this.#program = new CnfProgram(world, this.#daemon);
    this.#modules = MODULES.map((cnf) => new ModuleProgram(world, this.#daemon, cnf));
    this.#own = new OwnProgram(world, this.#machine.kernel);
    world.sockets.table.killed = ({ name }) => {
      if (this.#own.party?.name === name) this.#own.kill(50);
      for (const each of [this.#managers[0]!, ...this.#modules]) if (each.party?.name === name) each.kill(50);
    };
    world.sockets.table.ended = ({ name }) => this.#modules.find(({ cnf }) => cnf === name)?.close();
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
    const { schedule, network, sockets } = this.#world;
    schedule.note(JSON.stringify(action));
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
      case "module": {
        const { which, punt, grace, frames, paths } = action;
        return this.#modules[which]!.open({ request: moduleRequest(punt, which), grace, frames, paths });
      }
      case "module-upgrade": {
        const { which, punt, isForGood, down } = action;
        return this.#modules[which]!.upgrade(moduleRequest(punt, which), isForGood, down);
      }
      case "module-kill":
        return this.#modules[action.which]!.kill(action.down);
      case "module-close":
        return this.#modules[action.which]!.close();
      case "module-cut":
        return this.#modules[action.which]!.cut();
      case "module-delete":
        return this.#modules[action.which]!.deleted();
      case "own-open": {
        const request = requestOf({ ...action.punt, cnf: FIRST_OWN + action.nth }, ROOT);
        return this.#own.open(action.nth, request, action.frames);
      }
      case "own-close":
        return this.#own.close(action.nth);
      case "own-kill":
        return this.#own.kill(action.down);
      case "hang-up":
        return sockets.memifs.hangUp(action.nth);
      case "module-stop":
        return this.#stopModule(this.#modules[action.which]!, action.ms);
      case "refuse":
        return sockets.table.fail(action.call, action.times);
      case "remove-socket":
        return this.#removeSocket(action.nth);
      case "silent":
        return this.#beSilent(action.clients, action.ms);
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

  /** Removes the file of a punt socket, as a clean-up of /run does. */
  #removeSocket(nth: number): void {
    const { files } = this.#world;
    const found = files.kind(SOCKETS) ? files.list(SOCKETS) : [];
    if (found.length > 0) files.remove(join(SOCKETS, found[nth % found.length]!));
  }

  /** VPP's packets for a program that is stopped for long do not gather at its sockets. */
  #stopModule({ cnf, party }: ModuleProgram, ms: number): void {
    const { schedule, sockets } = this.#world;
    if (party === undefined) return;
    schedule.stop(party, ms);
    const [manager] = this.#managers;
    const daemon = manager!.party;
    if (daemon === undefined || ms < LONGEST_GATHERING) return;
    schedule.expect(daemon, LONGEST_GATHERING, () => {
      const found = party.isAlive && manager!.isUp ? sockets.datagrams.gathering(party, daemon) : [];
      return found.length > 0 ? `packets gather at ${found[0]!.path} of ${cnf}, which is stopped` : "";
    });
  }

  #beSilent(clients: number, ms: number): void {
    const { schedule, sockets } = this.#world;
    const party = sockets.beSilent(ATTACH_SOCKET, clients);
    const leave = () => {
      party.isAlive = false;
      sockets.leave(party);
    };
    schedule.at(schedule.now + ms, "leave", leave, schedule.world);
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
  #changed({ state, request }: PuntStatus, from: ManagerProcess): void {
    const { life, disturbedAt } = this.#vpp;
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

  /** Whether there is a punt whose traces in VPP may look alike. The punts of a manager that is down are not known. */
  #hasLike(request: PuntStatus["request"]): boolean {
    if (this.#own.isUnsure || this.#managers.some((manager) => !manager.isUp)) return true;
    const patterns = patternsOf(request).map(String);
    return this.#listAll().some((each) =>
      patternsOf(each.request).some((pattern) => patterns.includes(String(pattern))),
    );
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
    await this.#until(async () => this.#daemon.sessions !== undefined);
    const overAt = Math.max(this.#program.end(), ...this.#modules.map((module) => module.overAt));
    await schedule.sleep(overAt - schedule.now);
    await this.#settle(true);
    this.#program.checkGone();
    for (const module of this.#modules) module.checkGone();
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
    if (!this.#modules.every((module) => module.isSettled()) || this.#daemonFault() !== "") return false;
    for (const manager of this.#managers) if (!(await manager.isDone(isPlanned, since))) return false;
    if (!(await this.#own.isSettled(isPlanned))) return false;
    return this.#modules.every((module) => module.isSettled());
  }

  /** Returns what the daemon still has that belongs to CNFs; "" if nothing. */
  #daemonFault(): string {
    const { files, sockets } = this.#world;
    const { party } = this.#managers[0]!;
    const strays = party ? sockets.strays(party) : [];
    if (strays.length > 0) return `the daemon keeps ${strays.join(", ")}`;
    const wanted = this.#managers[0]!.list().map(({ request }) => reachOf(request).socketPath);
    const left = files.list(SOCKETS).filter((name) => !wanted.includes(join(SOCKETS, name)));
    return left.length > 0 ? `files of punt sockets are left: ${left}` : "";
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
        this.#modules.map((module) => module.describe()),
        this.#own.describe(),
        this.#daemonFault(),
      )
      .join("\n");
  }

  async #checkNothingLeft(): Promise<void> {
    const living = this.#modules.filter(({ party }) => party !== undefined);
    for (const module of living) module.close();
    this.#own.closeAll();
    if (living.length > 0) await this.#settle();
    for (const manager of this.#managers)
      for (const { request } of manager.list()) manager.perform("delete", request as never);
    await this.#settle();
    for (const manager of this.#managers) manager.compare();
    await this.#machine.checkNothingLeft([...this.#managers, this.#own].map(({ memifDirectory }) => memifDirectory));
  }
}

/** Returns a module's request. The daemon makes its punt socket, and chooses the path. */
function moduleRequest(punt: PuntChoice, which: number): PuntRequestInput {
  const request = requestOf({ ...punt, cnf: FIRST_MODULE + which }, ROOT);
  const { socketPath: _, ...rest } = request as PuntRequestInput & { readonly socketPath?: string };
  return rest as PuntRequestInput;
}
