// The desired punts with their interconnects and namespaces. Each change is made as a whole or not at all.
import { PuntError, renamed } from "../../errors.js";
import type { Host } from "../../host/index.js";
import { type Found, type Marks, Namespaces } from "../interconnect/index.js";
import type { Wanted } from "../plan/index.js";
import { idKey, type PuntId, type PuntRequest } from "../request/index.js";
import { Interconnects } from "./interconnects.js";
import { type OtherNames, refuseOneInterfaceTwice } from "./interface-names.js";

/** The parts that the store keeps. */
export type StoredWanted = Pick<Wanted, "punts" | "interconnects" | "namespaces">;

export const NOTHING: StoredWanted = { punts: [], interconnects: [], namespaces: [] };

export class Draft {
  readonly #punts = new Map<string, PuntRequest>();
  readonly #interconnects: Interconnects;
  readonly #namespaces: Namespaces;
  readonly #otherNames: OtherNames;
  /** The state since the last change. */
  #frozen: Wanted | undefined;

  /** @throws PuntError `ERR_CONFLICT`, `ERR_POOL_EXHAUSTED`: a punt lacks interconnects, and cannot get new ones */
  constructor(
    host: Host,
    marks: Marks,
    { punts, interconnects, namespaces }: StoredWanted,
    otherNames: OtherNames = () => [],
  ) {
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
  }

  /** Replaces the request of a punt. The parts of its interconnects that do not change stay. @throws PuntError as `add` */
  update(request: PuntRequest, found: Found, op = "punt.update"): void {
    this.#set(op, request, () => this.#interconnects.reassign(request, this.#namespaces.number(found)));
  }

  /** Adds the punt, or updates it if it exists. @throws PuntError as `add` */
  put(request: PuntRequest, found: Found, op: string): void {
    const existing = this.#punts.get(idKey(request));
    if (!existing) this.add(request, found, op);
    else if (JSON.stringify(existing) !== JSON.stringify(request)) this.update(request, found, op);
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
  }

  /** Forgets namespaces without an interconnect, but for some. Returns whether there were any. */
  dropNamespaces(kept: readonly number[]): boolean {
    this.#frozen = undefined;
    return this.#namespaces.keep(new Set([...this.#interconnects.all().flatMap(({ netns }) => netns ?? []), ...kept]));
  }

  /** Returns the state as it is now: the same object until the next change. */
  freeze(): Wanted {
    this.#frozen ??= this.#copy();
    return this.#frozen;
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
