// The machine of a history: VPP with its operator, and Linux. It knows what VPP would have without any manager.
import { EmulatedHost, type PuntStatus } from "../../lib/punt/index.js";
import { expectSame, interfacesOf } from "../stress/choice.js";
import { Operator } from "../stress/operator.js";
import { vppChanges } from "../support/vpp/changing.js";
import { hostUndoings, removeUnmarked, type Undoing, vppUndoings } from "../support/vpp/undoing.js";
import { Kernel } from "./kernel.js";
import { type Action, CARDS } from "./operation.js";
import { type VppLife, VppProcess } from "./vpp.js";
import { ROOT, type World } from "./world/index.js";

/** Changes of VPP by its operator. */
export type OperatorAction = Extract<Action, { op: "up" | "address" | "loopback" | "undo" }>;

/** Where the TAPs of some punts are. */
const NAMESPACE = "/run/netns/other";

/** The lines of a VPP without punts, by what its operator has changed: the same in all histories. */
const baselines = new Map<string, readonly string[]>();

export class Machine {
  readonly vpp: VppProcess;
  readonly kernel: Kernel;
  readonly #world: World;
  readonly #alters: boolean;
  readonly #host: EmulatedHost;
  readonly #operator: Operator;
  /** The life that the operator's requests go to. */
  #operated: VppLife | undefined;
  /** The lines of VPP without punts. */
  #baseline: readonly string[] = [];
  /** The changes of the operator, each with its present value. */
  readonly #changes = new Map<string, boolean>();
  /** The number of messages that VPP had when its foreign objects were looked at last. */
  #looked = -1;

