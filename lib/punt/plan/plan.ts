// Makes the plan from the desired punts and the facts. Pure: the same input gives the same plan.

import { messageOf } from "../../errors.js";
import type { Interconnect } from "../interconnect/index.js";
import { type Marks, policyId } from "../interconnect/index.js";
import type { Facts } from "../items/index.js";
import {
  differences,
  hostLinkKey,
  type Item,
  isTakenPolicy,
  keyNumberOf,
  kindOf,
  type Missing,
  type Part,
  Problem,
  satisfies,
} from "../items/index.js";
import { idKey, idText, type PuntRequest } from "../request/index.js";
import {
  type Caveat,
  caveatsOf,
  cnfMac,
  handlerOf,
  interconnectParts,
  missingOf,
  movedProblem,
  Pairs,
  type TypeContext,
} from "../types/index.js";
import type { Wanted } from "./wanted.js";

/** The plan of one punt. */
export type PuntPlan =
  | { readonly state: "waiting"; readonly missing: readonly Missing[]; readonly kept: readonly string[] }
  | { readonly state: "refused"; readonly problem: Problem; readonly kept: readonly string[] }
  | { readonly state: "ready"; readonly items: readonly string[]; readonly caveats: readonly Caveat[] };

export interface Plan {
  readonly items: ReadonlyMap<string, Item>;
  /** By identity. */
  readonly punts: ReadonlyMap<string, PuntPlan>;
  /** Keys of items that stay if they exist, and are not made: nothing is known of the namespaces or containers of their punts. */
  readonly kept: ReadonlySet<string>;
}

export function makePlan(wanted: Wanted, marks: Marks, facts: Facts): Plan {
  return new Draft(wanted, marks, facts);
}

class Draft implements Plan {
  readonly items = new Map<string, Item>();
  readonly punts = new Map<string, PuntPlan>();
  readonly kept = new Set<string>();
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
  readonly #pairs: Pairs;
  /** The parts of each interconnect: its punts share them. */
  readonly #linkParts = new Map<Interconnect, Part[]>();
  /** The users of each item, by its key. */
  readonly #users = new Map<string, string[]>();

