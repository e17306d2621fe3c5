// The process of one daemon of the host, under a supervisor that starts it again. All daemons of a history have one VPP and one etcd.
import { type RequestName, Vpp } from "../../../lib/binapi/index.js";
import { Etcd } from "../../../lib/cluster/etcd/index.js";
import { ClusterPunts, type Role } from "../../../lib/cluster/index.js";
import { AuditLog } from "../../../lib/daemon/audit.js";
import { lastingIn, sessionsOf } from "../../../lib/daemon/opened.js";
import { sessionsInEtcd } from "../../../lib/daemon/session-memory.js";
import { PuntError } from "../../../lib/errors.js";
import { ensureFolder, OWN_FOLDER } from "../../../lib/files/index.js";
import type { Host, HostChange, PuntRequest, PuntStatus } from "../../../lib/punt/index.js";
import { idOf } from "../../stress/choice.js";
import { SOCKETS } from "../service.js";
import { API_SOCKET } from "../vpp.js";
import { type Party, ROOT, type World } from "../world/index.js";
import { DaemonDoors } from "./daemon-doors.js";
import type { EtcdLink, EtcdProcess } from "./etcd-process.js";
import type { HostModules } from "./host-modules.js";

export const HOST = "h";
export const PREFIX = "/vpp-punt";
export const ACCESS = { endpoints: ["http://etcd:2379"], prefix: PREFIX, timeout: 1_000 };

/** Virtual milliseconds after which the supervisor starts a process that ended by itself. */
const RESTART_MS = 500;
const MEMIF_DIRECTORY = `${ROOT}/memif`;
/** A plan without steps. */
const NOTHING = "nothing to do";

/** Requests that change nothing in VPP. */
const READS = /(_dump|_get|_get_table)$|^(show_|want_|cli_inband$|control_ping$|api_versions$|get_)/;

/** The eyes of a history on a daemon. */
export interface Watching {
  /** The daemon is about to change VPP or Linux. @throws an Error if it may not */
  acts(daemon: DaemonProcess, what: string): void;
  /** A punt has changed its state, as the daemon that acts says. */
  changed(daemon: DaemonProcess, status: PuntStatus): void;
  /** A daemon has another role. */
  role(): void;
}

export class DaemonProcess {
  readonly name: string;
  /** When its last pass ended. The next pass began later. */
  lastPass = 0;
  /** The last problem that a process of this daemon has told. */
  problem = "";
  /** The steps that were left when it was asked last. */
  left = "";
  readonly #world: World;
  readonly #place: number;
  readonly #etcd: EtcdProcess;
  readonly #host: Host;
  readonly #watching: Watching;
  #party: Party | undefined;
  #link: EtcdLink | undefined;
  #vpp: Vpp | undefined;
  #punts: ClusterPunts | undefined;
  readonly #modules: HostModules;
  #doors: DaemonDoors | undefined;
  /** Called when the process ends: nobody gets the answers of its calls. */
  readonly died: (party: Party) => void;

  constructor(
    world: World,
    place: number,
    parts: {
      readonly etcd: EtcdProcess;
      readonly host: Host;
      readonly modules: HostModules;
      readonly watching: Watching;
      readonly died: (party: Party) => void;
    },
  ) {
    this.#world = world;
    this.#place = place;
    this.name = `daemon-${place}`;
    this.#etcd = parts.etcd;
    this.#host = parts.host;
    this.#modules = parts.modules;
    this.#watching = parts.watching;
    this.died = parts.died;
  }

  static get memifDirectory(): string {
    return MEMIF_DIRECTORY;
  }

  /** The process, while it lives. */
  get party(): Party | undefined {
    return this.#party?.isAlive ? this.#party : undefined;
  }

  get punts(): ClusterPunts | undefined {
    return this.#punts;
  }

  get role(): Role | "down" {
    return this.#punts?.role ?? "down";
  }

  get isConnected(): boolean {
    return this.#vpp?.isConnected ?? false;
  }

  /** The punts that it knows; none while it knows nothing. */
  list(): PuntStatus[] {
    try {
      return this.#punts?.list() ?? [];
    } catch {
      return [];
    }
  }

  start(): void {
    const { schedule } = this.#world;
    const party = schedule.newParty(this.name);
    this.#party = party;
    const boot = () => void this.#boot(party).catch((error) => this.#world.schedule.fail(error));
    schedule.at(schedule.now, "start", boot, party);
  }

