// One simulated history of the managers of two owners and their VPP, and the conditions that hold during it and at its end.
import { EmulatedHost, isMade, type PuntRequestInput, type PuntStatus } from "../../lib/punt/index.js";
import { expectSame, interfacesOf, requestOf } from "../stress/choice.js";
import { Operator } from "../stress/operator.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { hasTrace, patternsOf } from "./evidence.js";
import { Kernel } from "./kernel.js";
import { ManagerProcess } from "./manager-process.js";
import { type Action, CARDS, OWNERS, type Return, type Step } from "./operation.js";
import { type VppLife, VppProcess } from "./vpp.js";
import { inWorld, ROOT, type World } from "./world/index.js";

/** Virtual milliseconds within which all must be as it was asked for, once nothing fails any more. */
const LONGEST_SETTLING = 180_000;

/** Virtual milliseconds after the last operation in which faults still strike. */
const LONGEST_TAIL = 3_000;

export interface Outcome {
  /** The hash of all that happened. */
  readonly digest: string;
  readonly happenings: number;
  readonly virtualMs: number;
}

/** Runs a history. @throws an Error with the condition that did not hold */
export async function runHistory(seed: number, steps: readonly Step[]): Promise<Outcome> {
  const { schedule } = await inWorld(seed, async (world) => {
    const history = new History(world);
    await history.begin();
    for (const step of steps) {
      await world.schedule.sleep(step.after);
      await history.perform(step);
      await history.checkForeign();
    }
    await history.end();
  });
  return { digest: schedule.digest(), happenings: schedule.count, virtualMs: schedule.now };
}

/** The lines of a VPP without punts, by what its operator has changed: the same in all histories. */
const baselines = new Map<string, readonly string[]>();

class History {
  readonly #world: World;
  readonly #vpp: VppProcess;
  readonly #operator: Operator;
  /** The life that the operator's requests go to. */
  #operated: VppLife | undefined;
  readonly #host: EmulatedHost;
  readonly #kernel: Kernel;
  readonly #managers: readonly ManagerProcess[];
  /** The lines of VPP without punts. */
  #baseline: readonly string[] = [];
  /** The changes of the operator, each with its present value. */
  readonly #changes = new Map<string, boolean>();
  /** The number of messages that VPP had when its foreign objects were looked at last. */
  #looked = -1;

  constructor(world: World) {
    this.#world = world;
    this.#vpp = new VppProcess(world, CARDS, (life) => this.#configure(life));
    this.#host = new EmulatedHost(this.#vpp);
    this.#kernel = new Kernel(world, this.#host);
    this.#operator = new Operator(this.#operatorsClient(), CARDS, ROOT);
    this.#managers = OWNERS.map(
      (owner) => new ManagerProcess(world, owner, this.#kernel, (status, from) => this.#changed(status, from)),
    );
  }

