// Turns a request of the contract into a request of the manager, if the policy allows it.
import { readlinkSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { PuntError } from "../../errors.js";
import {
  idKey,
  idOf,
  lacksSocketPath,
  type PuntId,
  type PuntRequest,
  type PuntStatus,
  parseRequest,
  puntSocketPath,
  reachOf,
} from "../../punt/index.js";
import { idFromWire, requestFromWire } from "../../wire/index.js";
import type { Caller } from "../identity.js";
import { matchesAny, NOTHING, type Resources, type Rule } from "../policy/index.js";
import type { Parts, Scope } from "./scope.js";

/** Requests that are read in a turn of the event loop. */
const READ_AT_ONCE = 100;

type WireRequest = Parameters<typeof requestFromWire>[0];

/** Checks requests. A request under way counts already, so that two calls at once cannot pass a limit. */
export class RequestGate {
  readonly #parts: Parts;
  readonly #underWay = new Set<PuntId>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Returns a request in the manager's terms: its label in the caller's space, its socket's path filled in.
   *
   * @throws PuntError ERR_INVALID_REQUEST
   */
  read(wire: WireRequest, { view, op }: Scope, where = "request"): PuntRequest {
    const fields = requestFromWire(wire);
    const id = view.id(idFromWire({ cnf: "", key: "", label: "", ...fields } as never));
    const path = lacksSocketPath(fields) ? { socketPath: this.#socketPath(id) } : {};
    return parseRequest({ ...fields, cnf: id.cnf, ...path }, where, op);
  }

  /** Reads many requests, and lets others work in between. `at` says where each is. @throws PuntError ERR_INVALID_REQUEST */
  async readAll(wires: readonly NonNullable<WireRequest>[], scope: Scope, at: string): Promise<PuntRequest[]> {
    const requests: PuntRequest[] = [];
    for (const wire of wires) {
      if (requests.length % READ_AT_ONCE === READ_AT_ONCE - 1) await nextTurn();
      requests.push(this.read(wire, scope, `${at}[${requests.length}]`));
    }
    return requests;
  }

  /**
   * Does `change` if the policy allows every request. `replaced` are punts that go at the same time.
   *
   * @throws PuntError ERR_POLICY; ERR_UNRESOLVED: a rule about interfaces cannot be judged yet
   */
  async pass<T>(
    requests: readonly PuntRequest[],
    scope: Scope,
    replaced: (id: PuntId) => boolean,
    change: () => Promise<T>,
  ): Promise<T> {
    if (scope.punts.length === 0) scope.punts = requests.map(idOf);
    // An operator's rule has allowed it, for the punts of a host whose VPP this daemon does not know.
    if (scope.host !== undefined) return change();
    const { rights } = scope.view;
    const held: PuntId[] = [];
    try {
      const found: Omit<Resources, "count">[] = [];
      let isFresh = false;
      for (const request of requests) {
        const named = await this.#named(request, scope, isFresh);
        isFresh ||= named !== NOTHING;
        found.push(this.#resources(request, named, scope));
      }
      // A punt that ends to be under way while the list is read is in neither of the two later looks.
      const before = [...this.#underWay];
      const listed = rights.needsCount ? (await this.#parts.snapshots.now()).punts : undefined;
      // Nothing else runs from here to the change: the census stays true.
      const census = listed && this.#census(listed, before, replaced);
      for (const [index, request] of requests.entries()) {
        const count = (rule: Rule) => census?.others(rule, request) ?? 0;
        scope.rule = rights.requireRequest(request, { ...found[index]!, count }, scope.op).name;
        const id = idOf(request);
        held.push(id);
        this.#underWay.add(id);
        census?.add(request);
      }
      return await change();
    } finally {
      for (const id of held) this.#underWay.delete(id);
    }
  }

  /** The same path for the same punt, whichever daemon chooses it. */
  #socketPath(id: PuntId): string {
    return puntSocketPath(this.#parts.owner, this.#parts.socketDirectory, idKey(id));
  }

  #isOwnNamespace(request: PuntRequest, caller: Caller): boolean {
    const { netns, cnf } = request;
    if (netns && "path" in netns && this.#parts.pins.isOf(cnf, netns.path)) return true;
    // The daemon's options, or its container, say where a CNF of StoneWork's lives.
    if (caller.kind === "stonework") return true;
    return isNamespaceOf(request, caller);
  }

  /** Returns what the request names in VPP. */
  async #named(request: PuntRequest, { view }: Scope, isFresh: boolean): Promise<typeof NOTHING> {
    return view.rights.needsResources ? this.#parts.resolver.resolve(request, isFresh) : NOTHING;
  }

  #resources(request: PuntRequest, named: typeof NOTHING, { view }: Scope): Omit<Resources, "count"> {
    return {
      ...named,
      ownNamespace: this.#isOwnNamespace(request, view.rights.caller),
      ownSocket: reachOf(request).socketPath === this.#socketPath(idOf(request)),
    };
  }

  /** Counts the punts that stay and those under way. */
  #census(listed: readonly PuntStatus[], before: readonly PuntId[], replaced: (id: PuntId) => boolean): Census {
    const staying = listed.map(({ id }) => id).filter((id) => !replaced(id));
    return new Census([...staying, ...before, ...this.#underWay]);
  }
}

/** How many punts the CNFs of a rule have. Each rule costs one look at all punts, however many requests are judged. */
class Census {
  readonly #punts: Map<string, PuntId>;
  readonly #counts = new Map<Rule, number>();

  constructor(punts: readonly PuntId[]) {
    this.#punts = new Map(punts.map((id) => [idKey(id), id]));
  }

  /** Returns the number of punts of the rule's CNFs, apart from the requested punt. */
  others(rule: Rule, request: PuntId): number {
    const count = this.#counts.get(rule) ?? this.#countOf(rule);
    this.#counts.set(rule, count);
    const isCounted = this.#punts.has(idKey(request)) && matchesAny(rule.cnfs, request.cnf);
    return count - (isCounted ? 1 : 0);
  }

  add(request: PuntId): void {
    if (this.#punts.has(idKey(request))) return;
    this.#punts.set(idKey(request), idOf(request));
    for (const [rule, count] of this.#counts) if (matchesAny(rule.cnfs, request.cnf)) this.#counts.set(rule, count + 1);
  }

  #countOf({ cnfs }: Rule): number {
    return [...this.#punts.values()].filter(({ cnf }) => matchesAny(cnfs, cnf)).length;
  }
}

/** The namespace of the calling process, where the daemon sees its pid. */
function isNamespaceOf({ netns }: PuntRequest, caller: Caller): boolean {
  if (caller.kind !== "unix" || netns === undefined || !("pid" in netns)) return false;
  // Linux has no /proc/0, the process that the daemon does not see.
  const own = namespaceOf(`/proc/${caller.pid}/ns/net`);
  const isIt = own !== undefined && namespaceOf(`/proc/${netns.pid}/ns/net`) === own;
  // The last question: a pid that now belongs to another process does not pass.
  return isIt && (caller.isAlive?.() ?? true);
}

function namespaceOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Returns the options of a wait as the manager takes them. */
export function waitOf(wait: { readonly forCreated: boolean; readonly timeoutMs: number } | undefined, op: string) {
  const { forCreated = false, timeoutMs = 0 } = wait ?? {};
  if (timeoutMs >= 2 ** 31)
    throw new PuntError(op, "ERR_OPTION", "wait.timeoutMs must be below 2^31", { option: "wait.timeoutMs" });
  return { ...(forCreated && { waitFor: "CREATED" as const }), ...(timeoutMs > 0 && { timeout: timeoutMs }) };
}