  async #boot(party: Party): Promise<void> {
    await ensureFolder(SOCKETS, OWN_FOLDER);
    const link = this.#etcd.connect(this.#place, () => party.isAlive && this.kill(RESTART_MS));
    this.#link = link;
    this.#vpp = await Vpp.connect({
      ...{ socketPath: API_SOCKET, schema: "builtin", wait: true, timeout: 1_000 },
      ...{ name: this.name, reconnect: { min: 5, max: 200 } },
    });
    const audit = await AuditLog.open(undefined, () => {});
    const punts: ClusterPunts = await ClusterPunts.start({
      lasting: (changes) => lastingIn(punts, () => sessions, changes),
      cluster: { endpoints: ACCESS.endpoints, host: HOST, name: this.name, lease: 6 },
      connect: async () => Etcd.over(link.client, ACCESS),
      manager: {
        ...{ vpp: this.#watchedVpp(this.#vpp), host: this.#watchedHost(), memifDirectory: MEMIF_DIRECTORY },
        ...{ resyncInterval: 4_000, retry: { firstDelay: 20, longestDelay: 500 } },
      },
      state: `${ROOT}/${this.name}`,
      addresses: [this.#modules.socketAt(this)],
      problem: (error) => {
        this.problem = `${error.message}`;
        this.#world.schedule.note(`${this.name} ${error.code}\n`);
      },
    });
    const sessions = sessionsOf(punts, {
      memory: sessionsInEtcd(punts.kept),
      audit,
      problem: (error) => {
        this.#world.schedule.note(`${this.name} session ${(error as PuntError).code}\n`);
        this.#modules.unkept(error as PuntError);
      },
    });
    punts.on("pass", () => {
      this.lastPass = this.#world.schedule.now;
    });
    punts.on("role", (role) => {
      this.#watching.role();
      this.#world.schedule.note(`${this.name} ${role}\n`);
    });
    punts.on("punt", ({ id, to }) => {
      const status = to === "DELETED" ? undefined : punts.manager?.get(id);
      if (status) this.#modules.told(status);
      if (punts.role === "leader" && status?.state === to) this.#watching.changed(this, status);
    });
    this.#punts = punts;
    const { calls } = this.#modules;
    this.#doors = await DaemonDoors.open(punts, sessions, { socket: this.#modules.socketAt(this), calls });
  }

  /** VPP, with a look at each request that changes it. */
  #watchedVpp(vpp: Vpp): Vpp {
    const call = (name: RequestName, ...rest: unknown[]) => {
      if (!READS.test(name)) this.#acts(name);
      return (vpp.call as (...all: unknown[]) => Promise<unknown>)(name, ...rest);
    };
    return new Proxy(vpp, {
      get: (target, name) => {
        if (name === "call") return call;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #watchedHost(): Host {
    const host = this.#host;
    return {
      hasVhostNet: true,
      identify: (namespace) => host.identify(namespace),
      namedNamespaces: () => host.namedNamespaces(),
      links: (namespace) => host.links(namespace),
      change: (namespace: string, change: HostChange) => {
        this.#acts(`host ${change.change}`);
        return host.change(namespace, change);
      },
    };
  }

  #acts(what: string): void {
    try {
      this.#watching.acts(this, what);
    } catch (error) {
      this.#world.schedule.fail(error);
    }
  }

  /** Dies at once, as by SIGKILL, and starts again after virtual milliseconds. */
  kill(downMs: number): void {
    const { schedule, network, sockets } = this.#world;
    const party = this.#party;
    if (!party?.isAlive) return;
    party.isAlive = false;
    this.#punts = undefined;
    this.#doors = undefined;
    this.#vpp = undefined;
    this.#link?.leave();
    network.leave(party);
    sockets.leave(party);
    this.#modules.calls.leave(party);
    this.died(party);
    schedule.at(schedule.now + downMs, "supervisor", () => this.start(), schedule.world);
  }

  /** Ends in order, and starts again. */
  stop(): void {
    const party = this.#party;
    const [punts, doors] = [this.#punts, this.#doors];
    if (punts === undefined || doors === undefined || party === undefined) return;
    this.#punts = undefined;
    this.#doors = undefined;
    const close = async () => {
      await doors.close();
      await punts.close();
    };
    this.asked(party, "close", close).then(
      () => party.isAlive && this.kill(0),
      (error) => this.#world.schedule.fail(error),
    );
  }

  /** Returns whether its manager finds nothing left to do. */
  isDone(isPlanned: boolean): Promise<boolean> {
    const punts = this.#punts;
    if (punts?.manager === undefined) return Promise.resolve(false);
    const { manager } = punts;
    return this.asked(this.#party!, "plan", async () => {
      try {
        await manager.resync();
        this.left = isPlanned ? (await punts.plan()).toString() : NOTHING;
      } catch (error) {
        this.left = String(error);
      }
      return this.left === NOTHING;
    });
  }

  /** Returns why the daemon refuses a wish now; undefined if it does not. @param has the punt's present request */
  async refusalOf(request: PuntRequest, has: PuntRequest | undefined): Promise<string | undefined> {
    const change = { add: [request], ...(has && { delete: [idOf(has) as PuntStatus["id"]] }) };
    return this.asked(this.#party!, "plan", () =>
      this.#punts!.plan(change).then(
        () => undefined,
        (error) => outcomeOf(error),
      ),
    );
  }

  /** Calls something as the process does. The promise stays open if the process dies. */
  asked<T>(party: Party, label: string, call: () => Promise<T>): Promise<T> {
    const { schedule } = this.#world;
    return new Promise((resolve, reject) => {
      schedule.at(schedule.now, label, () => void call().then(resolve, reject), party);
    });
  }
}

/** Returns the code of an error; `UNCHANGED` if etcd is away, and nothing was or will be changed; `FAILED` if the store has the change, and VPP or Linux refused what it needs. */
export function outcomeOf(error: unknown): string {
  if (!(error instanceof PuntError)) throw error;
  if (error.op === "punt.reconcile") return "FAILED";
  return error.code === "ERR_ETCD_AWAY" && error.details.outcome !== "unknown" ? "UNCHANGED" : error.code;
}
