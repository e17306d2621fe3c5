// Makes the plan from the desired punts and the facts. Pure: the same input gives the same plan.

import type { Interconnect } from "../interconnect/index.js";
import { type Marks, policyId } from "../interconnect/index.js";
import type { Facts, VppInterface } from "../items/index.js";
import {
  differences,
  type Item,
  isForeignPolicy,
  kindOf,
  type Missing,
  type Part,
  Problem,
  satisfies,
} from "../items/index.js";
import { idKey, idOf, idText, type PuntRequest } from "../request/index.js";
import {
  type Caveat,
  caveatsOf,
  cnfMac,
  handlerOf,
  interconnectParts,
  missingOf,
  pairedInterface,
  type TypeContext,
} from "../types/index.js";

import type { Wanted } from "./wanted.js";

/** The plan of one punt. */
export type PuntPlan =
  | { readonly state: "waiting"; readonly missing: readonly Missing[] }
  | { readonly state: "refused"; readonly problem: Problem }
  | { readonly state: "ready"; readonly items: readonly string[]; readonly caveats: readonly Caveat[] };

export interface Plan {
  readonly items: ReadonlyMap<string, Item>;
  /** By identity. */
  readonly punts: ReadonlyMap<string, PuntPlan>;
}

export function makePlan(wanted: Wanted, marks: Marks, facts: Facts): Plan {
  const draft = new Draft(wanted, marks, facts);
  for (const request of wanted.punts) draft.add(request);
  return draft;
}

class Draft implements Plan {
  readonly items = new Map<string, Item>();
  readonly punts = new Map<string, PuntPlan>();
  readonly #wanted: Wanted;
  readonly #marks: Marks;
  readonly #namespaces: ReadonlyMap<number, string>;
  readonly #facts: Facts;
  readonly #requests: ReadonlyMap<string, PuntRequest>;
  /** Names and tags of interfaces that are not ours, each with VPP's name of the interface. */
  readonly #foreignNames: ReadonlyMap<string, string>;
  readonly #policies = new Map<string, number>();
  readonly #policyIds = new Set<number>();
  readonly #context: TypeContext;

  constructor(wanted: Wanted, marks: Marks, facts: Facts) {
    this.#wanted = wanted;
    this.#marks = marks;
    this.#namespaces = new Map(wanted.namespaces.map(({ id, path }) => [id, path]));
    this.#facts = facts;
    const foreign = facts.interfaces.filter((found) => !found.ours);
    this.#foreignNames = new Map(foreign.flatMap(({ tag, vppName }) => [tag, vppName].map((name) => [name, vppName])));
    this.#requests = new Map(wanted.punts.map((punt) => [idKey(idOf(punt)), punt]));
    this.#context = {
      facts,
      marks,
      policyId: (purpose) => this.#policyId(purpose),
      cnfMac: (interconnect) => cnfMac(interconnect, { marks, pairedWith: (paired) => this.pairedWith(paired) }),
    };
  }

  add(request: PuntRequest): void {
    this.punts.set(idKey(idOf(request)), this.#plan(request));
  }

  #plan(request: PuntRequest): PuntPlan {
    const interconnects = this.#wanted.interconnectsOf(idOf(request));
    const missing = [...missingOf(request, this.#facts), ...this.#missingNamespaces(interconnects)];
    if (missing.length > 0) return { state: "waiting", missing };
    try {
      const items = this.#take(request, this.#parts(request, interconnects));
      return { state: "ready", items, caveats: caveatsOf(request, this.#facts) };
    } catch (problem) {
      if (problem instanceof Problem) return { state: "refused", problem };
      throw problem;
    }
  }

  #missingNamespaces(interconnects: readonly Interconnect[]): Missing[] {
    const ids = new Set(
      interconnects.flatMap(({ netns }) => (netns === undefined || this.#facts.namespaces.has(netns) ? [] : [netns])),
    );
    return [...ids].map((id) => {
      const path = this.#namespaces.get(id) ?? `number ${id}`;
      const { kind, text } = this.#facts.absences?.get(id) ?? { kind: "namespace", text: `network namespace ${path}` };
      return { kind, name: path, text };
    });
  }

  #parts(request: PuntRequest, interconnects: readonly Interconnect[]): Part[] {
    const namespace = (id: number) => this.#namespaces.get(id) ?? "";
    const pairedWith = (interconnect: Interconnect) => this.pairedWith(interconnect);
    const requestOf = (user: string) => this.#requests.get(user);
    const context = { facts: this.#facts, marks: this.#marks, namespace, pairedWith, requestOf };
    const own = interconnects.flatMap((interconnect) => interconnectParts(interconnect, context));
    return [...own, ...handlerOf(request).items(request, interconnects, this.#context)];
  }

  pairedWith(interconnect: Interconnect): VppInterface | undefined {
    return pairedInterface(interconnect, (user) => this.#requests.get(user), this.#facts);
  }

  #policyId(purpose: string): number {
    const known = this.#policies.get(purpose);
    if (known !== undefined) return known;
    const id = policyId(this.#marks, purpose, (id) => this.#policyIds.has(id) || isForeignPolicy(id, this.#facts));
    this.#policies.set(purpose, id);
    this.#policyIds.add(id);
    return id;
  }

  /** Takes all parts of the punt or none. @returns their keys */
  #take(request: PuntRequest, parts: readonly Part[]): string[] {
    const user = idKey(idOf(request));
    const taken = new Map<string, Item>();
    for (const part of parts) taken.set(part.key, this.#combine(part, user, taken.get(part.key)));
    for (const [key, item] of taken) this.items.set(key, item);
    return [...taken.keys()];
  }

  #combine(part: Part, user: string, own: Item | undefined): Item {
    this.#refuseForeign(part);
    const other = own ?? this.items.get(part.key);
    if (!other) return { ...part, users: [user] };
    const users = other.users.includes(user) ? other.users : [...other.users, user];
    if (!own) {
      const merged = kindOf(part).merge?.(other.value, part.value);
      if (merged) return { ...other, value: merged, users };
    }
    if (satisfies(other.value, part.value) && satisfies(part.value, other.value)) return { ...other, users };
    throw this.#rivalry(part, other);
  }

  /** Punts of different selectors may want one key, for example if one names an interface by its tag and the other by its name. */
  #rivalry(part: Part, other: Item): Problem {
    const holder = this.#requests.get(other.users[0]);
    const name = holder ? idText(holder) : other.users[0];
    const wishes = differences(other.value, part.value).join(", ");
    return new Problem(part.key, "ERR_CONFLICT", `${part.key} is punt ${name}'s: ${wishes}`);
  }

  #refuseForeign(part: Part): void {
    const unreadable = this.#facts.unreadable.get(part.kind);
    if (unreadable) throw new Problem(part.key, unreadable.code, `${part.key} cannot be read: ${unreadable.message}`);
    const seen = this.#facts.seen.get(part.key);
    if (!seen || seen.ours) {
      this.#refuseTakenName(part);
      return;
    }
    if (kindOf(part).usesForeign && satisfies(seen.value, part.value)) return;
    // An object that is equal by chance is not ours: it would be deleted with the punt.
    throw new Problem(part.key, "ERR_FOREIGN", `${part.key} exists and is not ours: ${JSON.stringify(seen.value)}`);
  }

  #refuseTakenName(part: Part): void {
    const name = kindOf(part).vppName?.(part.value);
    const holder = name === undefined ? undefined : this.#foreignNames.get(name);
    if (holder) throw new Problem(part.key, "ERR_FOREIGN", `VPP has an interface ${name} that is not ours: ${holder}`);
  }
}
