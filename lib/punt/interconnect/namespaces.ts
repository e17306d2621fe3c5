// Network namespaces of CNFs: one number each, however many CNFs live in it and however they name it.
import type { Host } from "../../host/index.js";
import type { NetnsRef } from "../request/index.js";

export interface KnownNamespace {
  readonly id: number;
  /** A path that opens it. */
  readonly path: string;
  /** What it is, as last seen; another namespace of the same name has another. */
  readonly identity?: string;
}

/** A namespace as it was found. */
export type Found = Omit<KnownNamespace, "id">;

/** The manager's own. */
export const OWN_NAMESPACE = 0;

export class Namespaces {
  readonly #host: Host;
  readonly #known = new Map<number, KnownNamespace>([[OWN_NAMESPACE, { id: OWN_NAMESPACE, path: "" }]]);

  constructor(host: Host, known: readonly KnownNamespace[] = []) {
    this.#host = host;
    for (const namespace of known) this.#known.set(namespace.id, namespace);
  }

  all(): KnownNamespace[] {
    return [...this.#known.values()];
  }

  /** "" for the manager's own, and for one that is not known. */
  path(id: number): string {
    return this.#known.get(id)?.path ?? "";
  }

  paths(): Map<number, string> {
    return new Map(this.all().map(({ id, path }) => [id, path]));
  }

  /** Finds a namespace, by whichever of its names. One that is not there yet is found by this one. */
  async find(ref: NetnsRef | undefined): Promise<Found> {
    const path = pathOf(ref);
    const [identity, own] = await Promise.all([this.#host.identify(path), this.#host.identify("")]);
    if (path === "" || identity === undefined) return { path };
    if (identity === own) return { path: "" };
    // What a namespace was may be what another is now: the kernel gives numbers of namespaces that are gone again.
    const alike = this.all().filter((known) => known.identity === identity && known.path !== path);
    const identities = await Promise.all(alike.map((known) => this.#host.identify(known.path)));
    const same = alike.find((_, index) => identities[index] === identity);
    return { path: same?.path ?? path, identity };
  }

  /** The number of a namespace that was found. It is kept as long as `keep` is told of it. */
  number({ path, identity }: Found): number {
    if (path === "") return OWN_NAMESPACE;
    const id = this.all().find((known) => known.path === path)?.id ?? this.#freeId();
    this.#known.set(id, { id, path, ...(identity !== undefined && { identity }) });
    return id;
  }

  /** Returns the number of a namespace by its name only: the known one, or a new one. */
  numberOf(ref: NetnsRef | undefined): number {
    return this.number({ path: pathOf(ref) });
  }

  /** Forgets namespaces that no interconnect is in. Returns whether there were any. */
  keep(used: ReadonlySet<number>): boolean {
    const unused = [...this.#known.keys()].filter((id) => id !== OWN_NAMESPACE && !used.has(id));
    for (const id of unused) this.#known.delete(id);
    return unused.length > 0;
  }

  #freeId(): number {
    let id = OWN_NAMESPACE + 1;
    while (this.#known.has(id)) id++;
    return id;
  }
}

export function pathOf(ref: NetnsRef | undefined): string {
  if (ref === undefined) return "";
  if ("name" in ref) return `/run/netns/${ref.name}`;
  return "path" in ref ? ref.path : `/proc/${ref.pid}/ns/net`;
}