  /** @param alters whether the operator alters by hand what managers have configured, and does not only undo it */
  constructor(world: World, alters: boolean) {
    this.#world = world;
    this.#alters = alters;
    this.vpp = new VppProcess(world, CARDS, (life) => this.#configure(life));
    const { namespaces } = world.sockets;
    const deviceAt = (name: string, place: string | undefined) =>
      this.vpp.life?.host.values().find((each) => each.name === name && namespaces.placeOf(each) === place);
    world.sockets.devices = ({ device, place }) => deviceAt(device, place) !== undefined;
    this.#host = new EmulatedHost(this.vpp);
    this.kernel = new Kernel(world, this.#host, (name, from, to) => {
      const device = deviceAt(name, namespaces.at(from));
      if (device) namespaces.put(device, to);
    });
    this.#operator = new Operator(this.#operatorsClient(), CARDS, ROOT);
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

  async start(): Promise<void> {
    await this.vpp.start();
    await this.#newBaseline();
  }

  /** Everything that VPP has now, as lines. */
  snapshot(): Promise<readonly string[]> {
    return this.vpp.life!.snapshot();
  }

  /**
   * The operator removes what carries no mark of a manager. A manager knows that as its own by its store alone, and makes what it still
   * wants again.
   */
  async removeUnmarked(): Promise<void> {
    const { life } = this.vpp;
    if (life === undefined) return;
    await removeUnmarked(life.direct(), this.#baseline);
    this.vpp.disturbedAt = this.#world.schedule.now;
  }

  /** Whether VPP runs. */
  get isUp(): boolean {
    const { life, party } = this.vpp;
    return life !== undefined && party !== undefined && party.stoppedUntil <= this.#world.schedule.now;
  }

  /** @param punts what the managers have now */
  async operate(action: OperatorAction, punts: readonly PuntStatus[]): Promise<void> {
    const { life } = this.vpp;
    if (life === undefined) return;
    this.#operated = life;
    if (action.op === "undo") return this.#undo(life, action.nth);
    if (action.op === "loopback" && !action.present && (await hasPolicy(life, `loop${action.instance}`, punts))) return;
    const { op, after: _, ...what } = action as typeof action & { readonly after: number };
    const [value, key] = "up" in what ? [what.up, { ...what, up: op }] : [what.present, { ...what, present: op }];
    if (action.op === "up") await this.#operator.setUp(action.card, action.up);
    else if (action.op === "address") {
      if (!this.#operator.has(action.card).interface) return;
      await this.#operator.setAddress(action.card, addressOf(action.card, action.prefix), action.present);
    } else await this.#operator.setLoopback(action.instance, action.present);
    this.#changes.set(JSON.stringify(key), value);
    this.vpp.disturbedAt = this.#world.schedule.now;
    await this.#newBaseline();
  }

  /** The operator undoes or alters something that a manager has configured. */
  async #undo(life: VppLife, nth: number): Promise<void> {
    const inVpp = await vppUndoings(life.direct(), this.#baseline);
    const changes = this.#alters ? await vppChanges(life.direct(), CARDS.at(-1)!) : [];
    const choices = [...inVpp.filter((each) => isClean(each, inVpp)), ...(await hostUndoings(this.#host)), ...changes];
    const chosen = choices[nth % Math.max(1, choices.length)];
    this.#world.schedule.note(`undone by hand: ${chosen?.what}\n`);
    this.vpp.disturbedAt = this.#world.schedule.now;
    await chosen?.undo().catch((error) => {
      if (!/^VPP_|^ENOENT$/.test(error.code)) throw error;
    });
  }

  /** The namespace of the CNFs goes away, with its VRF devices. After virtual milliseconds there is another one at its path. */
  async renewNamespace(down: number): Promise<void> {
    const { schedule, sockets } = this.#world;
    sockets.namespaces.remove(NAMESPACE);
    for (const { name, kind } of await this.#host.links(NAMESPACE))
      if (kind === "vrf") await this.#host.change(NAMESPACE, { change: "delete-link", name });
    if (down === 0) sockets.namespaces.makeAll();
    else schedule.at(schedule.now + down, "namespace", () => sockets.namespaces.makeAll(), schedule.world);
  }

  /** Reads what a VPP has that no manager ever saw. */
  async #newBaseline(): Promise<void> {
    this.#looked = -1;
    const key = JSON.stringify([...this.#changes].sort());
    this.#baseline = baselines.get(key) ?? (await this.#readBaseline());
    baselines.set(key, this.#baseline);
  }

  async #readBaseline(): Promise<readonly string[]> {
    const operated = this.#operated;
    const scratch = this.vpp.scratch();
    await this.#configure(scratch);
    this.#operated = operated;
    return scratch.snapshot();
  }

  /** Nothing that VPP has from others is touched, at any time. */
  async checkForeign(): Promise<void> {
    const { life, faults } = this.vpp;
    if (life === undefined || faults.seen === this.#looked) return;
    this.#looked = faults.seen;
    const found = new Set(await life.snapshot());
    const missing = this.#baseline.filter((line) => !found.has(line));
    if (missing.length > 0) throw new Error(`foreign objects were touched:\n${missing.join("\n")}`);
  }

  /** Each punt has the state that its interfaces in VPP allow. */
  checkStates(punts: readonly PuntStatus[]): void {
    for (const { request, state, missing, metadata } of punts) {
      const names = interfacesOf(request);
      const waits = names.filter((name) => !this.#isReady(name, request.type));
      const made = names.every((name) => this.#operator.has(name).up) ? "CREATED" : "DEGRADED";
      const expected = waits.length > 0 ? "PENDING" : made;
      if (waits.length === 0) this.#checkTaps(metadata);
      const isNamed = waits.every((name) => missing.some((lack) => lack.name === name));
      if (state !== expected || !isNamed)
        throw new Error(
          `${JSON.stringify(request)} is ${state}, for ${JSON.stringify(missing)}, and not ${expected}; missing: ${waits}`,
        );
    }
  }

  #checkTaps({ interconnects }: PuntStatus["metadata"]): void {
    const { sockets } = this.#world;
    for (const { attachment } of interconnects) {
      if (attachment.kind !== "tap") continue;
      const { name: device, namespace } = attachment;
      const place = sockets.namespaces.at(namespace);
      if (place === undefined || !sockets.devices({ device, place }))
        throw new Error(`${device} is not in the namespace "${namespace}"`);
    }
  }

  #isReady(name: string, type: string): boolean {
    const { interface: isThere, address } = this.#operator.has(name);
    return type === "ABX" || type === "ISISX" ? address : isThere;
  }

  /** Neither VPP, nor the folders of memif sockets, nor Linux has anything of a manager. */
  async checkNothingLeft(memifDirectories: readonly string[]): Promise<void> {
    expectSame("a VPP no manager ever saw", this.#baseline, "after all was deleted", await this.snapshot());
    const { files } = this.#world;
    for (const directory of memifDirectories) {
      const left = files.kind(directory) ? files.list(directory) : [];
      if (left.length > 0) throw new Error(`socket files are left: ${left}`);
    }
    for (const namespace of ["", ...(await this.#host.namedNamespaces())]) {
      const links = await this.#host.links(namespace);
      if (links.length > 0) throw new Error(`devices are left in ${namespace}: ${JSON.stringify(links)}`);
    }
  }
}

/**
 * Whether the interface has an ABX policy, or a manager may be about to attach one. If such an interface is deleted, VPP keeps the
 * policy's ACL for good: no message detaches from an interface that is gone.
 */
async function hasPolicy(life: VppLife, name: string, punts: readonly PuntStatus[]): Promise<boolean> {
  if (punts.some(({ request }) => request.type === "ABX" && request.vppInterface === name)) return true;
  const fields = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: "" };
  const interfaces = await life.direct().dumpAll("sw_interface_dump", fields);
  const attached = await life.direct().dumpAll("abx_interface_attach_dump", {});
  const index = interfaces.find(({ interface_name }) => interface_name === name)?.sw_if_index;
  return attached.some(({ attach }) => attach.rx_sw_if_index === index);
}

/**
 * Whether a manager can restore what it had. VPP refuses to delete an ACL in use, and operators delete none in the moment before its use. An
 * interface with an ABX policy has an ACL of its name. A mirror to an interface that is gone goes to the next one with its index.
 */
function isClean({ what }: Undoing, all: readonly Undoing[]): boolean {
  const name = /^interface (.+)/.exec(what)?.[1];
  if (name === undefined) return !what.startsWith("acl ");
  const holds = new RegExp(`^acl \\S+/${name}/|^span \\S+ ${name} `);
  return !all.some((each) => holds.test(each.what));
}

function addressOf(card: string, prefix: number): string {
  const index = CARDS.includes(card) ? CARDS.indexOf(card) : 9;
  const first = card.startsWith("loop") ? "10.1.0.1/24" : `10.0.${index}.1/24`;
  return [first, `10.9.${index}.1/28`, `fd00:${index}::1/64`][prefix]!;
}