  constructor(wanted: Wanted, marks: Marks, facts: Facts) {
    this.#wanted = wanted;
    this.#marks = marks;
    this.#namespaces = new Map(wanted.namespaces.map(({ id, path }) => [id, path]));
    this.#facts = facts;
    const foreign = facts.interfaces.filter((found) => !found.ours);
    this.#foreignNames = new Map(foreign.flatMap(({ tag, vppName }) => [tag, vppName].map((name) => [name, vppName])));
    this.#requests = new Map(wanted.punts.map((punt) => [idKey(punt), punt]));
    this.#pairs = new Pairs((user) => this.#requests.get(user), facts);
    this.#context = {
      facts,
      marks,
      policyId: (purpose) => this.#policyId(purpose),
      cnfMac: (interconnect) => cnfMac(interconnect, { marks, pairedWith: (paired) => this.#pairs.of(paired) }),
    };
    for (const [key, request] of this.#requests) this.punts.set(key, this.#plan(key, request));
  }

  #plan(user: string, request: PuntRequest): PuntPlan {
    const interconnects = this.#wanted.interconnectsOf(request);
    const moved = movedProblem(request, interconnects, this.#facts);
    if (moved) return { state: "refused", problem: moved, kept: [] };
    const absent = this.#absentNamespaces(interconnects);
    const missing = [...missingOf(request, this.#facts), ...absent.map((id) => this.#missingNamespace(id))];
    if (missing.length > 0) {
      const isUnknown = missing.every(({ name }) => this.#isUnknown(name, absent));
      return { state: "waiting", missing, kept: isUnknown ? this.#keep(request, interconnects) : [] };
    }
    const unreadable = this.#unreadable(interconnects);
    if (unreadable) return { state: "refused", problem: unreadable, kept: this.#keep(request, interconnects) };
    try {
      const items = this.#take(user, this.#parts(request, interconnects));
      return { state: "ready", items, caveats: caveatsOf(request, this.#facts) };
    } catch (problem) {
      if (problem instanceof Problem) return { state: "refused", problem, kept: [] };
      throw problem;
    }
  }

  /** Returns the problem of a punt with a device in a namespace that could not be read. */
  #unreadable(interconnects: readonly Interconnect[]): Problem | undefined {
    for (const { name, netns } of interconnects) {
      if (netns === undefined) continue;
      const number = keyNumberOf(netns, this.#facts);
      const error = this.#facts.unreadableNamespaces.get(number);
      if (error) return new Problem(hostLinkKey(number, name), error.code, messageOf(error));
    }
    return undefined;
  }

  #absentNamespaces(interconnects: readonly Interconnect[]): number[] {
    const ids = interconnects.flatMap(({ netns }) => netns ?? []);
    return [...new Set(ids)].filter((id) => !this.#facts.namespaces.has(id));
  }

  #missingNamespace(id: number): Missing {
    const path = this.#namespaces.get(id) ?? `number ${id}`;
    const { kind, text } = this.#facts.absences?.get(id) ?? { kind: "namespace", text: `network namespace ${path}` };
    return { kind, name: path, text };
  }

  /** Whether the thing of that name, a namespace or a container, may exist: the look at it failed. */
  #isUnknown(name: string, absent: readonly number[]): boolean {
    const { absences, absentContainers } = this.#facts;
    const id = absent.find((each) => this.#namespaces.get(each) === name);
    const absence = id === undefined ? absentContainers?.get(name) : absences?.get(id);
    return absence?.isUnknown ?? false;
  }

  /** Returns the keys of the punt's items, which stay if they exist. A punt that cannot be planned keeps nothing. */
  #keep(request: PuntRequest, interconnects: readonly Interconnect[]): string[] {
    try {
      const keys = this.#parts(request, interconnects).map(({ key }) => key);
      for (const key of keys) this.kept.add(key);
      return keys;
    } catch (problem) {
      if (problem instanceof Problem) return [];
      throw problem;
    }
  }

  #parts(request: PuntRequest, interconnects: readonly Interconnect[]): Part[] {
    const own = interconnects.flatMap((interconnect) => this.#partsOf(interconnect));
    return [...own, ...handlerOf(request).items(request, interconnects, this.#context)];
  }

  #partsOf(interconnect: Interconnect): Part[] {
    const known = this.#linkParts.get(interconnect);
    if (known) return known;
    const namespace = (id: number) => this.#namespaces.get(id) ?? "";
    const pairedWith = (paired: Interconnect) => this.#pairs.of(paired);
    const requestOf = (user: string) => this.#requests.get(user);
    const context = { facts: this.#facts, marks: this.#marks, namespace, pairedWith, requestOf };
    const parts = interconnectParts(interconnect, context);
    this.#linkParts.set(interconnect, parts);
    return parts;
  }

  #policyId(purpose: string): number {
    const known = this.#policies.get(purpose);
    if (known !== undefined) return known;
    const id = policyId(this.#marks, purpose, (id) => this.#policyIds.has(id) || isTakenPolicy(id, this.#facts));
    this.#policies.set(purpose, id);
    this.#policyIds.add(id);
    return id;
  }

  /** Takes all parts of the punt or none. @returns their keys */
  #take(user: string, parts: readonly Part[]): string[] {
    const taken = new Map<string, Part>();
    for (const part of parts) taken.set(part.key, this.#combine(part, user, taken.get(part.key)));
    for (const [key, part] of taken) this.items.set(key, { ...part, users: this.#usersWith(key, user) });
    return [...taken.keys()];
  }

  /** All users of an item have one list, which grows. A copy for each would cost the square of their number. */
  #usersWith(key: string, user: string): readonly string[] {
    const users = this.#users.get(key) ?? [];
    users.push(user);
    this.#users.set(key, users);
    return users;
  }

  #combine(part: Part, user: string, own: Part | undefined): Part {
    this.#refuseForeign(part);
    const other = own ?? this.items.get(part.key);
    if (!other) return part;
    if (!own) {
      const merged = kindOf(part).merge?.(other.value, part.value);
      if (merged) return { ...other, value: merged };
    }
    if (satisfies(other.value, part.value) && satisfies(part.value, other.value)) return other;
    throw this.#rivalry(part, other, this.#users.get(part.key)?.[0] ?? user);
  }

  /** Punts of different selectors may want one key, for example if one names an interface by its tag and the other by its name. */
  #rivalry(part: Part, other: Part, owner: string): Problem {
    const holder = this.#requests.get(owner);
    const name = holder ? idText(holder) : owner;
    const wishes = differences(other.value, part.value).join(", ");
    return new Problem(part.key, "ERR_CONFLICT", `${part.key} is punt ${name}'s: ${wishes}`);
  }

  #refuseForeign(part: Part): void {
    const unreadable = this.#facts.unreadable.get(part.kind);
    if (unreadable) throw new Problem(part.key, unreadable.code, `${part.key} cannot be read: ${unreadable.message}`);
    const seen = this.#facts.seen.get(part.key);
    // Ours was there first: its packets need not end because another interface gets its name.
    if (seen?.ours) return;
    if (!seen) {
      this.#refuseTakenName(part);
      return;
    }
    if (kindOf(part).usesForeign && satisfies(seen.value, part.value)) return;
    // An object that is equal by chance is not ours: it would be deleted with the punt.
    const differ = differences(seen.value, part.value).join(", ");
    throw new Problem(part.key, "ERR_FOREIGN", `another owner, or an operator, made it${differ && ` (${differ})`}`);
  }

  #refuseTakenName(part: Part): void {
    const name = kindOf(part).vppName?.(part.value);
    const holder = name === undefined ? undefined : this.#foreignNames.get(name);
    if (holder) throw new Problem(part.key, "ERR_FOREIGN", `VPP has an interface ${name} that is not ours: ${holder}`);
  }
}
