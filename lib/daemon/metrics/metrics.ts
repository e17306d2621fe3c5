// Metrics for Prometheus. prom-client is loaded for a daemon that serves them.
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ClusterRole, EtcdCall } from "../../cluster/index.js";
import type { PuntCounters, RingFill, VppCounters } from "../../counters/index.js";
import type { PuntStatus } from "../../punt/index.js";

type Client = typeof import("prom-client");

/** Where the numbers come from. */
export interface MetricsSource {
  punts(): Promise<readonly PuntStatus[]>;
  /** Rejects while VPP is away, or has no statistics. */
  counters(punts: readonly PuntStatus[]): Promise<VppCounters>;
  /** The rings that VPP lists. */
  rings(punts: readonly PuntStatus[]): Promise<readonly RingFill[]>;
  isVppConnected(): boolean;
  /** Of a daemon that keeps its punts in etcd. */
  cluster(): ClusterRole | undefined;
  /** Whether the etcd of such a daemon has no room left. Rejects where etcd does not say. */
  isEtcdFull(): Promise<boolean>;
}

/** Buckets in seconds: a look at VPP takes milliseconds, a restart of VPP seconds. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const ROLES = ["leader", "standby", "cut-off", "halted", "other-vpp"] as const;
const PUNT = ["cnf", "key", "label"] as const;

export class Metrics {
  readonly #source: MetricsSource;
  readonly #registry: Registry;
  readonly #punts: Gauge;
  readonly #attempts: Gauge;
  readonly #connected: Gauge;
  readonly #statistics: Gauge;
  readonly #roles: Gauge;
  readonly #reached: Gauge;
  readonly #full: Gauge;
  readonly #lease: Gauge;
  readonly #etcd: Histogram;
  readonly #silences: Counter;
  readonly #packets: Counter;
  readonly #bytes: Counter;
  readonly #drops: Counter;
  readonly #sockets: Counter;
  readonly #rings: Gauge;
  readonly #passes: Histogram;
  readonly #failures: Counter;
  readonly #calls: Histogram;

  private constructor(source: MetricsSource, { Registry, Gauge, Counter, Histogram, collectDefaultMetrics }: Client) {
    this.#source = source;
    const registry = new Registry();
    const registers = [registry];
    this.#registry = registry;
    const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
      new Gauge({ name: `vpp_punt_${name}`, help, labelNames: [...labelNames], registers });
    const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
      new Counter({ name: `vpp_punt_${name}`, help, labelNames: [...labelNames], registers });
    const histogram = (name: string, help: string, labelNames: readonly string[] = []) =>
      new Histogram({ name: `vpp_punt_${name}`, help, labelNames: [...labelNames], registers, buckets: BUCKETS });
    this.#punts = gauge("punts", "Punts by type and state.", ["type", "state"]);
    this.#attempts = gauge("attempts", "Attempts at a punt that VPP refuses.", PUNT);
    this.#connected = gauge("vpp_connected", "1 while the daemon is connected to VPP's API.");
    this.#statistics = gauge("vpp_statistics", "1 while VPP's statistics can be read: the traffic is of now.");
    this.#roles = gauge("cluster_role", "1 for what this daemon does for its host in etcd.", ["host", "role"]);
    this.#reached = gauge("etcd_connected", "1 while the daemon follows etcd.", ["host"]);
    this.#full = gauge("etcd_full", "1 while etcd has no room left and refuses writes.", ["host"]);
    this.#lease = gauge("etcd_lease_seconds", "Time that the leader may act without an answer of etcd.", ["host"]);
    this.#etcd = histogram("etcd_seconds", "Time until etcd answered a call.", ["call"]);
    this.#silences = counter("etcd_failures_total", "Calls that etcd did not answer.", ["call"]);
    const way = [...PUNT, "interface", "direction"];
    this.#packets = counter("packets_total", "Packets of a punt's interconnect, by direction.", way);
    this.#bytes = counter("bytes_total", "Bytes of a punt's interconnect, by direction.", way);
    this.#drops = counter("drops_total", "Packets that VPP lost, by cause.", [...PUNT, "interface", "cause"]);
    this.#sockets = counter("socket_nodes_total", "Counters of the nodes that serve all punt sockets.", ["counter"]);
    this.#rings = gauge("ring_fill", "Part of a memif's ring that waits for its reader, 0 to 1.", [...way, "queue"]);
    this.#passes = histogram("reconcile_seconds", "Time of a comparison with VPP and of the steps that it led to.");
    this.#failures = counter("reconcile_failures_total", "Comparisons that ended with an error.");
    this.#calls = histogram("api_seconds", "Time until VPP answered a request or a dump.", ["message"]);
    collectDefaultMetrics({ register: registry });
  }

  /** Loads prom-client. */
  static async open(source: MetricsSource): Promise<Metrics> {
    const loaded = await import("prom-client");
    return new Metrics(source, (loaded as { default?: Client }).default ?? loaded);
  }

  /** Content type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Counts a comparison with VPP. */
  passed(ms: number, isFailed: boolean): void {
    this.#passes.observe(ms / 1000);
    if (isFailed) this.#failures.inc();
  }

  /** Counts a call of VPP's API. */
  called(message: string, ms: number): void {
    this.#calls.observe({ message }, ms / 1000);
  }

  /** Counts a call of etcd. */
  askedEtcd(call: EtcdCall, ms: number, isAnswered: boolean): void {
    if (isAnswered) this.#etcd.observe({ call }, ms / 1000);
    else this.#silences.inc({ call });
  }

  /** Returns all metrics in Prometheus's text form. Costs VPP's main thread some commands. */
  async text(): Promise<string> {
    // Until etcd has answered, a daemon of a cluster has no punts to show. The other metrics say why.
    const punts = await this.#source.punts().catch(() => []);
    const counters = await this.#source.counters(punts).catch(() => undefined);
    const rings = counters ? await this.#source.rings(punts) : [];
    this.#connected.set(this.#source.isVppConnected() ? 1 : 0);
    this.#statistics.set(counters ? 1 : 0);
    await this.#setCluster();
    this.#setStates(punts);
    if (counters) this.#setTraffic(counters);
    this.#setRings(counters, rings);
    return this.#registry.metrics();
  }

  async #setCluster(): Promise<void> {
    const cluster = this.#source.cluster();
    if (!cluster) return;
    const { host, isReached, leaseSeconds } = cluster;
    for (const role of ROLES) this.#roles.set({ host, role }, role === cluster.role ? 1 : 0);
    this.#reached.set({ host }, isReached ? 1 : 0);
    const isFull = isReached ? await this.#source.isEtcdFull().catch(() => undefined) : undefined;
    if (isFull === undefined) this.#full.reset();
    else this.#full.set({ host }, isFull ? 1 : 0);
    if (leaseSeconds === undefined) this.#lease.reset();
    else this.#lease.set({ host }, leaseSeconds);
  }

  #setStates(punts: readonly PuntStatus[]): void {
    this.#punts.reset();
    this.#attempts.reset();
    for (const { id, request, state, failure } of punts) {
      this.#punts.inc({ type: request.type, state });
      if (failure) this.#attempts.set({ ...id }, failure.attempts);
    }
  }

  /** VPP counts; these are its numbers, which begin again when VPP does. */
  #setTraffic({ punts, sockets }: VppCounters): void {
    for (const each of [this.#packets, this.#bytes, this.#drops, this.#sockets]) each.reset();
    for (const punt of punts) this.#setPunt(punt);
    for (const [counter, count] of Object.entries(sockets)) this.#sockets.inc({ counter }, count);
  }

  /** Rings of interfaces of others are left out. */
  #setRings(counters: VppCounters | undefined, rings: readonly RingFill[]): void {
    this.#rings.reset();
    for (const { id, interconnects } of counters?.punts ?? [])
      for (const { interface: name, direction, queue, fill } of rings) {
        if (!interconnects.some((each) => each.interface === name)) continue;
        this.#rings.set({ cnf: id.cnf, key: id.key, label: id.label, interface: name, direction, queue }, fill);
      }
  }

  #setPunt({ id, interconnects }: PuntCounters): void {
    for (const { interface: name, toCnf, fromCnf, drops } of interconnects) {
      const labels = { cnf: id.cnf, key: id.key, label: id.label, interface: name };
      for (const [direction, { packets, bytes }] of Object.entries({ to_cnf: toCnf, from_cnf: fromCnf })) {
        this.#packets.inc({ ...labels, direction }, packets);
        this.#bytes.inc({ ...labels, direction }, bytes);
      }
      for (const [cause, count] of Object.entries(drops)) this.#drops.inc({ ...labels, cause }, count);
    }
  }
}
