// One simulated history of the daemons of a host, their etcd, their VPP and those who ask, and the conditions that hold during it and at its end.
import { Etcd, EtcdPunts, Keys } from "../../../lib/cluster/index.js";
import { type PuntRequest, type PuntStatus, parseRequest } from "../../../lib/punt/index.js";
import { expectSame, idOf, type PuntChoice, requestOf } from "../../stress/choice.js";
import { Machine } from "../machine.js";
import { isModuleAction } from "../module/modules.js";
import { isModules } from "../module/request.js";
import { type Outcome, type RunningHistory, runSteps, settle } from "../run-steps.js";
import { type Party, ROOT, type World } from "../world/index.js";
import { Asking, type Door } from "./asking.js";
import { checkAgreement, checkMade, checkNoPunts, checkWrite, describe, isAnswered, refusedIn } from "./conditions.js";
import { ACCESS, DaemonProcess, HOST, PREFIX } from "./daemon-process.js";
import { EtcdProcess } from "./etcd-process.js";
import { strikeEtcd } from "./etcd-strikes.js";
import { HostModules } from "./host-modules.js";
import { Kept } from "./kept.js";
import { type LeaderStrike, strikeLeader } from "./leader-strikes.js";
import { type Action, DAEMONS, OPERATOR, type Step } from "./operation.js";
import { Restored } from "./restored.js";
import { Watcher } from "./watcher.js";
import { type Call, ClusterWishes } from "./wishes.js";

/** Virtual milliseconds within which all must be as it was asked for, once nothing fails any more. */
const LONGEST_SETTLING = 400_000;
/** Virtual milliseconds after the last operation in which faults still strike. */
const LONGEST_TAIL = 6_000;
/** Virtual milliseconds after which nothing is under way to etcd any more. */
const LATEST_CALL = 15_000;
/** Virtual milliseconds until a daemon that died in the middle of a change starts again. */
const RESTART_MS = 500;
/** Virtual milliseconds between two looks at what VPP has kept. */
const LOOK_MS = 500;
const keys = new Keys(PREFIX, HOST);

/** Runs a history. @throws an Error with the condition that did not hold */
export function runHistory(seed: number, steps: readonly Step[]): Promise<Outcome> {
  return runSteps<Step>(seed, steps, (world) => new History(world));
}

class History implements RunningHistory<Step> {
  readonly #world: World;
  readonly #machine: Machine;
  readonly #etcd: EtcdProcess;
  readonly #daemons: readonly DaemonProcess[];
  readonly #wishes: ClusterWishes;
  readonly #kept: Kept;
  readonly #restored: Restored;
  readonly #asking: Asking;
  readonly #watchers: Watcher[] = [];
  readonly #modules: HostModules;
  readonly #operator: Party;
  readonly #operatorsPunts: EtcdPunts;
  /** Each strikes the daemon that makes the change of VPP or Linux after so many others. */
  #strikes: { left: number; readonly ms: number }[] = [];

