// One call: who asks, what it may see, how errors leave, and what the audit log says.
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { CallOrder, InOrder } from "../../call-order.js";
import type { ClusterRole, EtcdPunts, Hosts } from "../../cluster/index.js";
import type { CounterReader } from "../../counters/index.js";
import { PuntError } from "../../errors.js";
import type { Logger } from "../../logger.js";
import {
  type DeviceReport,
  idText,
  noSuchPunt,
  type PuntId,
  type PuntStatus,
  type Punts,
  parseId,
  type VppApi,
} from "../../punt/index.js";
import type { InterfaceTable } from "../../vpp/index.js";
import { whenAborted } from "../../when-aborted.js";
import { errorToWire, idFromWire } from "../../wire/index.js";
import type { AuditLog } from "../audit.js";
import { type Caller, callerText, partyOf } from "../identity.js";
import type { NamespacePins } from "../pins.js";
import type { Policy, Resolver } from "../policy/index.js";
import type { Sessions } from "../sessions.js";
import type { Tokens } from "../tokens.js";
import type { Dumps } from "./dumps.js";
import type { PuntNames } from "./names.js";
import type { OneByOne } from "./one-by-one.js";
import type { Snapshots } from "./snapshots.js";
import { View } from "./view.js";

/** The parts that the calls work with. */
export interface Parts {
  readonly vpp: VppApi;
  /** Path of VPP's API socket. */
  readonly vppSocket: string;
  readonly punts: Punts;
  /** The same punts for calls that only look. */
  readonly snapshots: Snapshots;
  /** Looks at VPP. */
  readonly looks: OneByOne;
  /** The order of changes, by caller and CNF. */
  readonly order: CallOrder;
  readonly dumps: Dumps;
  /** The names of all punts, as they are now. */
  readonly names: PuntNames;
  /** Returns what is known of VPP's devices. */
  devices(): DeviceReport;
  /** Returns what the daemon does for its host in etcd; undefined for a daemon without etcd. */
  cluster(): ClusterRole | undefined;
  /** Makes a change on behalf of a caller, for the records in etcd. */
  as<T>(by: string, change: () => Promise<T>): Promise<T>;
  /** The hosts in etcd; undefined for a daemon without etcd. */
  readonly hosts: Hosts | undefined;
  readonly policy: Policy;
  readonly table: InterfaceTable;
  readonly resolver: Resolver;
  readonly counters: CounterReader;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  /** Namespaces that CNFs have handed over. */
  readonly pins: NamespacePins;
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly version: string;
  readonly term: string;
  /** Returns the path of the socket that hands over descriptors to callers of a socket. */
  attachSocketOf(socket: string): string;
  /** The owner of what the manager makes. */
  readonly owner: string;
  /** Folder of the punt sockets whose paths the daemon chooses. */
  readonly socketDirectory: string;
  /** Milliseconds that an event may wait for its watcher. */
  readonly longestWait: number;
  /** Ends the streams when the daemon stops. */
  readonly stopping: AbortSignal;
}

/** The caller at the other end of the connection. */
export const callerKey = createContextKey<Caller | undefined>(undefined);
/** Resets the stream of the call, also where the peer reads nothing. */
export const resetKey = createContextKey<() => void>(() => {});

/** The calls that change something. */
const CHANGES: ReadonlySet<string> = new Set(["punt.add", "punt.update", "punt.apply", "punt.delete"]);
/** Characters of the longest label of a host. */
const LONGEST_HOST = 255;

/** A call under way. */
export class Scope {
  readonly op: string;
  readonly #parts: Parts;
  readonly #caller: Caller;
  readonly #call: string;
  #view: View;
  #elsewhere: EtcdPunts | undefined;
  #host: string | undefined;
  /** The rule that allowed it. */
  rule: string | undefined;
  punts: readonly PuntId[] = [];
  /** Punts of other CNFs that the caller asked for. */
  #hidden: readonly PuntId[] = [];

  /** The thing that was changed, if not punts. */
  subject: string | undefined;

  /** `call`: what the audit log calls it. */
  constructor(parts: Parts, caller: Caller, call: string, op: string) {
    this.op = op;
    this.#parts = parts;
    this.#caller = caller;
    this.#call = call;
    this.#view = new View(parts.policy.rightsOf(caller), parts.names);
  }

  /** The punts that the call is about: those of this daemon's VPP, or of another host. */
  get target(): Punts {
    return this.#elsewhere ?? this.#parts.punts;
  }