  /** The operator has one client for all lives of VPP. */
  #operatorsClient(): ConstructorParameters<typeof Operator>[0] {
    const client = {
      call: (name: never, value: never) => this.#operated!.direct().call(name, value),
      dumpAll: (name: never, value: never) => this.#operated!.direct().dumpAll(name, value),
    };
    return client as never;
  }

  async #configure(life: VppLife): Promise<void> {
    this.#operated = life;
    await this.#operator.apply();
  }

  async begin(): Promise<void> {
    await this.#vpp.start();
    await this.#newBaseline();
    for (const manager of this.#managers) manager.start();
    await this.#world.schedule.sleep(50);
  }

  async perform(action: Action): Promise<void> {
    const { schedule, network } = this.#world;
    schedule.note(JSON.stringify(action));
    switch (action.op) {
      case "add":
      case "delete":
        return this.#managers[action.owner]!.perform(action.op, requestOf(action.punt, ROOT));
      case "kill":
        return this.#managers[action.owner]!.kill(action.down);
      case "return":
        return this.#return(action);
      case "restart":
        return this.#managers[action.owner]!.stop();
      case "crash-vpp":
        return void this.#vpp.crash(action.down);
      case "stop": {
        const party = [this.#vpp.party, ...this.#managers.map((manager) => manager.party)][action.party];
        if (party) party.stoppedUntil = schedule.now + action.ms;
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
        this.#kernel.failing = action.times;
        return;
      case "fault":
        return this.#vpp.faults.add(action);
      default:
        return this.#operate(action);
    }
  }

  #return({ owner, down, refused, deleted }: Return): void {
    const manager = this.#managers[owner]!;
    manager.return(down, () => {
      for (const { message, nth } of refused)
        this.#vpp.faults.add({ message, nth, action: { kind: "refuse", error: "UNSPECIFIED" } });
      const punts = manager.list();
      for (const each of deleted)
        if (punts.length > 0) manager.perform("delete", punts[each % punts.length]!.request as PuntRequestInput);
    });
  }

  async #operate(action: Extract<Action, { op: "up" | "address" | "loopback" }>): Promise<void> {
    const { life } = this.#vpp;
    if (life === undefined) return;
    this.#operated = life;
    if (action.op === "loopback" && !action.present && (await this.#hasPolicy(life, `loop${action.instance}`))) return;
    const { op, after: _, ...what } = action as typeof action & { readonly after: number };
    const [value, key] = "up" in what ? [what.up, { ...what, up: op }] : [what.present, { ...what, present: op }];
    if (action.op === "up") await this.#operator.setUp(action.card, action.up);
    else if (action.op === "address") {
      if (!this.#operator.has(action.card).interface) return;
      await this.#operator.setAddress(action.card, addressOf(action.card, action.prefix), action.present);
    } else await this.#operator.setLoopback(action.instance, action.present);
    this.#changes.set(JSON.stringify(key), value);
    this.#vpp.disturbedAt = this.#world.schedule.now;
    await this.#newBaseline();
  }

  /**
   * Whether the interface has an ABX policy, or a manager may be about to attach one. If such an interface is deleted, VPP keeps the
   * policy's ACL for good: no message detaches from an interface that is gone.
   */
  async #hasPolicy(life: VppLife, name: string): Promise<boolean> {
    const punts = this.#managers.flatMap((manager) => manager.list());
    if (punts.some(({ request }) => request.type === "ABX" && request.vppInterface === name)) return true;
    const fields = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: "" };
    const interfaces = await life.direct().dumpAll("sw_interface_dump", fields);
    const attached = await life.direct().dumpAll("abx_interface_attach_dump", {});
    const index = interfaces.find(({ interface_name }) => interface_name === name)?.sw_if_index;
    return attached.some(({ attach }) => attach.rx_sw_if_index === index);
  }

  /** Reads what a VPP has that no manager ever saw. */
  async #newBaseline(): Promise<void> {
    this.#looked = -1;
    const key = JSON.stringify([...this.#changes].sort());
    this.#baseline = baselines.get(key) ?? (await this.#readBaseline());
    baselines.set(key, this.#baseline);
  }

  async #readBaseline(): Promise<string[]> {
    const operated = this.#operated;
    const scratch = this.#vpp.scratch();
    await this.#configure(scratch);
    this.#operated = operated;
    return snapshot(scratch.direct());
  }

  /** Nothing that VPP has from others is touched, at any time. */
  async checkForeign(): Promise<void> {
    const { life, faults } = this.#vpp;
    if (life === undefined || faults.seen === this.#looked) return;
    this.#looked = faults.seen;
    const found = await snapshot(life.direct());
    const missing = this.#baseline.filter((line) => !found.includes(line));
    if (missing.length > 0) throw new Error(`foreign objects were touched:\n${missing.join("\n")}`);
  }

  /** A punt that is made is in VPP, and one that is DELETED is not, if VPP is the one that the manager has read. */
  #changed({ state, request }: PuntStatus, from: ManagerProcess): void {
    const { life, disturbedAt } = this.#vpp;
    if (life === undefined || disturbedAt >= from.lastPass || !(isMade(state) || state === "DELETED")) return;
    if (state === "DELETED" && (!from.isConnected || this.#hasLike(request))) return;
    const { schedule } = this.#world;
    snapshot(life.direct())
      .then((found) => {
        if (hasTrace(request, found) === isMade(state)) return;
        const what = isMade(state) ? "does not have it" : "still has it";
        throw new Error(`${from.owner}: ${JSON.stringify(request)} is ${state}, and VPP ${what}`);
      })
      .catch((error) => schedule.fail(error));
  }

  /** Whether there is a punt whose traces in VPP may look alike. The punts of a manager that is down are not known. */
  #hasLike(request: PuntStatus["request"]): boolean {
    if (this.#managers.some((manager) => !manager.isUp)) return true;
    const patterns = patternsOf(request).map(String);
    const all = this.#managers.flatMap((manager) => manager.list());
    return all.some((each) => patternsOf(each.request).some((pattern) => patterns.includes(String(pattern))));
  }

  async end(): Promise<void> {
    const { schedule } = this.#world;
    await schedule.sleep(schedule.random.between(0, LONGEST_TAIL));
    await this.checkForeign();
    this.#calm();
    await this.#settle(true);
    for (const manager of this.#managers) manager.wishes.compare(manager.list());
    this.#checkStates();
    const reached = await snapshot(this.#vpp.life!.direct());
    await this.#vpp.crash(10);
    await this.#settle();
    const again = await snapshot(this.#vpp.life!.direct());
    expectSame("a VPP that was configured at once", again, "after the history", reached);
    await this.#checkNothingLeft();
  }

  /** Nothing fails any more, and everyone goes on. */
  #calm(): void {
    const { schedule } = this.#world;
    schedule.isCalm = true;
    this.#vpp.faults.clear();
    this.#kernel.failing = 0;
    for (const manager of this.#managers) manager.disk.failing = 0;
  }

  async #settle(isPlanned = false): Promise<void> {
    const { schedule } = this.#world;
    const end = schedule.now + LONGEST_SETTLING;
    await schedule.sleep(200);
    while (!(await this.#isSettled(isPlanned))) {
      if (schedule.now > end) throw new Error(`not settled:\n${this.#describe()}`);
      await schedule.sleep(400);
    }
  }

  async #isSettled(isPlanned: boolean): Promise<boolean> {
    const { life, party } = this.#vpp;
    if (life === undefined || party === undefined || party.stoppedUntil > this.#world.schedule.now) return false;
    for (const manager of this.#managers) if (!(await manager.isDone(isPlanned))) return false;
    return true;
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
      .join("\n");
  }

  #checkStates(): void {
    for (const { request, state, missing } of this.#managers.flatMap((manager) => manager.list())) {
      const names = interfacesOf(request);
      const waits = names.filter((name) => !this.#isReady(name, request.type));
      const made = names.every((name) => this.#operator.has(name).up) ? "CREATED" : "DEGRADED";
      const expected = waits.length > 0 ? "PENDING" : made;
      const isNamed = waits.every((name) => missing.some((lack) => lack.name === name));
      if (state !== expected || !isNamed)
        throw new Error(
          `${JSON.stringify(request)} is ${state}, for ${JSON.stringify(missing)}, and not ${expected}; missing: ${waits}`,
        );
    }
  }

  #isReady(name: string, type: string): boolean {
    const { interface: isThere, address } = this.#operator.has(name);
    return type === "ABX" || type === "ISISX" ? address : isThere;
  }

  async #checkNothingLeft(): Promise<void> {
    for (const manager of this.#managers)
      for (const { request } of manager.list()) manager.perform("delete", request as never);
    await this.#settle();
    for (const manager of this.#managers) manager.wishes.compare(manager.list());
    expectSame(
      "a VPP no manager ever saw",
      this.#baseline,
      "after all was deleted",
      await snapshot(this.#vpp.life!.direct()),
    );
    const { files } = this.#world;
    for (const { memifDirectory } of this.#managers) {
      const left = files.kind(memifDirectory) ? files.list(memifDirectory) : [];
      if (left.length > 0) throw new Error(`socket files are left: ${left}`);
    }
    for (const namespace of ["", ...(await this.#host.namedNamespaces())]) {
      const links = await this.#host.links(namespace);
      if (links.length > 0) throw new Error(`devices are left in ${namespace}: ${JSON.stringify(links)}`);
    }
  }
}

function addressOf(card: string, prefix: number): string {
  const index = CARDS.includes(card) ? CARDS.indexOf(card) : 9;
  const first = card.startsWith("loop") ? "10.1.0.1/24" : `10.0.${index}.1/24`;
  return [first, `10.9.${index}.1/28`, `fd00:${index}::1/64`][prefix]!;
}
