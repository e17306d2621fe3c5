// The modules of the host, as they meet its daemons: at one socket, where the daemon that acts listens, or each at the socket of a daemon.
import { join } from "node:path";
import { Keys } from "../../../lib/cluster/index.js";
import type { PuntError } from "../../../lib/errors.js";
import type { PuntId, PuntRequestInput, PuntStatus } from "../../../lib/punt/index.js";
import { type CallDoor, CallDoors } from "../module/call-door.js";
import { type ModuleAction, Modules } from "../module/modules.js";
import type { ModuleHost } from "../module/program.js";
import { MODULES } from "../module/request.js";
import { Owned } from "../owned.js";
import { SOCKET } from "../service.js";
import { type Party, ROOT, type World } from "../world/index.js";
import { type DaemonProcess, HOST, PREFIX } from "./daemon-process.js";
import type { EtcdModel } from "./etcd-model.js";

const keys = new Keys(PREFIX, HOST);

export interface HostModulesOptions {
  daemons(): readonly DaemonProcess[];
  /** The punts of the daemon that acts. */
  accepted(): readonly PuntStatus[];
  /** Whether etcd was ever restored to an older state. */
  isRestored(): boolean;
  delete(request: PuntRequestInput): void;
}

export class HostModules implements ModuleHost {
  /** The doors of all daemons. */
  readonly calls: CallDoors;
  readonly #world: World;
  readonly #etcd: EtcdModel;
  readonly #options: HostModulesOptions;
  readonly #modules: Modules;
  readonly #owned: Owned;
  /** Whether all daemons have one socket, where the daemon that acts listens. Otherwise each module has a daemon of its own, which may not act. */
  readonly #isShared: boolean;
  /** Whether a daemon ever acted, and could not keep its sessions. */
  #areSessionsUnkept = false;

  constructor(world: World, etcd: EtcdModel, options: HostModulesOptions) {
    this.#etcd = etcd;
    this.#world = world;
    this.#options = options;
    this.calls = new CallDoors(world);
    this.#isShared = world.schedule.random.chance(0.7);
    this.#modules = new Modules(world, this);
    this.#owned = new Owned(world, () => options.daemons().flatMap((daemon) => daemon.list()));
  }

  /** The socket of a daemon. */
  socketAt({ name }: DaemonProcess): string {
    return this.#isShared ? SOCKET : join(ROOT, name, "manager.sock");
  }

  socketOf(cnf: string): string {
    const daemons = this.#options.daemons();
    return this.socketAt(daemons[MODULES.indexOf(cnf) % daemons.length]!);
  }

  doorAt(socket: string): CallDoor | undefined {
    return this.calls.at(socket);
  }

  get hearsAt(): number {
    return this.#world.schedule.now;
  }

  get mayForget(): boolean {
    return this.#options.isRestored();
  }

  isForgotten(id: PuntId): boolean {
    if (this.mayForget) return true;
    const isKept = this.#etcd.get(keys.key("state", "kept", "bound", id.cnf, id.key, id.label)) !== undefined;
    return this.#areSessionsUnkept && !isKept;
  }

  find(cnf: string): PuntStatus | undefined {
    return this.#options.accepted().find(({ id }) => id.cnf === cnf);
  }

  delete(request: PuntRequestInput): void {
    this.#options.delete(request);
  }

  /** A module with a session gets nothing from a daemon that does not act. */
  perform(action: ModuleAction): Promise<void> {
    const isForGood = action.op === "module" && !this.#isShared;
    return this.#modules.perform(isForGood ? { ...action, grace: undefined } : action);
  }

  /** The process of a module dies, and no other one starts. */
  kill(which: number): void {
    this.#modules.all[which]!.kill(undefined);
  }

  killed(name: string): void {
    this.#modules.killed(name);
  }

  /** A daemon knows something new of a punt. */
  told(status: PuntStatus): void {
    this.#owned.note(status);
  }

  /** A daemon that lost the lead leaves its sessions to the next one. */
  unkept({ code }: PuntError): void {
    this.#areSessionsUnkept ||= code !== "ERR_NOT_LEADER";
  }

  closeAll(): boolean {
    return this.#modules.closeAll();
  }

  /** Whether each module has what it wants, and nothing is left of modules that are gone. */
  isSettled(): boolean {
    return this.#modules.isSettled() && this.#left() === "";
  }

  #left(): string {
    const left = this.#modules.all.map((module) => module.left).find((text) => text !== "");
    const parties: (Party | undefined)[] = this.#options.daemons().map(({ party }) => party);
    return left ?? this.#modules.leftWith(parties, this.#options.accepted());
  }

  describe(): string[] {
    return [...this.#modules.all.map((module) => module.describe()), this.#left()];
  }
}
