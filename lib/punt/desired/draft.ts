// The desired punts with their interconnects and namespaces. Each change is made as a whole or not at all.
import { PuntError, renamed } from "../../errors.js";
import type { Host } from "../../host/index.js";
import { type Found, type Marks, Namespaces } from "../interconnect/index.js";
import type { Wanted } from "../plan/index.js";
import { idKey, isSameRequest, type PuntId, type PuntRequest } from "../request/index.js";
import { Interconnects } from "./interconnects.js";
import { type OtherNames, refuseOneInterfaceTwice } from "./interface-names.js";

/** The parts that the store keeps. */
export type StoredWanted = Pick<Wanted, "punts" | "interconnects" | "namespaces">;

export const NOTHING: StoredWanted = { punts: [], interconnects: [], namespaces: [] };

export class Draft {
  readonly #host: Host;
  readonly #marks: Marks;
  readonly #punts = new Map<string, PuntRequest>();
  readonly #interconnects: Interconnects;
  readonly #namespaces: Namespaces;
  readonly #otherNames: OtherNames;
  /** The state since the last change. */
  #frozen: Wanted | undefined;
  /** The last frozen state, and the changes since: a state of between can be made again, which is seldom needed. */
  #base: StoredWanted;
  #changes: ((draft: Draft) => void)[] = [];

  /** @throws PuntError `ERR_CONFLICT`, `ERR_POOL_EXHAUSTED`: a punt lacks interconnects, and cannot get new ones */
  constructor(host: Host, marks: Marks, stored: StoredWanted, otherNames: OtherNames = () => []) {
    const { punts, interconnects, namespaces } = stored;
    this.#host = host;
    this.#marks = marks;
    this.#base = stored;
    this.#namespaces = new Namespaces(host, namespaces);
    this.#interconnects = new Interconnects(marks, otherNames);
    this.#otherNames = otherNames;
    for (const request of punts) this.#punts.set(idKey(request), request);
    for (const request of this.#interconnects.restore(interconnects, punts))
      this.#interconnects.assign(request, this.#namespaces.numberOf(request.netns));
  }

  get(key: string): PuntRequest | undefined {
    return this.#punts.get(key);
  }

  find(request: PuntRequest): Promise<Found> {
    return this.#namespaces.find(request.netns);
  }

  /** @throws PuntError of the operation `op`: `ERR_CONFLICT`, `ERR_POOL_EXHAUSTED`, `ERR_INVALID_REQUEST` */
  add(request: PuntRequest, found: Found, op = "punt.add"): void {
    this.#set(op, request, () => this.#interconnects.assign(request, this.#namespaces.number(found)));
    this.#changes.push((draft) => draft.add(request, found, op));
  }

  /** Replaces the request of a punt. The parts of its interconnects that do not change stay. @throws PuntError as `add` */
  update(request: PuntRequest, found: Found, op = "punt.update"): void {
    this.#set(op, request, () => this.#interconnects.reassign(request, this.#namespaces.number(found)));
    this.#changes.push((draft) => draft.update(request, found, op));
  }

  /** Adds the punt, or updates it if it exists. @throws PuntError as `add` */
  put(request: PuntRequest, found: Found, op: string): void {
    const existing = this.#punts.get(idKey(request));
    if (!existing) this.add(request, found, op);
    else if (!isSameRequest(existing, request)) this.update(request, found, op);
  }

  /**
   * Adds or updates the punts of a set, each with its namespace. Each may want what another one of them has and will not need any more, whatever their order is.
   *
   * @throws PuntError as `add`
   */
  putAll(requests: readonly PuntRequest[], namespaces: readonly Found[], op: string): void {
    for (let left = requests.map((request, index) => ({ request, found: namespaces[index]! })); left.length > 0; ) {
      const rivals = new Map<string, PuntError>();
      const held = left.filter(({ request, found }) => {
        const error = this.#putOrError(request, found, op);
        if (error) rivals.set(rivalIn(error, left), error);
        return error !== undefined;
      });
      // In a circle, one of them gives up its own things first.
      if (held.length === left.length) this.#giveUp(rivals);
      left = held;
    }
  }

  /** @returns a conflict, after which all is as before @throws PuntError any other error */
  #putOrError(request: PuntRequest, found: Found, op: string): PuntError | undefined {
    try {
      this.put(request, found, op);
      return undefined;
    } catch (error) {
      if (error instanceof PuntError && error.code === "ERR_CONFLICT") return error;
      throw error;
    }
  }

