// The loop that keeps VPP as the punts want it: woken by requests, by VPP's events, by retries that are due, and from time to time.
import type { Events } from "../binapi/index.js";
import type { PuntError } from "../errors.js";
import type { Host } from "../host/index.js";
import type { Entry, Situation } from "./desired/index.js";
import { judge, judgeLeaving, type Verdicts } from "./desired/index.js";
import type { Interconnect, Marks, Namespaces } from "./interconnect/index.js";
import type { Interconnects } from "./interconnects.js";
import type { Facts, VppInterface } from "./items/index.js";
import { injectPathKey, isUp } from "./items/index.js";
import { interconnectMetadata, type PuntMetadata } from "./metadata.js";
import type { VppConnection } from "./options.js";
import type { Desired } from "./plan/index.js";
import { cnfMac } from "./plan/index.js";
import type { RunContext } from "./reconcile/index.js";
import {
  asPuntError,
  type Interest,
  preview,
  type Reconciled,
  type ReconcilerHooks,
  Retries,
  type RetryOptions,
  reconcile,
  Strays,
} from "./reconcile/index.js";
import type { PuntRequest } from "./request/index.js";
import type { PuntState, PuntStatus } from "./state.js";
import { handlerOf, usesLinuxCp } from "./types/index.js";

export interface WorkerOptions {
  readonly vpp: VppConnection;
  readonly host: Host;
  readonly marks: Marks;
  readonly interconnects: Interconnects;
  readonly namespaces: Namespaces;
  readonly entries: Map<string, Entry>;
  readonly claims: Map<string, string>;
  readonly resyncInterval?: number;
  readonly retry?: RetryOptions;
  save(): Promise<void>;
  changed(entry: Entry, from: PuntState): void;
  problem(error: PuntError): void;
}

