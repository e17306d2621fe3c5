// One call: who asks, what it may see, how errors leave, and what the audit log says.
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { ClusterRole } from "../../cluster/index.js";
import type { CounterReader } from "../../counters/index.js";
import { PuntError } from "../../errors.js";
import type { Logger } from "../../logger.js";
import { type DeviceReport, type PuntId, type Punts, parseId } from "../../punt/index.js";
import type { InterfaceTable } from "../../vpp/index.js";
import { errorToWire, idFromWire } from "../../wire/index.js";
import type { AuditLog } from "../audit.js";
import { type Caller, callerText } from "../identity.js";
import type { NamespacePins } from "../pins.js";
import type { Policy, Resolver } from "../policy/index.js";
import type { Sessions } from "../sessions.js";
import type { Tokens } from "../tokens.js";
import type { PuntNames } from "./names.js";
import { View } from "./view.js";

/** The parts that the calls work with. */
export interface Parts {
  readonly punts: Punts;
  /** The names of all punts, as they are now. */
  readonly names: PuntNames;
  /** Returns what is known of VPP's devices. */
  devices(): DeviceReport;
  /** Returns what the daemon does for its host in etcd; undefined for a daemon without etcd. */
  cluster(): ClusterRole | undefined;
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

/** A call under way. */
export class Scope {
  readonly view: View;
  readonly op: string;
  readonly #parts: Parts;
  readonly #caller: Caller;
  readonly #call: string;
  /** The rule that allowed it. */
  rule: string | undefined;
  punts: readonly PuntId[] = [];

  /** The thing that was changed, if not punts. */
  subject: string | undefined;

  /** `call`: what the audit log calls it. */
  constructor(parts: Parts, caller: Caller, call: string, op: string) {
    this.op = op;
    this.#parts = parts;
    this.#caller = caller;
    this.#call = call;
    this.view = new View(parts.policy.rightsOf(caller), parts.names);
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

  record(error?: unknown): void {
    const refusal = error instanceof PuntError ? error : undefined;
    this.#parts.audit.write({
      caller: callerText(this.#caller),
      call: this.#call,
      decision: error === undefined ? "allowed" : refusal?.code === "ERR_POLICY" ? "refused" : "failed",
      rule: this.rule,
      punts: this.punts,
      ...(this.subject !== undefined && { message: this.subject }),
      ...(refusal && { code: refusal.code, message: refusal.message }),
    });
  }

  /** Returns what the caller gets for an error. */
  errorOut(error: unknown): ConnectError {
    if (error instanceof ConnectError) return error;
    if (error instanceof PuntError) return errorToWire(this.view.error(error));
    this.#parts.log.error({ err: error, call: this.#call }, "a call failed of a fault in the daemon");
    return new ConnectError("a fault in the daemon; its log has more", Code.Internal);
  }
}

/** Makes a unary call of a function: the audit log gets its outcome, the caller its error. */
export function unary<I, O>(parts: Parts, op: string, body: (request: I, scope: Scope) => Promise<O>) {
  return async (request: I, context: HandlerContext): Promise<O> => {
    const scope = scopeOf(parts, context, op);
    return judged(scope, () => body(request, scope)).catch((error) => {
      throw scope.errorOut(error);
    });
  };
}

/** Does a call if some rule is for its caller. The audit log gets its outcome. @throws PuntError ERR_POLICY; what `body` throws */
export async function judged<O>(scope: Scope, body: () => O | Promise<O>): Promise<O> {
  try {
    scope.requireSomeRule();
    const result = await body();
    scope.record();
    return result;
  } catch (error) {
    scope.record(error);
    throw error;
  }
}

/** Makes a streaming call of a generator. */
export function streaming<I, O>(
  parts: Parts,
  op: string,
  body: (request: I, scope: Scope, context: HandlerContext) => AsyncIterable<O>,
) {
  return async function* (request: I, context: HandlerContext): AsyncIterable<O> {
    const scope = scopeOf(parts, context, op);
    try {
      scope.requireSomeRule();
      scope.record();
      yield* body(request, scope, context);
    } catch (error) {
      // A caller that has gone is not a failure.
      if (!context.signal.aborted) scope.record(error);
      throw scope.errorOut(error);
    }
  };
}

/** @throws ConnectError: it is not known who the caller is */
function scopeOf(parts: Parts, context: HandlerContext, op: string): Scope {
  const caller = context.values.get(callerKey);
  if (caller) return new Scope(parts, caller, context.method.name, op);
  throw errorToWire(new PuntError(op, "ERR_POLICY", "it is not known who the caller is"));
}
