// The punts of a daemon whose store is etcd. While it leads, it acts; otherwise it reads, and passes changes on or refuses them by name.
import { EventEmitter } from "node:events";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError, renamed } from "../errors.js";
import { guarded } from "../guarded.js";
import {
  type AddOptions,
  type ApplyOptions,
  type ApplyResult,
  type Attachments,
  type AttachOptions,
  type DryRun,
  type PlanChange,
  type PuntFilter,
  type PuntIdInput,
  PuntManager,
  type PuntRequestInput,
  type PuntSet,
  type PuntStatus,
  type Punts,
  type WatchEvent,
  type WatchOptions,
} from "../punt/index.js";
import { Askers } from "./askers.js";
import type { ClusterEvents, ClusterRole, ClusterStart, Role } from "./cluster-options.js";
import { decision } from "./decision.js";
import { type Change, Etcd, Mirror } from "./etcd/index.js";
import { EtcdPunts } from "./etcd-punts.js";
import { type Changes, Forwarded } from "./forwarded.js";
import { generationIn, History } from "./history.js";
import { Hosts } from "./hosts.js";
import { KeptValues } from "./kept-values.js";
import { Keys } from "./keys.js";
import { Known } from "./known.js";
import { Leadership } from "./leadership.js";
import { etcdAway } from "./refusals.js";
import { SameVpp } from "./same-vpp.js";
import { EtcdStore, type Remembered } from "./store.js";
import { historyFile, Term } from "./term.js";

/** Seconds from the end of a lease until another daemon acts: etcd checks leases twice a second, and the daemon reads VPP first. */
const TAKEOVER_SECONDS = 2;
const REFRESH_MS = 50;
const RETRY_MS = 5_000;

export class ClusterPunts extends EventEmitter<ClusterEvents> implements Punts {
  readonly #start: ClusterStart;
  readonly etcd: Etcd;
  readonly hosts: Hosts;
  readonly #keys: Keys;
  readonly #history: History;
  readonly #mirror: Mirror;
  readonly #leadership: Leadership;
  readonly #forward: Changes;
  readonly #known = new Known();
  readonly kept: KeptValues;
  readonly #askers: Askers;
  #manager: PuntManager | undefined;
  #term: Term | undefined;
  #halted: PuntError | undefined;
  #broken: PuntError | undefined;
  readonly #sameVpp: SameVpp;
  #remembered: Remembered | undefined;
  #role: Role = "cut-off";
  /** How many times this daemon has lost the lead. */
  #losses = 0;
  #turn: Promise<void> = Promise.resolve();
  #refresh: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();

  /**
   * Starts the daemon's part of the cluster. Waits neither for etcd nor for VPP.
   *
   * @throws PuntError ERR_OPTION; ERR_STORE_DAMAGED: the memory of etcd's history; an errno name: a file cannot be read
   */
  static async start(start: ClusterStart): Promise<ClusterPunts> {
    const { host, name: _name, lease: _lease, ...access } = start.cluster;
    const etcd = await (start.connect ?? Etcd.open)(access);
    try {
      const keys = new Keys(etcd.prefix, host);
      const history = await History.open(historyFile(start.state), keys, start);
      const punts = new ClusterPunts(start, etcd, keys, history);
      punts.#mirror.start();
      punts.#leadership.start();
      return punts;
    } catch (error) {
      etcd.close();
      throw error;
    }
  }

