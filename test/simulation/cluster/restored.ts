// The restoration of an etcd to older content, and what daemons may do afterwards: nothing, until an operator has decided.
import { Keys } from "../../../lib/cluster/index.js";
import { unseal } from "../../../lib/files/index.js";
import type { PuntRequest } from "../../../lib/punt/index.js";
import { isModules } from "../module/request.js";
import { ROOT, type World } from "../world/index.js";
import { checkLease } from "./conditions.js";
import { type DaemonProcess, HOST, PREFIX } from "./daemon-process.js";
import type { EtcdProcess } from "./etcd-process.js";
import type { Restoration } from "./operation.js";

const keys = new Keys(PREFIX, HOST);
const decisionKey = keys.key("resume", "vpp");

/** Virtual milliseconds after which an operator decides otherwise, if no daemon has taken the decision. */
const PATIENCE_MS = 10_000;

/** A daemon's memory of etcd, as its file has it. */
interface Memory {
  readonly cluster?: string;
  readonly generation?: { readonly number: number };
}

export class Restored {
  readonly #world: World;
  readonly #etcd: EtcdProcess;
  readonly #vpp: { disturbedAt: number };
  /** The daemon that acted when etcd was restored may go on until its lease would have ended. */
  #acting = { daemon: "", until: 0 };
  /** Whether every daemon remembers more than etcd has, and nobody has decided. */
  #isUndecided = false;
  #decidedAt = 0;
  /** Whether etcd was ever restored. */
  isRestored = false;

  constructor(world: World, etcd: EtcdProcess, vpp: { disturbedAt: number }) {
    this.#world = world;
    this.#etcd = etcd;
    this.#vpp = vpp;
  }

  /** @param after called right after etcd has the older content, with the wishes of all but the modules */
  restore(
    action: Restoration,
    daemons: readonly DaemonProcess[],
    after: (wanted: readonly PuntRequest[]) => void,
  ): void {
    const { model } = this.#etcd;
    const term = model.get(keys.term);
    const { lease = "", daemon = "" } = term ? JSON.parse(term.value) : {};
    const remaining = Number(model.remaining(lease).TTL);
    const { now } = this.#world.schedule;
    this.#etcd.restart(action.down, () => {
      const snapshot = { ...action, revisions: Math.min(action.revisions, model.revision - 1) };
      const isNoticed = daemons.every((each) => this.#isNoticedBy(each, snapshot));
      this.#acting = { daemon, until: now + Math.max(0, remaining) * 1000 };
      model.restore(snapshot);
      this.isRestored = true;
      this.#isUndecided = isNoticed && model.get(decisionKey) === undefined;
      const wanted = model.below(keys.folder("wanted")).map(({ value }) => JSON.parse(value).request as PuntRequest);
      after(wanted.filter((request) => !isModules(request)));
    });
  }

  /** Whether the daemon has a memory that a snapshot contradicts, even if it starts again. */
  #isNoticedBy({ name }: DaemonProcess, { revisions, isNewCluster }: Restoration): boolean {
    const { files } = this.#world;
    const path = `${ROOT}/${name}/etcd.json`;
    if (files.kind(path) !== "file") return false;
    const { cluster, generation } = JSON.parse(unseal(files.read(path))!.body) as Memory;
    if (isNewCluster && cluster !== undefined) return true;
    const restored = this.#etcd.model.before(revisions).get(keys.generation);
    const number = restored ? JSON.parse(restored.value).number : 0;
    return generation !== undefined && generation.number > number;
  }

  /** Writes the operator's decision, if etcd is there. */
  decide(keep: "etcd" | "daemon"): void {
    if (!this.#etcd.party.isAlive) return;
    this.#etcd.model.set(decisionKey, JSON.stringify({ keep }));
    this.#isUndecided = false;
    this.#decidedAt = this.#world.schedule.now;
  }

  /** Decides for daemons that have stopped, again and again, until each has taken a decision. */
  decideFor(daemons: readonly DaemonProcess[]): void {
    if (!daemons.some(({ role }) => role === "halted")) return;
    const isOpen = this.#etcd.model.get(decisionKey) !== undefined;
    if (!isOpen || this.#world.schedule.now > this.#decidedAt + PATIENCE_MS) this.decide("etcd");
  }

  /** A daemon is about to change VPP or Linux. @throws an Error if it may not */
  check(daemon: DaemonProcess, what: string): void {
    const { now } = this.#world.schedule;
    if (daemon.role === "halted")
      throw new Error(`${daemon.name} has stopped for another history, and asks for ${what}`);
    if (daemon.name === this.#acting.daemon && now <= this.#acting.until) {
      // Another daemon may act since then. This daemon removes its objects as an operator would.
      this.#vpp.disturbedAt = now;
      return;
    }
    if (this.#isUndecided)
      throw new Error(`${daemon.name} asks for ${what}, and nobody has decided which history of etcd holds`);
    checkLease(this.#etcd.model, daemon, what);
  }
}
