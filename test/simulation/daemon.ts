// The daemon around a manager: the sessions that it keeps, and the service that modules call.

import type { AttachDoor } from "../../lib/daemon/attach/index.js";
import { attachPathOf } from "../../lib/daemon/cnf-sockets.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import type { PuntError } from "../../lib/errors.js";
import { ensureFolder, OWN_FOLDER } from "../../lib/files/index.js";
import { idKey, type PuntId, type PuntManager, type PuntRequestInput, type PuntStatus } from "../../lib/punt/index.js";
import { Disk } from "./disk.js";
import type { ManagerProcess } from "./manager-process.js";
import { type CallDoor, CallDoors } from "./module/call-door.js";
import type { ModuleHost } from "./module/program.js";
import { Owned } from "./owned.js";
import { openAttach, partsOf, SOCKET, SOCKETS, serviceOf } from "./service.js";
import type { Party, World } from "./world/index.js";

/** The parts of one process of the daemon. */
interface Life {
  readonly sessions: Sessions;
  readonly manager: PuntManager;
  readonly attach: AttachDoor;
  readonly calls: CallDoor;
}

/** Programs that live as long as a session, or longer. */
export interface Follower {
  /** The daemon is there again. */
  returned?(): void;
  /** The daemon has died. */
  died?(): void;
  /** Deletes a punt of this CNF, whose session is over. */
  expire?(id: PuntId): Promise<void>;
}

export class Daemon implements ModuleHost {
  readonly mayForget = false;
  readonly process: ManagerProcess;
  readonly #world: World;
  readonly #disk: Disk;
  readonly #followers = new Map<string, Follower>();
  readonly #doors: CallDoors;
  #life: Life | undefined;
  /** Punts of which a process could not note the session before it died. They stay for good. */
  readonly #forgotten = new Set<string>();
  #isUnsaved = false;
  #isClosing = false;
  readonly #owned: Owned;
  /** The process that was started last. */
  #party: Party | undefined;

  constructor(world: World, process: ManagerProcess) {
    this.#world = world;
    this.process = process;
    this.#disk = new Disk(world);
    this.#doors = new CallDoors(world);
    process.booted = (manager) => this.#boot(manager);
    process.died = () => this.#died();
    process.closing = async () => {
      this.#isClosing = true;
      await this.#life?.sessions.close();
      await Promise.all([this.#life?.attach.close(), this.#life?.calls.close()]);
    };
    this.#owned = new Owned(world, () => this.manager?.list() ?? []);
  }

  /** @param cnf the CNF of the program */
  follow(cnf: string, follower: Follower): void {
    this.#followers.set(cnf, follower);
  }

  /** Whether the daemon is there, and does not end. */
  get isUp(): boolean {
    return this.#life !== undefined && !this.#isClosing;
  }

  get sessions(): Sessions | undefined {
    return this.#life?.sessions;
  }

  get manager(): PuntManager | undefined {
    return this.#life?.manager;
  }

  socketOf(): string {
    return SOCKET;
  }

  doorAt(socket: string): CallDoor | undefined {
    return this.#doors.at(socket);
  }

  find(cnf: string): PuntStatus | undefined {
    return this.process.list().find(({ id }) => id.cnf === cnf);
  }

  delete(request: PuntRequestInput): void {
    this.process.perform("delete", request);
  }

  /** When the daemon hears of what happens now: later, if its process is stopped. */
  get hearsAt(): number {
    return Math.max(this.#world.schedule.now, this.process.party?.stoppedUntil ?? 0);
  }

  isForgotten(id: PuntId): boolean {
    return this.#forgotten.has(idKey(id));
  }

  /** Someone asks for a punt in a session. */
  asked(id: PuntId): void {
    this.#forgotten.delete(idKey(id));
  }

  async #boot(manager: PuntManager): Promise<void> {
    const { schedule } = this.#world;
    const { party } = schedule;
    this.#party = party;
    await ensureFolder(SOCKETS, OWN_FOLDER);
    const sessions = new Sessions({
      memory: this.#disk.store() as unknown as ConstructorParameters<typeof Sessions>[0]["memory"],
      delete: (id) => this.#followers.get(id.cnf)?.expire?.(id) ?? manager.delete(id),
      problem: (error) => {
        this.#isUnsaved = true;
        schedule.note(`session ${(error as PuntError).code}\n`);
      },
    });
    await sessions.load();
    for (const { returned } of this.#followers.values()) returned?.();
    const noted = await this.#noted();
    const isLost = (id: PuntId) => this.#isUnsaved && this.#followers.has(id.cnf) && !noted.includes(idKey(id));
    for (const { id } of manager.list()) if (isLost(id)) this.#forgotten.add(idKey(id));
    this.#isUnsaved = false;
    manager.on("state", ({ status }) => this.#owned.note(status));
    const parts = await partsOf(manager, sessions);
    const attach = openAttach(parts, attachPathOf(SOCKET), SOCKET);
    const calls = this.#doors.open(SOCKET, serviceOf(parts, SOCKET));
    this.#life = { sessions, manager, attach, calls };
  }

  async #noted(): Promise<string[]> {
    const stored = ((await this.#disk.store().load()) ?? []) as unknown as { readonly punts: readonly PuntId[] }[];
    return stored.flatMap(({ punts }) => punts.map(idKey));
  }

  #died(): void {
    this.#isClosing = false;
    this.#disk.ownerDied();
    if (this.#party) {
      this.#world.sockets.leave(this.#party);
      this.#doors.leave(this.#party);
    }
    this.#life = undefined;
    for (const follower of this.#followers.values()) follower.died?.();
  }
}
