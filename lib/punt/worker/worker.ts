// The loop that makes VPP match the desired state. Requests, events of VPP, due retries and a timer wake it.
import { PuntError } from "../../errors.js";
import type { Host } from "../../host/index.js";
import type { DesiredState } from "../desired/index.js";
import type { Marks } from "../interconnect/index.js";
import { type VppApi, withVrfDevices } from "../items/index.js";
import type { VppConnection } from "../options.js";
import {
  asPuntError,
  type DeviceReport,
  Expected,
  isDisconnect,
  type Ledger,
  lookAndKeep,
  Pace,
  Planner,
  preview,
  Reborn,
  Remains,
  type RestoredPunt,
  Retries,
  type RetryOptions,
  reconcile,
  removeOutgrown,
  type Sought,
  Strays,
  seek,
  Undone,
  VppDevices,
  type World,
} from "../reconcile/index.js";
import { InterfaceNews } from "./interface-news.js";
import { OwnerLock } from "./owner-lock.js";

export interface WorkerOptions {
  readonly vpp: VppConnection;
  readonly host: Host;
  readonly marks: Marks;
  /** A path that opens VPP's network namespace. */
  readonly vppNamespace?: string;
  readonly resyncInterval?: number;
  readonly returnTime?: number;
  readonly retry?: RetryOptions;
  /** Reads and judges only; changes nothing. */
  readonly readOnly?: boolean;
  /** Called before each look. */
  refresh?(): Promise<void>;
  problem(error: PuntError): void;
  /** Called after each pass. */
  passed?(pass: Pass): void;
}

/** A comparison with VPP that has ended. */
export interface Pass {
  readonly ms: number;
  readonly error?: PuntError;
  /** The objects that others had undone, by punt. */
  readonly restored?: readonly RestoredPunt[];
}

/** Most milliseconds between two attempts to read a VPP that does not answer. */
const LONGEST_PAUSE = 500;
/** Milliseconds that a start waits for the end of the owner's other manager. VPP notices it a moment late. */
const START_PATIENCE = 1000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: PuntError) => void;
}

export class Worker {
  readonly #state: DesiredState;
  readonly #options: WorkerOptions;
  readonly #world: World;
  readonly #news: InterfaceNews;
  readonly #lock: OwnerLock;
  /** Changes with each lost connection. */
  #life = 0;
  #awake = true;
  #stopped = false;
  #wakeUp: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Callers of `resync` that wait for a pass that begins later. */
  #waiters: Waiter[] = [];