  private constructor(start: ClusterStart, etcd: Etcd, keys: Keys, history: History) {
    super();
    this.#start = start;
    this.etcd = etcd;
    const problem = (error: PuntError) => start.problem(error);
    const { lease = 8, name = `${hostname()}-${process.pid}` } = start.cluster;
    const through = `daemon ${name} of host ${keys.host}`;
    this.hosts = new Hosts(etcd, through);
    this.#keys = keys;
    this.#history = history;
    this.#askers = new Askers(start.cluster.name ?? "the daemon", (id) => this.#manager?.get(id) !== undefined);
    etcd.onCalled = (...called) => guarded(() => void this.emit("etcd", ...called));
    etcd.onHeader = (header, floor) => history.see(header, floor);
    const folders = (["wanted", "state", "leader", "ask"] as const).map((kind) => keys.folder(kind));
    this.#mirror = new Mirror(etcd, folders, {
      judge: (found) => history.check(generationIn(found.get(this.#keys.generation))),
      judgeChanges: (changes) => history.checkAll(changes, keys.generation),
      changed: (changes, isSnapshot) => this.#changed(changes, isSnapshot),
      reached: (isReached, error) => this.#reached(isReached, error),
    });
    this.#leadership = new Leadership(
      etcd,
      this.#mirror,
      keys,
      { ttl: lease - TAKEOVER_SECONDS, daemon: name, addresses: start.addresses },
      { acquired: () => this.#queue(() => this.#lead()), lost: () => this.#lost() },
    );
    this.#leadership.onProblem = problem;
    const parts = { vpp: start.manager.vpp, mirror: this.#mirror, keys, leadership: this.#leadership };
    this.#sameVpp = new SameVpp({ ...parts, problem, changed: () => this.#say() });
    this.kept = new KeptValues(this.#mirror, keys, () => this.#term?.writer ?? this.refusal("cluster.keep"));
    const acting = { host: keys.host, by: () => this.#askers.now, through, needsLeader: true };
    this.#forward = new Forwarded(new EtcdPunts(etcd, acting), (id) => this.#manager?.get(id));
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get role(): Role {
    return this.#role;
  }

  /** The current manager; undefined until etcd has answered. */
  get manager(): PuntManager | undefined {
    return this.#manager;
  }

  /** This daemon's role, and the daemon that acts. */
  get standing(): ClusterRole {
    const { daemon = "", addresses = [] } = this.#leadership.leader ?? {};
    const problem = this.#halted ?? this.#sameVpp.problem ?? this.#mirror.problem ?? this.#broken;
    const contact = { isReached: this.#mirror.isReached, problem, leaseSeconds: this.#leadership.leaseSeconds };
    return { host: this.#keys.host, role: this.#role, daemon, addresses, endpoints: this.etcd.endpoints, ...contact };
  }

  as<T>(by: string, body: () => Promise<T>): Promise<T> {
    return this.#askers.as(by, body);
  }

  add(request: PuntRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    return this.#askers.asking([request], () => this.#change("punt.add", (punts) => punts.add(request, options)));
  }

  update(request: PuntRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    return this.#askers.asking([request], () => this.#change("punt.update", (punts) => punts.update(request, options)));
  }

  apply(set: PuntSet, options: ApplyOptions = {}): Promise<ApplyResult> {
    const requests = set.punts.map((each) => ({ cnf: set.cnf ?? "", ...each }));
    return this.#askers.asking(requests, () => this.#change("punt.apply", (punts) => punts.apply(set, options)));
  }

  delete(...wish: Parameters<Punts["delete"]>): Promise<void> {
    return this.#change("punt.delete", (punts) => punts.delete(...wish));
  }

  get(id: PuntIdInput): PuntStatus | undefined {
    const status = this.#readable("punt.get").get(id);
    return status && this.#known.shown(status);
  }

  list(filter: PuntFilter = {}): PuntStatus[] {
    const punts = this.#readable("punt.list").list(filter);
    return punts.map((status) => this.#known.shown(status));
  }

  plan(change?: PlanChange): Promise<DryRun> {
    return this.#readable("punt.plan").plan(change);
  }

  watch(options: WatchOptions = {}): AsyncIterableIterator<WatchEvent, undefined> {
    return this.#known.log.watch(options, () => this.list(options.cnf === undefined ? {} : { cnf: options.cnf }));
  }

  attach(id: PuntIdInput, options?: AttachOptions): Attachments {
    return this.#readable("punt.attach").attach(id, options);
  }

  /** Whether this daemon acts for its host, and its lease is good. */
  get acts(): boolean {
    return this.#term !== undefined && this.#leadership.isGood;
  }

  /** Returns the error of a call that only the daemon that acts can take: ERR_NOT_LEADER. */
  refusal(op: string): PuntError {
    return this.#leadership.refusal(op);
  }

  /** Stops, and gives the lead up, so that another daemon acts at once. Punts stay in VPP. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closing.abort();
    clearTimeout(this.#refresh);
    this.#sameVpp.close();
    const term = this.#term;
    this.#term = undefined;
    await this.#turn.catch(() => {});
    await term?.end();
    await this.#leadership.close();
    await this.#turn.catch(() => {});
    await this.#manager?.close();
    await this.#mirror.close();
    this.#known.log.close();
    await this.#history.close();
    this.etcd.close();
  }

  [Symbol.asyncDispose] = (): Promise<void> => this.close();

  async #change<T>(op: string, body: (punts: Changes) => Promise<T>): Promise<T> {
    if (this.#closed) throw new PuntError(op, "ERR_CLOSED", "the daemon is stopping");
    const term = this.#term;
    if (!term || !this.#leadership.isGood) return body(this.#forwarding(op));
    try {
      return await body(term.acting);
    } catch (error) {
      const { code } = error as PuntError;
      const isCut = code === "ECANCELED" || code === "ERR_CLOSED" || code === "ERR_DISCONNECTED";
      if (!isCut || this.#term === term) throw error;
      throw this.#leadership.refusal(op);
    }
  }

  /** @throws PuntError why nothing can be changed now */
  #forwarding(op: string): Changes {
    // A daemon that acts can do what this one cannot.
    const reason = this.#halted ?? (this.#leadership.leader ? undefined : this.#broken) ?? this.#sameVpp.problem;
    if (reason) throw renamed(op, reason);
    if (this.#mirror.isReached) return this.#forward;
    throw etcdAway(op, this.etcd.endpoints, "nothing is changed until it is back");
  }

  #readable(op: string): PuntManager {
    if (this.#manager) return this.#manager;
    const reason = this.#halted ?? this.#broken;
    throw reason ? renamed(op, reason) : etcdAway(op, this.etcd.endpoints, "the punts are not known yet");
  }

  #changed(changes: readonly Change[], isSnapshot: boolean): void {
    const has = (name: string) => isSnapshot || changes.some(({ key }) => key === name);
    if (has(this.#keys.leader)) this.#leadership.look();
    if (has(this.#keys.client)) this.#sameVpp.look();
    this.#term?.changed(changes, isSnapshot);
    if (!this.#term) this.#readAgain();
  }

  #reached(isReached: boolean, error?: PuntError): void {
    if (error?.code === "ERR_ETCD_HISTORY") this.#halt(error);
    else if (error && (error.code !== "ERR_ETCD_AWAY" || error.details.remedy)) this.#start.problem(error);
    if (isReached && !this.#manager) this.#queue(() => this.#read());
    this.#say();
  }

  #say(): void {
    const isReading = this.#mirror.isReached && this.#manager !== undefined;
    const other = !isReading ? "cut-off" : this.#sameVpp.problem ? "other-vpp" : "standby";
    const role: Role = this.#halted ? "halted" : this.acts ? "leader" : other;
    if (role === this.#role) return;
    this.#role = role;
    guarded(() => void this.emit("role", role));
  }

  #queue(step: () => Promise<void>): void {
    this.#turn = this.#turn.then(step).catch((error) => this.#start.problem(error as PuntError));
  }

  async #lead(): Promise<void> {
    if (this.#term || this.#halted || this.#closed) return;
    const [mirror, leadership, losses] = [this.#mirror, this.#leadership, this.#losses];
    await Promise.race([mirror.resync(), leadership.untilBad()]);
    if (!leadership.isGood) return;
    if (!this.#manager) await this.#known.seed(this.etcd, this.#keys.folder("status"));
    try {
      const term = await Term.begin({
        ...{ etcd: this.etcd, mirror, keys: this.#keys, leadership, history: this.#history },
        ...{ manager: this.#start.manager, explainer: this.#start.explainer, lasting: this.#start.lasting },
        ...{ remembered: this.#remembered, punts: this },
        as: (by, change) => this.as(by, change),
        asked: (change) => guarded(() => void this.emit("asked", change)),
        problem: (error) => this.#start.problem(error),
        whoAsked: (request) => this.#askers.of(request),
        shown: (status) => this.#known.shown(status),
        halt: (error) => this.#halt(error),
      });
      this.#remembered = undefined;
      this.#broken = undefined;
      // If the lead was lost and won again in between, this term may have missed the moment to open VPP. The next one is queued.
      if (losses !== this.#losses || !leadership.isGood || this.#closed) return await term.end();
      this.#term = term;
      const following = this.#follow(term.manager);
      term.start();
      await following;
      this.#say();
    } catch (error) {
      this.#breakDown(error as PuntError);
    }
  }

  #breakDown(error: PuntError): void {
    this.#broken = error;
    this.#start.problem(error);
    this.#leadership.bar("broken", true);
    const pause = sleep(RETRY_MS, undefined, { signal: this.#closing.signal });
    pause.then(() => this.#leadership.bar("broken", false)).catch(() => {});
  }

  #lost(): void {
    this.#losses++;
    const term = this.#term;
    this.#term = undefined;
    if (!this.#closed) this.#start.problem(this.#leadership.refusal("cluster.lead"));
    this.#say();
    if (!term) return;
    this.#queue(async () => {
      // Its listeners are removed, because its events while it ends do not describe VPP.
      if (this.#manager === term.manager) this.#manager.removeAllListeners("state");
      await term.end();
      if (!this.#term && !this.#closed) await this.#read();
    });
  }

  async #read(): Promise<void> {
    if (this.#term || this.#closed) return;
    if (!this.#manager) await this.#known.seed(this.etcd, this.#keys.folder("status"));
    const store = new EtcdStore({ mirror: this.#mirror, keys: this.#keys, whoAsked: () => "" });
    try {
      const reader = await PuntManager.start({ ...this.#start.manager, readOnly: true, store });
      await this.#follow(reader);
      this.#say();
    } catch (error) {
      this.#broken = error as PuntError;
      throw error;
    }
  }

  #readAgain(): void {
    this.#refresh ??= setTimeout(() => {
      this.#refresh = undefined;
      if (this.#term || this.#closed) return;
      if (this.#manager) this.#manager.resync().catch(() => {});
      else this.#queue(() => this.#read());
    }, REFRESH_MS);
  }

  async #follow(manager: PuntManager): Promise<void> {
    const before = this.#manager;
    this.#manager = manager;
    manager.on("problem", (error) => this.#start.problem(error));
    manager.on("pass", (pass) => guarded(() => void this.emit("pass", pass)));
    manager.on("state", (event) => {
      if (manager !== this.#manager) return;
      this.#known.take(event);
      if (event.to === "DELETED") this.#askers.forget(event.id);
      guarded(() => void this.emit("punt", event));
      this.#term?.follow(event);
    });
    for (const event of this.#known.replaced(before?.list() ?? [], manager.list()))
      guarded(() => void this.emit("punt", event));
    if (before !== manager) await before?.close();
  }

  #halt(error: PuntError): void {
    if (this.#halted || this.#closed) return;
    this.#halted = error;
    this.#start.problem(error);
    this.#leadership.bar("halted", true);
    this.#say();
    void this.#resume();
  }

  async #resume(): Promise<void> {
    const parts = { mirror: this.#mirror, keys: this.#keys, whoAsked: () => "" };
    const memory = this.#history.isNew ? undefined : await new EtcdStore(parts).load().catch(() => undefined);
    const decided = await decision(this.etcd, this.#keys, this.#closing.signal, memory !== undefined);
    await this.#turn;
    if (!decided || this.#closed) return;
    this.#history.accept();
    this.#history.begin();
    this.etcd.forgetHistory();
    if (!(await decided.take())) return this.#resume();
    if (memory) this.#remembered = { state: memory, replaces: decided.keep === "daemon" };
    this.#halted = undefined;
    await Promise.race([this.#mirror.resync(), sleep(RETRY_MS, undefined, { ref: false })]);
    this.#leadership.bar("halted", false);
    this.#say();
  }
}
