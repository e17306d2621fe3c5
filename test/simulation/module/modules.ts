// The modules of a machine, and what happens to them and to the ends that they open.
import { join } from "node:path";
import { attachPathOf } from "../../../lib/daemon/cnf-sockets.js";
import { type PuntStatus, reachOf } from "../../../lib/punt/index.js";
import type { Action } from "../operation.js";
import { SOCKETS } from "../service.js";
import type { Party, World } from "../world/index.js";
import { type ModuleHost, ModuleProgram } from "./program.js";
import { MODULES, moduleRequest } from "./request.js";

/** Virtual milliseconds within which the daemon finds a program stopped, and blocks its sockets: 3 s, a look and what is under way. */
const LONGEST_GATHERING = 4_000;

const OPS = [
  ...(["module", "module-upgrade", "module-kill", "module-close", "module-cut", "module-delete"] as const),
  ...(["module-stop", "hang-up", "refuse", "remove-socket", "silent"] as const),
];

export type ModuleAction = Extract<Action, { readonly op: (typeof OPS)[number] }>;

export function isModuleAction(action: { readonly op: string }): action is ModuleAction {
  return (OPS as readonly string[]).includes(action.op);
}

export class Modules {
  readonly all: readonly ModuleProgram[];
  readonly #world: World;
  readonly #host: ModuleHost;

  constructor(world: World, host: ModuleHost) {
    this.#world = world;
    this.#host = host;
    this.all = MODULES.map((cnf) => new ModuleProgram(world, host, cnf));
    world.sockets.table.ended = ({ name }) => this.#named(name)?.close();
  }

  #named(name: string): ModuleProgram | undefined {
    return this.all.find(({ cnf }) => cnf === name);
  }

  async perform(action: ModuleAction): Promise<void> {
    const { sockets } = this.#world;
    switch (action.op) {
      case "hang-up":
        return sockets.memifs.hangUp(action.nth);
      case "refuse":
        return sockets.table.fail(action.call, action.times);
      case "remove-socket":
        return this.#removeSocket(action.nth);
      case "silent":
        return this.#beSilent(action.clients, action.ms);
      default:
        return this.#disturb(this.all[action.which]!, action);
    }
  }

  async #disturb(module: ModuleProgram, action: Extract<ModuleAction, { readonly which: number }>): Promise<void> {
    switch (action.op) {
      case "module": {
        const { which, punt, grace, frames, paths } = action;
        return module.open({ request: moduleRequest(punt, which), grace, frames, paths });
      }
      case "module-upgrade":
        return module.upgrade(moduleRequest(action.punt, action.which), action.isForGood, action.down);
      case "module-kill":
        return module.kill(action.down);
      case "module-close":
        return module.close();
      case "module-cut":
        return module.cut();
      case "module-delete":
        return module.deleted();
      default:
        return this.#stop(module, action.ms);
    }
  }

  /** The process of a name dies in the middle of a call. */
  killed(name: string): void {
    this.#named(name)?.kill(50);
  }

  /** Removes the file of a punt socket, as a clean-up of /run does. */
  #removeSocket(nth: number): void {
    const { files } = this.#world;
    const found = files.kind(SOCKETS) ? files.list(SOCKETS) : [];
    if (found.length > 0) files.remove(join(SOCKETS, found[nth % found.length]!));
  }

  /** VPP's packets for a program that is stopped for long do not gather at its sockets. */
  #stop({ cnf, party }: ModuleProgram, ms: number): void {
    const { schedule, sockets } = this.#world;
    if (party === undefined) return;
    schedule.stop(party, ms);
    const door = () => this.#host.doorAt(this.#host.socketOf(cnf));
    const before = door();
    if (before === undefined || ms < LONGEST_GATHERING) return;
    schedule.expect(before.party, LONGEST_GATHERING, () => {
      const found = party.isAlive && door() === before ? sockets.datagrams.gathering(party, before.party) : [];
      return found.length > 0 ? `packets gather at ${found[0]!.path} of ${cnf}, which is stopped` : "";
    });
  }

  #beSilent(clients: number, ms: number): void {
    const { schedule, sockets } = this.#world;
    const party = sockets.beSilent(attachPathOf(this.#host.socketOf(MODULES[0]!)), clients);
    const leave = () => {
      party.isAlive = false;
      sockets.leave(party);
    };
    schedule.at(schedule.now + ms, "leave", leave, schedule.world);
  }

  /** Closes the living modules. @returns whether there are any */
  closeAll(): boolean {
    const living = this.all.filter(({ party }) => party !== undefined);
    for (const module of living) module.close();
    return living.length > 0;
  }

  isSettled(): boolean {
    return this.all.every((module) => module.isSettled());
  }

  /** Returns what daemons still have that belongs to CNFs; "" if nothing. @param punts all punts with sockets */
  leftWith(daemons: readonly (Party | undefined)[], punts: readonly PuntStatus[]): string {
    const { files, sockets } = this.#world;
    const strays = daemons.flatMap((party) => (party ? sockets.strays(party) : []));
    if (strays.length > 0) return `the daemon keeps ${strays.join(", ")}`;
    const wanted = punts.map(({ request }) => reachOf(request).socketPath);
    const left = files.list(SOCKETS).filter((name) => !wanted.includes(join(SOCKETS, name)));
    return left.length > 0 ? `files of punt sockets are left: ${left}` : "";
  }
}