  constructor(state: DesiredState, options: WorkerOptions) {
    this.#state = state;
    this.#options = options;
    const { vpp, host, marks, vppNamespace, retry, resyncInterval } = options;
    const strays = new Strays(host);
    const devices = new VppDevices({ vpp, host, marks, vppNamespace });
    const [retries, expected, remains] = [new Retries(retry), new Expected(), new Remains()];
    const [pace, planner] = [new Pace(resyncInterval), new Planner()];
    const [reborn, undone] = [new Reborn(), new Undone()];
    const parts = { vpp, host, marks, strays, devices, retries, expected, remains, pace, planner, reborn, undone };
    this.#world = { ...parts, requireSameVpp: () => {} };
    this.#lock = new OwnerLock(vpp, marks.owner);
    this.#news = new InterfaceNews(vpp, {
      known: () => state.facts?.interfaces ?? [],
      links: () => linksOf(state.wanted),
      changed: () => this.wake(),
      // A manager that changes nothing does not see whether another one has made everything again.
      lost: (index) => options.readOnly || reborn.lost(index),
      failed: (error) => options.problem(error),
    });
  }

  /**
   * Takes the owner's lock, if VPP is there. An error of VPP is left to the passes.
   *
   * @throws PuntError `ERR_OWNER_BUSY`: another manager has it
   */
  async claim(): Promise<void> {
    const { vpp, readOnly } = this.#options;
    if (readOnly || !vpp.isConnected) return;
    try {
      await this.#lock.hold(START_PATIENCE);
    } catch (error) {
      if (isBusy(error)) throw error;
    }
  }

  start(): void {
    if (this.#state.wanted.punts.length === 0) this.#world.remains.keep(this.#options.returnTime ?? 0);
    this.#options.vpp.on("connected", this.#onConnected);
    this.#options.vpp.on("disconnected", this.#onDisconnected);
    if (this.#options.vpp.isConnected) {
      this.#state.firstLook.begin();
      this.#onConnected();
    } else if (this.#options.vpp.isConnecting) this.#state.firstLook.begin();
    else this.#onDisconnected();
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.vpp.off("connected", this.#onConnected);
    this.#options.vpp.off("disconnected", this.#onDisconnected);
    await this.#news.close();
    this.wake();
    await this.#running;
    this.#world.devices.reset();
    await this.#lock.release();
  }

  wake(): void {
    this.#awake = true;
    this.#wakeUp?.();
  }

  /** Resolves after a whole pass that begins after the call. @throws PuntError if VPP is away or cannot be read */
  resync(): Promise<void> {
    if (!this.#options.vpp.isConnected) return Promise.reject(disconnected());
    const done = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    this.wake();
    return done;
  }

  /** Tries what is not known yet of VPP's devices. */
  async devices(): Promise<DeviceReport> {
    const { devices } = this.#world;
    const { vpp, readOnly } = this.#options;
    if (vpp.isConnected && !readOnly) await this.#lock.hold(0);
    if (vpp.isConnected) await devices.prepare(!readOnly);
    return devices.report;
  }

  get knownDevices(): DeviceReport {
    return this.#world.devices.report;
  }

  /** Reads VPP and says what a state other than the desired one would change. */
  preview(ledger: Pick<Ledger, "wanted" | "memory">): ReturnType<typeof preview> {
    return preview(ledger, this.#world);
  }

  /** Finds the objects of another manager that the punts of `wanted` can take over. */
  seek(wanted: Ledger["wanted"]): Promise<Sought> {
    return seek({ wanted, memory: this.#state.memory }, this.#world);
  }

  /** Deletes the objects of another manager in whose place ours are. */
  removeOutgrown(sought: Sought): Promise<void> {
    return removeOutgrown(sought, this.#world);
  }

  readonly #onConnected = (): void => {
    this.#world.retries.makeDue();
    void this.#news.follow();
    this.wake();
  };

  readonly #onDisconnected = (): void => {
    this.#life++;
    this.#world.devices.reset();
    this.#world.expected.reset();
    this.#world.reborn.reset();
    this.#world.undone.reset();
    this.#lock.doubt();
    this.#state.disconnected(this.#options.vpp.awayCause);
    for (const { reject } of this.#waiters.splice(0)) reject(disconnected());
  };

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      if (!this.#awake) await this.#sleep();
      if (this.#stopped) break;
      this.#awake = false;
      if (this.#options.vpp.isConnected) await this.#pass();
      else if (!this.#options.vpp.isConnecting) this.#onDisconnected();
    }
    const closed = new PuntError("punt.resync", "ECANCELED", "the manager was closed");
    for (const { reject } of this.#waiters.splice(0)) reject(closed);
  }

  /** Sleeps until something wakes the loop, a retry is due, or the next look is due. */
  async #sleep(): Promise<void> {
    const { pace, retries, remains } = this.#world;
    const { interval } = pace;
    const time = Math.min(retries.untilNext() ?? interval, remains.left || interval, interval);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, time);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeUp = undefined;
    this.#awake = true;
  }

  async #pass(): Promise<void> {
    const waiters = this.#waiters.splice(0);
    // Here and not at the call: the pass that was under way then may have failed since.
    if (waiters.length > 0) this.#world.retries.makeDue();
    const start = performance.now();
    this.#news.reading(true);
    try {
      const restored = await this.#work();
      this.#options.passed?.({ ms: performance.now() - start, ...(restored.length > 0 && { restored }) });
      for (const { resolve } of waiters) resolve();
    } catch (error) {
      const problem = isBusy(error) ? error : asPuntError(error, "vpp");
      this.#options.passed?.({ ms: performance.now() - start, error: problem });
      for (const { reject } of waiters) reject(problem);
      await this.#afterError(problem);
    }
    this.#news.reading(false);
  }

  async #work(): Promise<readonly RestoredPunt[]> {
    const world = this.#inThisLife();
    if (this.#options.readOnly) {
      await this.#options.refresh?.();
      this.#state.settle(await lookAndKeep(this.#state, world), false);
      return [];
    }
    await this.#lock.hold(0);
    await this.#world.strays.look();
    const { open, facts, restored } = await reconcile(this.#state, world);
    this.#world.strays.finish([...withVrfDevices(open.keys()), ...facts.unreadableNamespaces.keys()]);
    this.#state.tidy(open.size === 0);
    return restored;
  }

  /** Returns the world for one pass. In the VPP of the next connection, the numbers that the pass has read may be those of other objects. */
  #inThisLife(): World {
    const { vpp } = this.#world;
    const life = this.#life;
    const requireSameVpp = () => {
      if (life !== this.#life) throw disconnected();
    };
    const within = async <T>(ask: () => Promise<T>): Promise<T> => {
      requireSameVpp();
      return ask();
    };
    const bound: VppApi = {
      endpoint: vpp.endpoint,
      has: (name) => vpp.has(name),
      call: (...args) => within(() => vpp.call(...args)),
      dumpAll: (...args) => within(() => vpp.dumpAll(...args)),
    };
    return { ...this.#world, vpp: bound, requireSameVpp };
  }

  async #afterError(error: PuntError): Promise<void> {
    if (this.#stopped) return;
    // The next connection wakes the loop.
    if (isDisconnect(error)) {
      if (this.#options.vpp.isConnected) this.wake();
      return;
    }
    this.#options.problem(error);
    const pause = Math.min(this.#options.retry?.firstDelay ?? LONGEST_PAUSE, LONGEST_PAUSE);
    if (isBusy(error)) {
      this.#state.refused(error, Date.now() + pause);
      await this.#lock.wait();
    } else this.#state.unread(error);
    await new Promise((resolve) => setTimeout(resolve, pause));
    this.wake();
  }
}

/** Returns the names of the interfaces whose links punts wait for. */
function linksOf({ punts }: DesiredState["wanted"]): string[] {
  return punts.flatMap(({ dependsOn = [] }) =>
    dependsOn.flatMap((dependency) => (dependency.kind === "link-up" ? dependency.name : [])),
  );
}

function isBusy(error: unknown): error is PuntError {
  return error instanceof PuntError && error.code === "ERR_OWNER_BUSY";
}

function disconnected(): PuntError {
  return new PuntError("punt.resync", "ERR_DISCONNECTED", "there is no connection to VPP");
}