  /** The punts of another host; undefined where the call is about those of this daemon's VPP. */
  get elsewhere(): EtcdPunts | undefined {
    return this.#elsewhere;
  }

  /** The other host that the call is about; undefined for the daemon's own. */
  get host(): string | undefined {
    return this.#host;
  }

  /**
   * Turns to the host that a call names.
   *
   * @throws PuntError ERR_POLICY: the caller is not an operator of that host; ERR_UNSUPPORTED: the daemon has no etcd; ERR_OPTION
   */
  enter(host: string): void {
    const { hosts, cluster } = this.#parts;
    if (host === "" || host === cluster()?.host) return;
    if (host.length > LONGEST_HOST)
      throw new PuntError(this.op, "ERR_OPTION", "the label of a host is too long", { option: "host" });
    this.#host = host;
    this.rule = this.view.rights.requireHost(host, CHANGES.has(this.op), this.op).name;
    if (!hosts) throw withoutEtcd(this.op);
    this.#elsewhere = hosts.of(host, callerText(this.#caller));
  }

  /** The view of the caller under its rights of now. */
  get view(): View {
    return this.#view;
  }

  /** Takes the rights of now. @returns whether the caller has other rules than before */
  renew(): boolean {
    const rights = this.#parts.policy.rightsOf(this.#caller);
    if (rights.key === this.#view.rights.key) return false;
    this.#view = new View(rights, this.#parts.names);
    return true;
  }

  /** @throws PuntError ERR_POLICY */
  requireSomeRule(): void {
    const { rules } = this.view.rights;
    if (rules.length > 0) return;
    throw new PuntError(this.op, "ERR_POLICY", `the policy has no rule for ${callerText(this.#caller)}`);
  }

  /** Returns an id of the contract in the manager's terms: its label in the caller's space. @throws PuntError ERR_INVALID_REQUEST */
  id(wire: Parameters<typeof idFromWire>[0]): PuntId {
    return parseId(this.view.id(parseId(idFromWire(wire), this.op)), this.op);
  }

  /**
   * Returns the status of a punt. A punt of another CNF looks like a punt that does not exist, but the audit log has a refusal.
   *
   * @throws PuntError ERR_NO_SUCH_PUNT
   */
  async requireVisible(id: PuntId): Promise<PuntStatus> {
    const found = await this.target.get(id);
    if (found && this.view.sees(id)) return found;
    if (found) this.#hidden = [...this.#hidden, id];
    throw noSuchPunt(this.op, this.view.idOut(id));
  }

  /**
   * Refuses a change of another CNF's punt as one of a punt that does not exist. The manager that makes the change
   * decides whether the punt exists, because this daemon's copy may be out of date.
   *
   * @throws PuntError ERR_NO_SUCH_PUNT
   */
  async requireNotHidden(id: PuntId): Promise<void> {
    if (!this.view.sees(id)) await this.requireVisible(id);
  }

  /** The caller's program, or its user. */
  get party(): string {
    return partyOf(this.#caller) ?? callerText(this.#caller);
  }

  /** Makes a change of punts of some CNFs. It is submitted in the order of the caller's calls about them. */
  ordered<T>(cnfs: readonly string[], change: (inOrder: InOrder) => Promise<T>): Promise<T> {
    return this.#parts.order.during(
      cnfs.map((cnf) => `${this.party} ${cnf}`),
      change,
    );
  }

  /** Looks at VPP for the caller, after its earlier looks. @throws PuntError what `look` throws */
  looking<T>(signal: AbortSignal, look: () => Promise<T>): Promise<T> {
    return this.#parts.looks.ask(this.party, signal, look);
  }

  /** VPP's trace has the packets of all CNFs, and to send a frame is a change. @throws PuntError ERR_POLICY */
  requireTrace(): void {
    this.rule = this.view.rights.requireTrace(this.#host, this.op).name;
  }

  /** Does something in the caller's name: the records in etcd say who asked. */
  onBehalf<O>(body: () => O | Promise<O>): Promise<O> {
    return this.#parts.as(callerText(this.#caller), async () => body());
  }

  record(error?: unknown): void {
    const problem = error instanceof PuntError ? error : undefined;
    const isRefused = problem?.code === "ERR_POLICY" || this.#hidden.length > 0;
    this.#parts.audit.write({
      caller: callerText(this.#caller),
      call: this.#call,
      decision: error === undefined ? "allowed" : isRefused ? "refused" : "failed",
      ...(!isRefused && { rule: this.rule }),
      ...(this.#host !== undefined && { host: this.#host }),
      punts: this.punts,
      ...(this.subject !== undefined && { message: this.subject }),
      ...(isRefused && { objections: this.#objections(problem) }),
      ...(problem && { code: problem.code, message: problem.message }),
    });
  }

  /** Returns the rules that refused the call, and why. */
  #objections(problem: PuntError | undefined): readonly unknown[] {
    const { objections } = problem?.details ?? {};
    if (Array.isArray(objections)) return objections;
    const others = this.#hidden.map(idText).join(", ");
    const message = `${others} is not the caller's`;
    return others === "" ? [] : this.view.rights.rules.map(({ name }) => ({ rule: name, field: "cnfs", message }));
  }

  /** Returns what the caller gets for an error. */
  errorOut(error: unknown): ConnectError {
    if (error instanceof ConnectError) return error;
    if (error instanceof PuntError) return errorToWire(this.view.error(error));
    if (isUnwritten(error)) return new ConnectError("the caller has gone", Code.Aborted);
    this.#parts.log.error({ err: error, call: this.#call }, "a call failed of a fault in the daemon");
    return new ConnectError("a fault in the daemon; its log has more", Code.Internal);
  }
}

/** Returns the error of a call about other hosts to a daemon that knows none. */
export function withoutEtcd(op: string): PuntError {
  const message = "the daemon keeps its punts in a file, so it reaches no other host: ask a daemon with etcd, or etcd";
  return new PuntError(op, "ERR_UNSUPPORTED", message);
}

/** Makes a unary call of a function: the audit log gets its outcome, the caller its error. */
export function unary<I extends object, O>(
  parts: Parts,
  op: string,
  body: (request: I, scope: Scope, signal: AbortSignal) => Promise<O>,
) {
  return async (request: I, context: HandlerContext): Promise<O> => {
    const scope = scopeOf(parts, context, op);
    const answer = () => {
      scope.enter(hostIn(request));
      return unlessStopped(parts.stopping, op, body(request, scope, context.signal));
    };
    return judged(scope, answer).catch((error) => {
      throw scope.errorOut(error);
    });
  };
}

/** @throws PuntError ERR_CLOSED: the daemon stops, and does not wait for the work any longer; what `work` throws */
async function unlessStopped<O>(stopping: AbortSignal, op: string, work: Promise<O>): Promise<O> {
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(stoppingError(op));
    whenAborted(stopping, stop);
  });
  return Promise.race([work, stopped]).finally(() => stopping.removeEventListener("abort", stop));
}

export function stoppingError(op: string): PuntError {
  return new PuntError(op, "ERR_CLOSED", "the daemon is stopping");
}

/** Returns the host that a call names; "" where it names none. */
function hostIn(request: { readonly host?: string }): string {
  return request.host ?? "";
}

/** Does a call if some rule is for its caller. The audit log gets its outcome. @throws PuntError ERR_POLICY; what `body` throws */
export async function judged<O>(scope: Scope, body: () => O | Promise<O>): Promise<O> {
  try {
    scope.requireSomeRule();
    const result = await scope.onBehalf(body);
    scope.record();
    return result;
  } catch (error) {
    scope.record(error);
    throw error;
  }
}

/** Makes a streaming call of a generator. `recordsItself`: the generator tells the audit log once it knows the punts. */
export function streaming<I extends object, O>(
  parts: Parts,
  op: string,
  body: (request: I, scope: Scope, context: HandlerContext) => AsyncIterable<O>,
  { recordsItself = false } = {},
) {
  return async function* (request: I, context: HandlerContext): AsyncIterable<O> {
    const scope = scopeOf(parts, context, op);
    try {
      scope.requireSomeRule();
      scope.enter(hostIn(request));
      if (!recordsItself) scope.record();
      yield* body(request, scope, context);
    } catch (error) {
      // A caller that has gone is not a failure.
      if (!context.signal.aborted && !isUnwritten(error)) scope.record(error);
      throw scope.errorOut(error);
    }
  };
}

/** Whether an answer could not be written as its stream has ended. */
function isUnwritten(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ERR_HTTP2_INVALID_STREAM" || code === "ERR_STREAM_DESTROYED";
}

/** @throws ConnectError: it is not known who the caller is */
function scopeOf(parts: Parts, context: HandlerContext, op: string): Scope {
  const caller = context.values.get(callerKey);
  if (caller) return new Scope(parts, caller, context.method.name, op);
  throw errorToWire(new PuntError(op, "ERR_POLICY", "it is not known who the caller is"));
}