  constructor(world: World) {
    const { schedule, files } = world;
    this.#world = world;
    // An altered interconnect is made again, which `Kept` takes for a loss.
    this.#machine = new Machine(world, false);
    this.#etcd = new EtcdProcess(world, DAEMONS + 1, keys.leader, (...written) =>
      this.#guard(() => checkWrite(...written)),
    );
    this.#wishes = new ClusterWishes(() => schedule.now);
    this.#kept = new Kept(this.#machine.vpp, (id) => this.#wishes.mayChange(id));
    this.#restored = new Restored(world, this.#etcd, this.#machine.vpp);
    this.#asking = new Asking({
      ...{ schedule, wishes: this.#wishes, kept: this.#kept, isRestored: () => this.#restored.isRestored },
      door: (via) => this.#door(via),
    });
    this.#modules = new HostModules(world, this.#etcd.model, {
      daemons: () => this.#daemons,
      accepted: () => this.#accepted(),
      isRestored: () => this.#restored.isRestored,
      delete: (request) =>
        this.#asking.ask("delete", idOf(request) as PuntRequest, schedule.random.chance(0.5) ? OPERATOR : 0),
    });
    world.sockets.table.killed = ({ name }) => {
      this.#daemons.find((daemon) => daemon.name === name)?.kill(RESTART_MS);
      this.#modules.killed(name);
    };
    const parts = {
      modules: this.#modules,
      etcd: this.#etcd,
      host: this.#machine.kernel,
      watching: {
        acts: (daemon: DaemonProcess, what: string) => this.#acts(daemon, what),
        changed: (daemon: DaemonProcess, status: PuntStatus) => {
          checkMade(this.#machine.vpp, daemon, status).catch((error) => schedule.fail(error));
        },
        role: () => this.#roleChanged(),
      },
      died: (party: Party) => this.#wishes.died(party),
    };
    const daemons = schedule.random.chance(0.25) ? DAEMONS : DAEMONS - 1;
    this.#daemons = Array.from({ length: daemons }, (_, place) => new DaemonProcess(world, place, parts));
    for (const { name } of this.#daemons) files.make(`${ROOT}/${name}`, "folder");
    this.#operator = schedule.newParty("operator");
    const link = schedule.as(this.#operator, () => this.#etcd.connect(OPERATOR, () => {}));
    this.#operatorsPunts = new EtcdPunts(Etcd.over(link.client, ACCESS), { host: HOST, by: () => "an operator" });
  }

  async begin(): Promise<void> {
    await this.#machine.start();
    for (const daemon of this.#daemons) daemon.start();
    this.#lookAgain();
    await this.#world.schedule.sleep(50);
  }

  async checkForeign(): Promise<void> {
    await this.#machine.checkForeign();
    await this.#kept.look(this.#accepted());
  }

  #roleChanged(): void {
    this.#wishes.terms++;
    // Another daemon may know an older history.
    if (this.#restored.isRestored) this.#kept.forget();
  }

  /** Looks at what VPP has kept, whatever happens. */
  #lookAgain(): void {
    const { schedule } = this.#world;
    const look = () => {
      this.#kept.look(this.#accepted()).catch((error) => schedule.fail(error));
      this.#lookAgain();
    };
    schedule.at(schedule.now + LOOK_MS, "look", look, schedule.world);
  }

  /** The daemon that acts, as far as the daemons say. */
  get #leader(): DaemonProcess | undefined {
    return this.#daemons[this.#leaderPlace];
  }

  get #leaderPlace(): number {
    return this.#daemons.findIndex(({ role }) => role === "leader");
  }

  async perform(action: Action): Promise<void> {
    const { schedule, network } = this.#world;
    schedule.note(JSON.stringify(action));
    if (isModuleAction(action)) return this.#modules.perform(action);
    switch (action.op) {
      case "add":
      case "update":
      case "delete":
        return this.#asking.ask(action.op, parseRequest(requestOf(action.punt, ROOT)), action.via);
      case "apply":
        return this.#asking.apply(action);
      case "watch":
        return this.#watch(action.via, action.cnf);
      case "watch-again":
        return this.#watchers[action.nth % Math.max(1, this.#watchers.length)]?.resume();
      case "wish":
        return this.#wish(parseRequest(requestOf(action.punt, ROOT)), true);
      case "unwish": {
        const wanted = this.#wanted();
        return wanted.length > 0 ? this.#wish(wanted[action.nth % wanted.length]!, false) : undefined;
      }
      case "waver": {
        const request = parseRequest(requestOf(action.punt, ROOT));
        this.#wish(request, !action.isThere);
        const waver = () => this.#wish(request, action.isThere);
        return void schedule.at(schedule.now + action.ms, "waver", waver, schedule.world);
      }
      case "kill":
        return this.#daemons[action.daemon]?.kill(action.down);
      case "restart":
        return this.#daemons[action.daemon]?.stop();
      case "stop":
        return this.#stop(action.party, action.ms);
      case "strike":
        return void this.#strikes.push({ left: action.nth, ms: action.ms });
      case "handover":
      case "depose":
      case "partition":
      case "orphan":
        return this.#strikeLeader(action);
      case "unanswered": {
        const place = this.#leaderPlace;
        this.#etcd.ways[place]?.add(action.fault, 1);
        return place < 0 ? undefined : this.#asking.ask(action.call, parseRequest(requestOf(action.punt, ROOT)), place);
      }
      case "crash-vpp":
        return void this.#machine.vpp.crash(action.down);
      case "restore":
        return this.#restored.restore(action, this.#daemons, (wanted) => {
          this.#kept.forget();
          this.#wishes.restored(wanted);
        });
      case "resume":
        return this.#restored.decide(action.keep);
      case "cut":
        return network.cut();
      case "clock":
        schedule.wallOffset += action.ms;
        return;
      case "kernel":
        this.#machine.kernel.failing = action.times;
        return;
      case "fault":
        return this.#machine.vpp.faults.add(action);
      case "namespace":
        this.#kept.renewNamespaces();
        return this.#machine.renewNamespace(action.down);
      case "up":
      case "address":
      case "loopback":
      case "undo":
        if (action.op === "undo") this.#kept.forget();
        return this.#machine.operate(
          action,
          this.#daemons.flatMap((daemon) => daemon.list()),
        );
      default:
        return strikeEtcd(this.#etcd, schedule.now, action);
    }
  }

  /** A program changes the wishes in etcd, unless a call about the punt is under way. */
  #wish(request: PuntRequest, isThere: boolean): void {
    const id = idOf(request) as PuntStatus["id"];
    if (this.#wishes.isBusy(id)) return;
    this.#kept.asked(id);
    const text = isThere ? JSON.stringify({ request, by: "a program", at: "" }) : undefined;
    this.#etcd.model.set(keys.punt("wanted", id), text);
    this.#wishes.written(id, isThere ? request : undefined);
  }

  #strikeLeader(action: LeaderStrike): void {
    const place = this.#leaderPlace;
    const leading = {
      ...{ schedule: this.#world.schedule, etcd: this.#etcd, place, daemon: this.#leader, modules: this.#modules },
      ask: (call: Call, punt: PuntChoice) => this.#asking.ask(call, parseRequest(requestOf(punt, ROOT)), place),
      crashVpp: () => void this.#machine.vpp.crash(50),
    };
    strikeLeader(leading, action);
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#world.schedule.fail(error);
    }
  }

  #stop(index: number, ms: number): void {
    const daemons = Array.from({ length: DAEMONS }, (_, place) => this.#daemons[place]?.party);
    const party = [...daemons, this.#machine.vpp.party, this.#etcd.party][index];
    if (party) this.#world.schedule.stop(party, ms);
  }

  #watch(via: number, cnf: number | undefined): void {
    const { punts, party, name } = this.#door(via);
    if (punts === undefined || party === undefined) return;
    const of = { punts, party, name, isDaemon: party !== this.#operator };
    this.#watchers.push(new Watcher(this.#world, of, cnf === undefined ? undefined : `cnf${cnf}`));
  }

  /** The interface that answers at a place, and the process that asks there. */
  #door(via: number): Door & { readonly name: string } {
    const daemon = this.#daemons[via];
    if (daemon === undefined && via !== OPERATOR) return { punts: undefined, party: undefined, name: "nobody" };
    const { punts, party } = daemon ?? { punts: this.#operatorsPunts, party: this.#operator };
    return { punts, party, name: daemon?.name ?? "etcd" };
  }

  #acts(daemon: DaemonProcess, what: string): void {
    const { schedule } = this.#world;
    this.#restored.check(daemon, what);
    for (const strike of this.#strikes) strike.left--;
    const struck = this.#strikes.find(({ left }) => left <= 0);
    if (!struck || !daemon.party) return;
    this.#strikes = this.#strikes.filter((strike) => strike !== struck);
    if (struck.ms > 0) schedule.stop(daemon.party, struck.ms);
    else schedule.at(schedule.now, "die", () => daemon.kill(RESTART_MS), schedule.world);
  }

  async end(): Promise<void> {
    const { schedule } = this.#world;
    await schedule.sleep(schedule.random.between(0, LONGEST_TAIL));
    await this.checkForeign();
    this.#calm();
    await schedule.sleep(LATEST_CALL);
    if (this.#restored.isRestored) await this.#machine.removeUnmarked();
    await this.#settle(true);
    this.#wishes.settled();
    this.#wishes.compare(this.#wanted());
    // Statuses gather for a moment before the daemon writes them.
    await schedule.sleep(2_000);
    checkAgreement(this.#daemons, this.#leader!, this.#etcd.model);
    for (const watcher of this.#watchers) watcher.compare(this.#accepted(), refusedIn(this.#etcd.model));
    this.#machine.checkStates(this.#accepted());
    const reached = await this.#machine.snapshot();
    await this.#machine.vpp.crash(10);
    await this.#settle();
    expectSame("a VPP that was configured at once", await this.#machine.snapshot(), "after the history", reached);
    await this.#checkNothingLeft();
  }

  /** Nothing fails any more, and everyone goes on. */
  #calm(): void {
    this.#world.schedule.isCalm = true;
    this.#machine.vpp.faults.clear();
    this.#machine.kernel.failing = 0;
    this.#world.sockets.table.calm();
    this.#world.sockets.namespaces.makeAll();
    for (const way of this.#etcd.ways) way.clear();
    this.#strikes = [];
  }

  /** The wishes of all but the modules. */
  #wanted(): PuntRequest[] {
    return this.#allWanted().filter((request) => !isModules(request));
  }

  #allWanted(): PuntRequest[] {
    return this.#etcd.model.below(keys.folder("wanted")).map(({ value }) => JSON.parse(value).request);
  }

  /** The punts of the daemon that acts. */
  #accepted(): PuntStatus[] {
    return this.#leader?.list() ?? [];
  }

  #settle(isPlanned = false): Promise<void> {
    const limits = { longest: LONGEST_SETTLING, pause: 1_000 };
    return settle(
      this.#world,
      limits,
      () => this.#isSettled(isPlanned),
      () => {
        const waiting = this.#wishes.running.map(({ call, key, party }) => `${party.name} waits for ${call} ${key}`);
        return [...waiting, ...this.#modules.describe(), describe(this.#daemons, this.#etcd.model)].join("\n");
      },
    );
  }

  async #isSettled(isPlanned: boolean): Promise<boolean> {
    const leader = this.#leader;
    this.#restored.decideFor(this.#daemons);
    if (!this.#machine.isUp || leader === undefined || this.#wishes.running.length > 0) return false;
    const isAsked = this.#etcd.model.below(keys.folder("ask")).length > 0;
    if (isAsked || !this.#daemons.every(({ role, isConnected }) => isConnected && /^(leader|standby)$/.test(role)))
      return false;
    if (!leader.list().every(({ state }) => /^(CREATED|DEGRADED|PENDING)$/.test(state))) return false;
    if (!this.#modules.isSettled()) return false;
    for (const daemon of this.#daemons) if (!(await daemon.isDone(isPlanned))) return false;
    return (await isAnswered(this.#allWanted(), this.#daemons, leader)) && this.#modules.isSettled();
  }

  /** Everything is deleted; then neither VPP, nor Linux, nor etcd has anything of a punt. */
  async #checkNothingLeft(): Promise<void> {
    if (this.#modules.closeAll()) await this.#settle();
    for (const request of this.#allWanted())
      this.#asking.ask("delete", request, this.#world.schedule.random.chance(0.5) ? 0 : OPERATOR);
    await this.#settle();
    this.#wishes.compare(this.#wanted());
    await this.#machine.checkNothingLeft([DaemonProcess.memifDirectory]);
    checkNoPunts(this.#etcd.model);
  }
}
