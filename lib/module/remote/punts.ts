// The interface Punts over a daemon.
import type { JsonObject } from "@bufbuild/protobuf";
import { CallOrder } from "../../call-order.js";
import type { VppCounters } from "../../counters/index.js";
import { PuntError } from "../../errors.js";
import { OptionCheck } from "../../options.js";
import {
  type AddOptions,
  type ApplyOptions,
  type ApplyResult,
  type Attachments,
  type AttachOptions,
  checkAddOptions,
  checkApplyOptions,
  checkAttachOptions,
  checked,
  checkSet,
  type DeleteOptions,
  type DeviceReport,
  DryRun,
  idText,
  noSuchPunt,
  type PathlessRequestInput,
  type PlanChange,
  type PlannedPunt,
  type PlannedStep,
  type PuntFilter,
  type PuntIdInput,
  type PuntSet,
  type PuntStatus,
  type Punts,
  parseId,
  requireOneCnf,
  type WatchEvent,
  type WatchOptions,
  withCnf,
} from "../../punt/index.js";
import {
  type Cluster,
  countersFromWire,
  type Devices,
  type ExplainedFrame,
  type ExplainResponse,
  failureFromWire,
  idFromWire,
  idToWire,
  type PlanResponse,
  requestToWire,
  stateFromWire,
  statusFromWire,
} from "../../wire/index.js";
import { type ConnectOptions, checkConnectOptions } from "../options.js";
import { fullId } from "../request.js";
import { Handovers } from "./attach.js";
import { Connection } from "./connection.js";
import { RemoteInterfaces } from "./interfaces.js";
import type { Line } from "./line.js";
import { SessionKeeper, type SessionLife } from "./session.js";
import { follow } from "./watch.js";

/** This program's identity in the eyes of a daemon, and facts about the daemon. */
export interface DaemonInfo {
  readonly version: string;
  readonly term: string;
  readonly vppConnected: boolean;
  readonly caller: string;
  readonly operator: boolean;
  readonly readOnly: boolean;
  readonly rules: readonly string[];
  /** Path of VPP's API socket, as the daemon sees it; for operators only. */
  readonly vppSocket?: string;
  /** How TAPs come into the network namespaces of CNFs; for operators only. */
  readonly devices?: DeviceReport;
  /** The daemon's host in etcd; absent for a daemon that keeps its punts in a file. */
  readonly cluster?: {
    readonly host: string;
    /** This daemon's role: "leader", "standby", "cut-off", "halted" or "other-vpp". */
    readonly role: string;
    /** Name of the daemon that acts; "" where none does. */
    readonly daemon: string;
    readonly addresses: readonly string[];
  };
}

/** A host in etcd. */
export interface RemoteHost {
  readonly host: string;
  /** Name of the daemon that acts; "" where none does. */
  readonly daemon: string;
  /** Where that daemon listens. */
  readonly addresses: readonly string[];
  /** When it began to act, as ISO 8601. */
  readonly since: string;
  /** Number of punts that are asked for. */
  readonly punts: number;
}

/** The receiver of the frames of an explanation. */
export interface FramesOn {
  /** Name or tag of an interface of VPP. */
  readonly interface: string;
  /** Sends each frame through VPP, with VPP's trace: the CNFs get it. */
  readonly trace?: boolean;
}

/** A change that is sent. */
interface Call {
  readonly fields: { readonly session: string; readonly host: string };
  readonly options: { readonly signal: AbortSignal };
}

/** The punts of a daemon: the same interface as the manager in this process. */
export class RemotePunts implements Punts {
  readonly #connection: Connection;
  readonly #session: SessionKeeper | undefined;
  readonly #host: string;
  readonly #order = new CallOrder();
  #interfaces: RemoteInterfaces | undefined;
  /** The descriptors that the daemon hands over. */
  readonly handovers: Handovers;