  /** Deletes the first of the punts that others of the set conflict with. It is added again. @throws PuntError no punt of the set is one */
  #giveUp(rivals: ReadonlyMap<string, PuntError>): void {
    const rival = [...rivals.keys()].flatMap((key) => this.#punts.get(key) ?? [])[0];
    if (!rival) throw [...rivals.values()][0]!;
    this.delete(rival);
  }

  /** The parts below do not know which operation changes a punt, so their errors get its name here. */
  #set(op: string, request: PuntRequest, connect: () => void): void {
    this.#frozen = undefined;
    try {
      refuseOneInterfaceTwice(request, this.#otherNames);
      connect();
    } catch (error) {
      throw error instanceof PuntError && error.op !== op ? renamed(op, error) : error;
    }
    this.#punts.set(idKey(request), request);
  }

  /** Returns all punts of one CNF. */
  of(cnf: string): PuntRequest[] {
    return [...this.#punts.values()].filter((request) => request.cnf === cnf);
  }

  delete(id: PuntId): void {
    this.#frozen = undefined;
    this.#interconnects.release(id);
    this.#punts.delete(idKey(id));
    this.#changes.push((draft) => draft.delete(id));
  }

  /** Forgets namespaces without an interconnect, but for some. Returns whether there were any. */
  dropNamespaces(kept: readonly number[]): boolean {
    const used = this.#interconnects.all().flatMap(({ netns }) => netns ?? []);
    if (!this.#namespaces.keep(new Set([...used, ...kept]))) return false;
    this.#frozen = undefined;
    this.#changes.push((draft) => draft.dropNamespaces(kept));
    return true;
  }

  /** Returns the state as it is now: the same object until the next change. */
  freeze(): Wanted {
    if (this.#frozen === undefined) {
      this.#frozen = this.#copy();
      this.#base = this.#frozen;
      this.#changes = [];
    }
    return this.#frozen;
  }

  /**
   * Makes changes, all or none: a copy of the state for each set would cost the square of the number of sets. The draft is not used any
   * more after an error.
   *
   * @param undone gets a draft of the state before, if `make` throws
   * @throws what `make` throws
   */
  attempt(make: (draft: Draft) => void, undone: (draft: Draft) => void): void {
    const count = this.#changes.length;
    try {
      make(this);
    } catch (error) {
      const draft = new Draft(this.#host, this.#marks, this.#base, this.#otherNames);
      for (const change of this.#changes.slice(0, count)) change(draft);
      undone(draft);
      throw error;
    }
  }

  #copy(): Wanted {
    const { all, byPunt } = this.#interconnects.copy();
    const punts = new Map(this.#punts);
    const paths = this.#namespaces.paths();
    return {
      punts: [...punts.values()],
      interconnects: [...all.values()],
      namespaces: this.#namespaces.all(),
      namespacePath: (id) => paths.get(id) ?? "",
      interconnectsOf: (id) => (byPunt.get(idKey(id)) ?? []).map((key) => all.get(key)!),
      requestOf: (key) => punts.get(key),
    };
  }
}

/** Returns the key of the punt that a conflict is with, if that punt is one of these; otherwise "". */
function rivalIn({ details }: PuntError, puts: readonly { readonly request: PuntRequest }[]): string {
  const key = details.other === undefined ? "" : idKey(details.other as PuntId);
  return puts.some(({ request }) => idKey(request) === key) ? key : "";
}
