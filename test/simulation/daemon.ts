// The daemon around a manager: the sessions that it keeps, and the service that modules call.

import { EventEmitter } from "node:events";
import { join } from "node:path";
import { type ConnectRouter, createRouterTransport, type HandlerContext } from "@connectrpc/connect";
import type { CounterReader } from "../../lib/counters/index.js";
import { AttachDoor } from "../../lib/daemon/attach/index.js";
import { AuditLog } from "../../lib/daemon/audit.js";
import { NamespacePins } from "../../lib/daemon/pins.js";
import { Policy } from "../../lib/daemon/policy/index.js";
import {
  Attacher,
  callerKey,
  Dumps,
  OneByOne,
  type Parts,
  PuntNames,
  puntService,
  RequestGate,
  Snapshots,
} from "../../lib/daemon/service/index.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { Tokens } from "../../lib/daemon/tokens.js";
import type { PuntError } from "../../lib/errors.js";
import { ensureFolder, OWN_FOLDER } from "../../lib/files/index.js";
import { SILENT } from "../../lib/logger.js";
import { idKey, type PuntId, type PuntManager } from "../../lib/punt/index.js";
import { Punts as PuntsService } from "../../lib/wire/index.js";
import { Disk } from "./disk.js";
import type { ManagerProcess } from "./manager-process.js";
import type { CallDoor } from "./module/line.js";
import { Owned } from "./owned.js";
import { type Party, ROOT, type World } from "./world/index.js";

/** The folder of the punt sockets that the daemon makes. */
export const SOCKETS = join(ROOT, "sockets");
/** Where the daemon takes calls, and where it hands over descriptors. */
export const SOCKET = join(ROOT, "manager.sock");
export const ATTACH_SOCKET = join(ROOT, "attach.sock");

/** The parts of one process of the daemon. */
interface Life {
  readonly sessions: Sessions;
  readonly manager: PuntManager;
  readonly door: CallDoor;
  readonly attach: AttachDoor;
}

/** Programs that live as long as a session, or longer. */
export interface Follower {
  /** The daemon is there again. */
  returned?(): void;
  /** The daemon has died. */
  died(): void;
  /** Deletes a punt of this CNF, whose session is over. */
  expire?(id: PuntId): Promise<void>;
}

export class Daemon {
  readonly process: ManagerProcess;
  readonly #world: World;
  readonly #disk: Disk;
  readonly #followers = new Map<string, Follower>();
  #life: Life | undefined;
  /** Punts of which a process could not note the session before it died. They stay for good. */
  readonly #forgotten = new Set<string>();
  #isUnsaved = false;
  readonly #owned: Owned;
  /** The process that was started last. */
  #party: Party | undefined;

  constructor(world: World, process: ManagerProcess) {
    this.#world = world;
    this.process = process;
    this.#disk = new Disk(world);
    process.booted = (manager) => this.#boot(manager);
    process.died = () => this.#died();
    process.closing = async () => {
      await this.#life?.sessions.close();
      await this.#life?.attach.close();
    };
    this.#owned = new Owned(world, () => this.manager);
  }

  /** @param cnf the CNF of the program */
  follow(cnf: string, follower: Follower): void {
    this.#followers.set(cnf, follower);
  }

  get sessions(): Sessions | undefined {
    return this.#life?.sessions;
  }

  get manager(): PuntManager | undefined {
    return this.#life?.manager;
  }

  /** The door for modules; undefined while the daemon is down. */
  get door(): CallDoor | undefined {
    return this.#life?.door;
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
    this.#owned.follow(manager);
    const parts = await partsOf(manager, sessions);
    const attach = AttachDoor.open(parts, {
      ...{ path: ATTACH_SOCKET, mode: 0o666, group: undefined, owner: undefined, entrance: { path: SOCKET } },
      credentialsOf: ({ credentials }) => credentials,
    });
    this.#life = { sessions, manager, door: { party, transport: serviceOf(parts) }, attach };
  }

  async #noted(): Promise<string[]> {
    const stored = ((await this.#disk.store().load()) ?? []) as unknown as { readonly punts: readonly PuntId[] }[];
    return stored.flatMap(({ punts }) => punts.map(idKey));
  }

  #died(): void {
    this.#disk.ownerDied();
    if (this.#party) this.#world.sockets.leave(this.#party);
    this.#life = undefined;
    for (const follower of this.#followers.values()) follower.died();
  }
}

const CALLER = { kind: "unix", uid: 0, gid: 0, pid: 0, groups: [], socket: SOCKET } as const;

/** VPP's interfaces, of which a CNF needs to know that there are some. */
class Interfaces extends EventEmitter {
  readonly isConnected = true;
  readonly isKnown = true;

  list(): readonly object[] {
    return [{ name: "if0", swIfIndex: 1, tag: "" }];
  }
}

async function partsOf(manager: PuntManager, sessions: Sessions): Promise<Parts> {
  const names = new PuntNames();
  for (const { id } of manager.list()) names.add(id);
  manager.on("state", (event) => names.take(event));
  const snapshots = new Snapshots(manager);
  for (const event of ["state", "pass"] as const) manager.on(event, () => snapshots.forget());
  return {
    ...{ snapshots, looks: new OneByOne(), dumps: new Dumps() },
    ...{ punts: manager, sessions, names, devices: () => manager.knownDevices, hosts: undefined },
    ...{ cluster: () => undefined, as: (_by, change) => change(), vppSocket: "", longestWait: 60_000 },
    ...{ policy: await Policy.load(undefined, 0), audit: await AuditLog.open(undefined, () => {}), log: SILENT },
    ...{ tokens: new Tokens(), version: "", term: "", attachSocketOf: () => ATTACH_SOCKET, owner: "vpp-punt" },
    ...{
      socketDirectory: SOCKETS,
      stopping: new AbortController().signal,
      pins: new NamespacePins(join(ROOT, "netns")),
    },
    table: new Interfaces() as unknown as Parts["table"],
    // For calls that no module of the simulation makes: they name interfaces and counters of the machine.
    ...({ vpp: {}, resolver: {}, counters: {} as CounterReader } as Pick<Parts, "vpp" | "resolver" | "counters">),
  };
}

/** Returns the daemon's service, which takes every caller for the user root. */
function serviceOf(parts: Parts): CallDoor["transport"] {
  const service = puntService(parts, new Attacher(parts), new RequestGate(parts));
  return createRouterTransport((router: ConnectRouter) => router.service(PuntsService, withCaller(service)));
}

/** Returns the service with the caller in the context of each call, as a door puts it there. */
function withCaller<S extends object>(service: S): S {
  const methods = Object.entries(service).map(([name, method]) => [
    name,
    (request: unknown, context: HandlerContext) => {
      context.values.set(callerKey, CALLER);
      return (method as (...all: unknown[]) => unknown)(request, context);
    },
  ]);
  return Object.fromEntries(methods) as S;
}