  /** @param line the way to the daemon, if it is another one than the options say. @throws PuntError ERR_OPTION */
  constructor(options: ConnectOptions = {}, line?: Line) {
    checkConnectOptions(options);
    this.#connection = new Connection(options, line);
    this.handovers = new Handovers(this.#connection, options);
    const { session, host = "" } = options;
    this.#host = host;
    if (session) this.#session = new SessionKeeper(this.#connection, session.cnf, session.grace ?? 10_000);
  }

  /** Returns the id of the session that punts are put into; "" without one. */
  async #sessionId(signal: AbortSignal): Promise<string> {
    return (await this.#session?.id(signal)) ?? "";
  }

  async add(request: PathlessRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    checkAddOptions(options, "punt.add");
    const wire = requestToWire(request);
    const reply = await this.#change("punt.add", [wire.cnf], (call) =>
      this.#connection.client.add({ request: wire, wait: waitToWire(options), ...call.fields }, call.options),
    );
    return statusFromWire(reply.status);
  }

  /** Asks for a change, once the calls before it about these CNFs are sent. */
  #change<T>(op: string, cnfs: readonly string[], send: (call: Call) => Promise<T>): Promise<T> {
    return this.#order.during(cnfs, (inOrder) =>
      this.#connection.call(op, async (signal) => {
        const fields = { session: await this.#sessionId(signal), host: this.#host };
        return inOrder(() => send({ fields, options: { signal } }));
      }),
    );
  }

  async update(request: PathlessRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    checkAddOptions(options, "punt.update");
    const wire = requestToWire(request, "punt.update");
    const reply = await this.#change("punt.update", [wire.cnf], (call) =>
      this.#connection.client.update({ request: wire, wait: waitToWire(options), ...call.fields }, call.options),
    );
    return statusFromWire(reply.status);
  }

  async apply(set: PuntSet, options: ApplyOptions = {}): Promise<ApplyResult> {
    checkApplyOptions(options);
    const { keep = false } = options;
    checkSet(set, keep);
    const { cnf = "", punts, delete: gone = [] } = set;
    const requests = punts.map((each, index) =>
      requestToWire(withCnf(each, set.cnf) as PathlessRequestInput, "punt.apply", `punts[${index}]`),
    );
    requireOneCnf(set);
    const named = gone.map((id) => wireId(id, "punt.apply"));
    const change = { cnf, requests, delete: named, keep, wait: waitToWire(options) };
    const cnfs = [cnf, ...[...requests, ...named].map((each) => each.cnf)];
    const reply = await this.#change("punt.apply", cnfs, (call) =>
      this.#connection.client.apply({ ...change, ...call.fields }, call.options),
    );
    const failed = reply.failed.map((failure) => ({ id: idFromWire(failure.id), error: failureFromWire(failure) }));
    return {
      added: reply.added.map(statusFromWire),
      updated: reply.updated.map(statusFromWire),
      unchanged: reply.unchanged.map(statusFromWire),
      deleted: reply.deleted.map(idFromWire),
      failed,
    };
  }

  async delete(input: PuntIdInput, options: DeleteOptions = {}): Promise<void> {
    const id = parseId(input, "punt.delete");
    await checked.deletion(idText(id), options, () => this.#delete(wireId(id, "punt.delete")));
  }

  async #delete(wire: ReturnType<typeof wireId>): Promise<void> {
    let attempts = 0;
    const attempt = (signal: AbortSignal) =>
      this.#connection.client.delete({ id: wire, host: this.#host }, { signal }).catch((error) => {
        // The answer to the first attempt may have been lost with the daemon.
        const isGone = attempts > 1 && this.#connection.errorOf(error, "punt.delete").code === "ERR_NO_SUCH_PUNT";
        if (!isGone) throw error;
      });
    await this.#order.during([wire.cnf], (inOrder) =>
      this.#connection.call("punt.delete", (signal) => {
        attempts++;
        return inOrder(() => attempt(signal));
      }),
    );
  }

  async get(id: PuntIdInput): Promise<PuntStatus | undefined> {
    const wire = wireId(id, "punt.get");
    try {
      const call = (signal: AbortSignal) => this.#connection.client.get({ id: wire, host: this.#host }, { signal });
      const { status } = await this.#connection.call("punt.get", call);
      return status && statusFromWire(status);
    } catch (error) {
      if ((error as PuntError).code === "ERR_NO_SUCH_PUNT") return undefined;
      throw error;
    }
  }

  async list(filter: PuntFilter = {}): Promise<readonly PuntStatus[]> {
    return this.listOf(this.#host, filter);
  }

  /** Lists the punts of a host in etcd, over the same connection; "" for the daemon's own. */
  async listOf(host: string, filter: PuntFilter = {}): Promise<readonly PuntStatus[]> {
    const { cnf = "" } = checked.filter(filter, "punt.list");
    const call = (signal: AbortSignal) => this.#connection.client.list({ cnf, host }, { signal });
    const { punts } = await this.#connection.call("punt.list", call);
    return punts.map(statusFromWire);
  }

  async plan(change: PlanChange = {}): Promise<DryRun> {
    checked.change(change);
    const add = (change.add ?? []).map((each, index) => requestToWire(each, "punt.plan", `add[${index}]`));
    const gone = (change.delete ?? []).map((id) => wireId(id, "punt.plan"));
    const call = (signal: AbortSignal) =>
      this.#connection.client.plan({ add, delete: gone, host: this.#host }, { signal });
    return planFromWire(await this.#connection.call("punt.plan", call));
  }

  /** Follows the punts, also over restarts of the daemon: then a snapshot comes again, with `resync`. */
  watch(options: WatchOptions = {}): AsyncIterable<WatchEvent> {
    return follow(this.#connection, checked.watch(options), this.#host);
  }

  /** Follows the punts as `watch` does; `onAway` is called with the cause each time the daemon is lost. */
  follow(options: WatchOptions, onAway: (cause: PuntError) => void): AsyncIterable<WatchEvent> {
    return follow(this.#connection, options, this.#host, onAway);
  }

  /**
   * Opens the CNF's ends of a punt in this process: over descriptors of the daemon, or over TCP by their paths. After a restart of VPP a
   * punt socket is attached again.
   *
   * @throws PuntError ERR_NO_SUCH_PUNT; EADDRINUSE: another program has the punt socket; of the daemon, or of a port
   */
  async attach(id: PuntIdInput, options: AttachOptions = {}): Promise<Attachments> {
    this.#requireOwnHost("punt.attach");
    const status = await this.get(id);
    if (!status) throw noSuchPunt("punt.attach", fullId(id));
    checkAttachOptions(new OptionCheck("punt.attach"), "options", options);
    return this.handovers.attach(status, options);
  }

  /**
   * Returns VPP's counters of the punts that this program may see.
   *
   * @throws PuntError ERR_DISCONNECTED: VPP is away, or has no statistics segment; ERR_NOT_LEADER: no daemon acts for the host
   */
  async counters(filter: PuntFilter = {}): Promise<VppCounters> {
    const { cnf = "" } = checked.filter(filter, "punt.counters");
    const request = { cnf, host: this.#host };
    const call = (signal: AbortSignal) => this.#connection.client.counters(request, { signal });
    return countersFromWire(await this.#connection.call("punt.counters", call));
  }

  /**
   * Explains a punt: the places on the way of its packets, and its objects in VPP and Linux. With `traceMs`, for operators, VPP traces the
   * next packets for as long.
   *
   * @throws PuntError ERR_NO_SUCH_PUNT; ERR_POLICY: a trace is for operators; ERR_DISCONNECTED: VPP is away; ERR_NOT_LEADER: no daemon acts for the host
   */
  async explain(id: PuntIdInput, { traceMs = 0 }: { readonly traceMs?: number } = {}): Promise<ExplainResponse> {
    const request = { id: wireId(id, "punt.explain"), traceMs, host: this.#host };
    const call = (signal: AbortSignal) => this.#connection.client.explain(request, { signal });
    return this.#connection.call("punt.explain", call);
  }

  /**
   * Says which punts get frames that an interface of VPP receives. With `trace`, for operators, VPP sends and traces the frames.
   *
   * @throws PuntError ERR_NO_INTERFACE; ERR_INVALID_PACKET; ERR_POLICY: a trace is for operators; ERR_DISCONNECTED: VPP is away
   */
  async explainFrames(frames: readonly Uint8Array[], on: FramesOn): Promise<readonly ExplainedFrame[]> {
    const request = { frames: frames.map((bytes) => Uint8Array.from(bytes)), trace: false, ...on, host: this.#host };
    const call = (signal: AbortSignal) => this.#connection.client.explainFrames(request, { signal });
    return (await this.#connection.call("punt.explain", call)).frames;
  }

  /**
   * Returns the hosts in etcd, for operators.
   *
   * @throws PuntError ERR_POLICY; ERR_UNSUPPORTED: the daemon keeps its punts in a file; ERR_ETCD_AWAY
   */
  async hosts(): Promise<readonly RemoteHost[]> {
    const call = (signal: AbortSignal) => this.#connection.client.hosts({}, { signal });
    const { hosts } = await this.#connection.call("punt.hosts", call);
    return hosts.map(({ host, daemon, addresses, since, punts }) => ({ host, daemon, addresses, since, punts }));
  }

  /** @throws PuntError ERR_UNSUPPORTED */
  #requireOwnHost(op: string): void {
    if (this.#host === "") return;
    const message = `only a daemon of host ${this.#host} can do that: ask it there`;
    throw new PuntError(op, "ERR_UNSUPPORTED", message, { host: this.#host });
  }

  /** Says who the daemon takes this program for. */
  async info(): Promise<DaemonInfo> {
    const { $typeName, $unknown, devices, cluster, vppSocket, ...info } = await this.#connection.call(
      "punt.info",
      (signal) => this.#connection.client.info({}, { signal }),
    );
    return {
      ...info,
      ...(vppSocket !== "" && { vppSocket }),
      ...(devices && { devices: devicesFromWire(devices) }),
      ...(cluster && { cluster: clusterFromWire(cluster) }),
    };
  }

  /** VPP's interfaces, followed from the first use on. */
  get interfaces(): RemoteInterfaces {
    this.#interfaces ??= new RemoteInterfaces(this.#connection);
    return this.#interfaces;
  }

  /** Rejects when another program takes the place of this one's session. Pends without a session. */
  get replaced(): Promise<never> {
    return this.#session?.replaced ?? new Promise<never>(() => {});
  }

  /** The life of this program's session; undefined without a session. */
  get session(): SessionLife | undefined {
    return this.#session;
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function devicesFromWire({ makesTaps, refusal, vpp, namespace, folders }: Devices): DeviceReport {
  return {
    ...(makesTaps !== undefined && { makesTaps }),
    ...(refusal !== "" && { refusal }),
    vpp: vpp as DeviceReport["vpp"],
    ...(namespace !== "" && { namespace }),
    folders: folders as DeviceReport["folders"],
  };
}

/** Returns an identity of the program's as the contract has it. @throws PuntError ERR_INVALID_REQUEST */
function wireId(id: PuntIdInput, op: string) {
  return idToWire(parseId(id, op));
}

function waitToWire({ waitFor, timeout = 0 }: AddOptions) {
  return { forCreated: waitFor === "CREATED", timeoutMs: timeout };
}

/** A plan that was made elsewhere. */
function planFromWire({ steps, punts }: PlanResponse): DryRun {
  return new DryRun(
    steps.map(
      ({ action, item, why, punts: users, value }) =>
        ({
          action,
          item,
          why,
          punts: users.map(idFromWire),
          ...(value && { value: value as JsonObject }),
        }) as PlannedStep,
    ),
    punts.map(
      ({ id, state, reasons }) => ({ id: idFromWire(id), state: stateFromWire(state), reasons }) as PlannedPunt,
    ),
  );
}

function clusterFromWire({ host, role, daemon, addresses }: Cluster): NonNullable<DaemonInfo["cluster"]> {
  return { host, role, daemon, addresses };
}
