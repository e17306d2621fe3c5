// The daemon as the orchestrator of CNFs that were written for StoneWork, under the daemon's policy.
import { join } from "node:path";
import { fromGroup } from "../options.js";
import { idKey, idOf, type PuntId } from "../punt/index.js";
import {
  type CnfPlace,
  type PuntWish,
  type StoneWorkAccess,
  type StoneWorkCall,
  type StoneWorkOptions,
  StoneWorkOrchestrator,
  type StoneWorkRights,
} from "../stonework/index.js";
import type { StoneWorkCaller } from "./identity.js";
import type { CheckedDaemonOptions } from "./options.js";
import { judged, type Parts, type RequestGate, Scope } from "./service/index.js";
import { peerUser, plainAddress } from "./tcp-peer.js";

/** Starts it if the options ask for it. @throws PuntError as `StoneWorkOrchestrator.start` */
export async function startStoneWork(
  { stonework, state, logger, manager }: CheckedDaemonOptions,
  parts: Parts,
  gate: RequestGate,
): Promise<StoneWorkOrchestrator | undefined> {
  if (stonework === undefined) return undefined;
  const kept = state === undefined ? {} : { state: join(state, "stonework.json") };
  const netns = manager?.containers === undefined ? {} : { netns: containersOf(stonework.netns) };
  // Daemons that share an etcd have one set of punts, and each has the items that it was given.
  const others = { hasOthers: parts.hosts !== undefined };
  const access = new PolicyAccess(parts, gate);
  const start = { ...stonework, ...netns, ...kept, ...others, punts: parts.punts, logger, access };
  return fromGroup("stonework", () => StoneWorkOrchestrator.start(start));
}

/** Asks the policy for callers of StoneWork's ports, and for the CNFs whose items have punts. */
class PolicyAccess implements StoneWorkAccess {
  readonly #parts: Parts;
  readonly #gate: RequestGate;

  constructor(parts: Parts, gate: RequestGate) {
    this.#parts = parts;
    this.#gate = gate;
  }

  async call<T>({ name, ends }: StoneWorkCall, answer: (rights: StoneWorkRights) => T | Promise<T>): Promise<T> {
    const caller: StoneWorkCaller = {
      kind: "stonework",
      address: plainAddress(ends.remoteAddress ?? ""),
      uid: await peerUser(ends),
    };
    const scope = new Scope(this.#parts, caller, name, "stonework.call");
    const { rights } = scope.view;
    const asked: StoneWorkRights = {
      sees: (cnf) => rights.sees(cnf),
      requireChange: (cnf) => requireChange(scope, cnf),
      changes: (keys) => {
        scope.subject = keys.join(", ");
      },
    };
    return judged(scope, () => answer(asked)).catch((error) => {
      throw scope.errorOut(error);
    });
  }

  async arrival(cnf: CnfPlace): Promise<(model: string) => boolean> {
    const scope = this.#scopeOf(cnf, "DiscoverCnf", "stonework.arrival");
    await judged(scope, () => requireChange(scope, cnf.label));
    return (model) => scope.view.rights.hasModel(cnf.label, model);
  }

  async punts<T>(cnf: CnfPlace, { requests, gone }: PuntWish, change: () => Promise<T>): Promise<T> {
    const scope = this.#scopeOf(cnf, "GetPuntRequests", "stonework.item");
    scope.punts = [...requests.map(idOf), ...gone];
    const leaving = new Set(gone.map(idKey));
    const replaced = (id: PuntId) => leaving.has(idKey(id)) || (id.cnf === cnf.label && id.key === requests[0]?.key);
    return judged(scope, () => {
      // A CNF that asks for nothing deletes what it had.
      for (const label of [cnf.label, ...gone.map((id) => id.cnf)]) requireChange(scope, label);
      return this.#gate.pass(requests, scope, replaced, change);
    });
  }

  #scopeOf({ label, address }: CnfPlace, call: string, op: string): Scope {
    return new Scope(this.#parts, { kind: "stonework", address, cnf: label }, call, op);
  }
}

/** @throws PuntError ERR_POLICY */
function requireChange(scope: Scope, cnf: string): void {
  scope.rule = scope.view.rights.requireChange(cnf, scope.op).name;
}

type Netns = NonNullable<StoneWorkOptions["netns"]>;

/** A CNF without a namespace of its own in the options is in the container with its label, as StoneWork has it. */
function containersOf(given: Netns = {}): Netns {
  const of = typeof given === "function" ? given : async (label: string) => new Map(Object.entries(given)).get(label);
  return async (label) => (await of(label)) ?? { microservice: label };
}