const defaultInterval = 10_000;
/** Between two attempts to read a VPP that does not answer. */
const pauseAfterError = 500;
/** Interface events come in bursts, and each makes the whole be read: they are gathered for so long. */
const eventPause = 20;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #retries: Retries;
  readonly #memo = new Map<string, object>();
  readonly #strays: Strays;
  #facts: Facts | undefined;
  /** The items of the last plan. */
  #wanted: ReadonlyMap<string, object> = new Map();
  #awake = true;
  #stopped = false;
  #wakeUp: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #passes: (() => void)[] = [];
  #events: { close(): unknown } | undefined;
  #eventTimer: NodeJS.Timeout | undefined;
  /** The last event of each interface, of those that were not yet compared with what was read. */
  readonly #news = new Map<number, InterfaceEvent>();
  /** An interface that was read has gone since. Its index may be another's by now, whose events tell nothing new. */
  #isLost = false;
  #isPassing = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#retries = new Retries(options.retry);
    this.#strays = new Strays(options.host);
  }

  start(): void {
    this.#options.vpp.on("connected", this.#onConnected);
    this.#options.vpp.on("disconnected", this.#onDisconnected);
    if (this.#options.vpp.isConnected) this.#onConnected();
    else this.#onDisconnected();
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.vpp.off("connected", this.#onConnected);
    this.#options.vpp.off("disconnected", this.#onDisconnected);
    clearTimeout(this.#eventTimer);
    await this.#events?.close();
    this.wake();
    await this.#running;
  }

  wake(): void {
    this.#awake = true;
    this.#wakeUp?.();
  }

  /** Resolves after a whole pass that begins now or later. */
  resync(): Promise<void> {
    this.#retries.makeDue();
    const done = new Promise<void>((resolve) => this.#passes.push(resolve));
    this.wake();
    return done;
  }

  preview(punts: readonly PuntRequest[], interconnects: Interconnects) {
    const { marks, namespaces } = this.#options;
    const desired = { punts, interconnects, marks, namespaces: namespaces.paths() };
    return preview({
      desired: () => desired,
      interest: () => this.#interest(punts, interconnects),
      context: () => this.#context(),
    });
  }

  /** Takes the punt for deleted without looking. */
  gone(entry: Entry, cause: string): void {
    this.#become(entry, { state: "DELETED", cause });
  }

  readonly #onConnected = (): void => {
    // What was applied to a VPP that may have restarted says nothing of this one.
    this.#memo.clear();
    this.#retries.makeDue();
    void this.#followEvents();
    this.wake();
  };

  readonly #onDisconnected = (): void => {
    this.#memo.delete(injectPathKey);
    const missing = [{ kind: "vpp", name: "vpp", text: "a connection to VPP" }] as const;
    for (const entry of this.#options.entries.values()) {
      if (entry.leaving) this.gone(entry, "out of the store; VPP is away");
      else if (entry.stored) this.#become(entry, { state: "PENDING", missing, cause: "the connection to VPP is lost" });
    }
  };

  async #followEvents(): Promise<void> {
    // The client asks a VPP that has restarted again.
    if (this.#events) return;
    try {
      const events = await this.#options.vpp.subscribe(
        "want_interface_events",
        { enable_disable: 1, pid: process.pid },
        "sw_interface_event",
      );
      this.#events = events;
      if (this.#stopped) await events.close();
      for await (const event of events) this.#onEvent(event);
    } catch (error) {
      // The periodic look finds what an event would have told.
      if (!this.#stopped) this.#options.problem(asPuntError(error, "want_interface_events"));
    }
  }

  #onEvent(event: InterfaceEvent): void {
    this.#news.set(event.sw_if_index, event);
    if (event.deleted && !this.#isPassing && this.#interfaces().has(event.sw_if_index)) this.#isLost = true;
    this.#eventTimer ??= setTimeout(() => {
      this.#eventTimer = undefined;
      this.#takeNews();
    }, eventPause);
  }

  /** What the manager did itself, and has read back since, is no news. While a pass is under way nobody knows yet. */
  #takeNews(): void {
    if (this.#isPassing || this.#news.size === 0) return;
    const known = this.#interfaces();
    const isNews = [...this.#news].some(([index, event]) => isNew(event, known.get(index)));
    this.#news.clear();
    if (isNews || this.#isLost) this.wake();
  }

  /** As last read, by index. */
  #interfaces(): Map<number, VppInterface> {
    return new Map(this.#facts?.interfaces.map((it) => [it.swIfIndex, it]));
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      if (!this.#awake) await this.#sleep();
      if (this.#stopped) break;
      this.#awake = false;
      if (!this.#options.vpp.isConnected) this.#onDisconnected();
      else await this.#pass();
    }
    for (const done of this.#passes.splice(0)) done();
  }

  /** Until somebody wakes it, a retry is due, or the time for another look has come. */
  async #sleep(): Promise<void> {
    const { resyncInterval = defaultInterval } = this.#options;
    const time = Math.min(this.#retries.untilNext() ?? resyncInterval, resyncInterval);
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
    const waiting = this.#passes.splice(0);
    this.#isPassing = true;
    this.#isLost = false;
    try {
      await this.#strays.look();
      const { open } = await reconcile(this.#hooks());
      this.#strays.forget();
      this.#dropClaims();
      if (open.length === 0) this.#dropNamespaces();
    } catch (error) {
      await this.#afterError(error);
    }
    this.#isPassing = false;
    if (this.#eventTimer === undefined) this.#takeNews();
    for (const done of waiting) done();
  }

  async #afterError(error: unknown): Promise<void> {
    if (this.#stopped || !this.#options.vpp.isConnected) return;
    this.#options.problem(asPuntError(error, "vpp"));
    await new Promise((resolve) => setTimeout(resolve, pauseAfterError));
    this.wake();
  }

  #hooks(): ReconcilerHooks {
    return {
      retries: this.#retries,
      desired: (interest) => this.#desired(interest),
      interest: () => this.#interest(this.#punts(), this.#options.interconnects),
      context: () => this.#context(),
      claim: (claims) => this.#claim(claims),
      settled: (result) => this.#settle(result),
    };
  }

  #punts(): PuntRequest[] {
    return [...this.#options.entries.values()].filter((it) => it.stored && !it.leaving).map((it) => it.request);
  }

  #desired(interest: Interest): Desired {
    const { interconnects, marks, namespaces } = this.#options;
    const punts = this.#punts().filter((it) => interest.punts.has(it));
    return { punts, interconnects, marks, namespaces: namespaces.paths() };
  }

  #interest(punts: readonly PuntRequest[], interconnects: Interconnects): Interest {
    const names = punts.flatMap(lenderOf);
    const own = interconnects.all().filter(hasLayer3);
    const known = this.#options.namespaces.all();
    return {
      punts: new Set(punts),
      interfaces: new Set([...names, ...own.map((it) => it.name)]),
      namespaces: this.#strays.with(known),
    };
  }

  #context(): RunContext {
    const { vpp, host, marks, claims, interconnects } = this.#options;
    const secrets = new Map(interconnects.all().map((it) => [it.name, it.secret ?? ""]));
    const paths = this.#strays.with(this.#options.namespaces.all());
    return {
      ...{ vpp, host, marks, claims, memo: this.#memo },
      namespace: (id) => paths.get(id) ?? "",
      secretOf: (name) => secrets.get(name) ?? "",
    };
  }

  async #claim(claims: ReadonlyMap<string, string>): Promise<void> {
    const news = [...claims].filter(([key, claim]) => this.#options.claims.get(key) !== claim);
    if (news.length === 0) return;
    for (const [key, claim] of news) this.#options.claims.set(key, claim);
    await this.#options.save();
  }

  /** Claims of what is neither there nor wanted. They are struck out of the store with its next write. */
  #dropClaims(): void {
    const { claims } = this.#options;
    for (const key of claims.keys()) if (!this.#facts?.seen.has(key) && !this.#wanted.has(key)) claims.delete(key);
  }

  /** Namespaces that no interconnect is in, once nothing is left in them: while a punt comes or goes, something may be. */
  #dropNamespaces(): void {
    const { entries, interconnects, namespaces } = this.#options;
    if ([...entries.values()].some((it) => it.leaving || !it.stored)) return;
    namespaces.keep(new Set(interconnects.all().flatMap(({ netns }) => netns ?? [])));
  }

  #settle({ facts, plan, open }: Reconciled): void {
    this.#facts = facts;
    this.#wanted = plan.items;
    const { entries, resyncInterval = defaultInterval } = this.#options;
    const verdicts: Verdicts = {
      open: new Map(open.map((it) => [it.key, it])),
      retries: this.#retries,
      nextLook: Date.now() + resyncInterval,
    };
    for (const entry of entries.values()) {
      const punt = plan.punts.get(entry.key);
      if (punt?.state === "ready") entry.items = punt.items;
      const situation = entry.leaving ? judgeLeaving(entry, verdicts) : punt && judge(entry, punt, verdicts);
      if (situation) this.#become(entry, situation);
    }
  }

  #become(entry: Entry, situation: Situation): void {
    const from = entry.situation.state;
    if (situation.state === "DELETED" && this.#options.entries.get(entry.key) === entry)
      this.#options.entries.delete(entry.key);
    if (entry.become(situation)) this.#options.changed(entry, from);
  }

  statusOf(entry: Entry): PuntStatus {
    const { state, missing = [], failure } = entry.situation;
    return {
      id: entry.id,
      request: entry.request,
      state,
      missing,
      reasons: [],
      ...(failure && { failure }),
      metadata: this.#metadata(entry),
    };
  }

  #metadata(entry: Entry): PuntMetadata {
    const { interconnects, marks, namespaces } = this.#options;
    const inject = this.#memo.get(injectPathKey) as { path: string } | undefined;
    const context = {
      marks,
      injectPath: inject?.path,
      namespace: (id: number) => namespaces.path(id),
      interface: (name: string) => this.#facts?.interface(name),
      cnfMac: (interconnect: Interconnect) =>
        cnfMac(interconnect, { pairedWith: () => this.#pairedWith(interconnect) }),
    };
    const list = interconnects.of(entry.id).map((it) => interconnectMetadata(it, context));
    return { id: entry.id, type: entry.request.type, interconnects: list, limits: this.#limits(entry.request) };
  }

  #pairedWith(interconnect: Interconnect) {
    const requests = interconnect.users.map((user) => this.#options.entries.get(user)?.request);
    const paired = requests.find((it) => it?.type === "ISISX" && this.#facts && usesLinuxCp(it, this.#facts));
    return paired?.type === "ISISX" ? this.#facts?.interface(paired.vppInterface) : undefined;
  }

  #limits(request: PuntRequest): string[] {
    if (!this.#facts) return [];
    const limits = handlerOf(request).limits?.(request, this.#facts) ?? [];
    if (request.interconnect !== "TAP" || this.#facts.features.has("vhost-net")) return limits;
    return [...limits, "TAP by a veth pair and af_packet: /dev/vhost-net is missing; GSO is not used"];
  }
}

type InterfaceEvent = Events["sw_interface_event"];

/** Whether it tells more than was read: each change of what a plan is made from has an event that differs from what was before. */
function isNew({ flags, deleted }: InterfaceEvent, known: VppInterface | undefined): boolean {
  return deleted ? known !== undefined : known?.up !== isUp(flags);
}

/** The interface whose addresses a punt is about. */
function lenderOf(request: PuntRequest): string[] {
  return request.type === "ABX" || request.type === "ISISX" ? [request.vppInterface] : [];
}

function hasLayer3({ link }: Interconnect): boolean {
  if (link.form === "socket") return false;
  return (
    link.unnumberedTo !== undefined ||
    link.vrf !== 0 ||
    link.addresses.length > 0 ||
    link.subnets.length > 0 ||
    link.withDhcpClient
  );
}
