// Network namespaces of CNFs. Each has one number, for all CNFs in it and for all of its names.
import type { Host } from "../../host/index.js";
import type { NetnsRef } from "../request/index.js";

export interface KnownNamespace {
  readonly id: number;
  /** A path that opens the namespace. */
  readonly path: string;
  /** The identity that was last seen. A new namespace of the same name has another. */
  readonly identity?: string;
}

/** A namespace that was found. */
export type Found = Omit<KnownNamespace, "id">;

/** Number of the manager's own namespace. */
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

  /** Returns the path of a namespace; "" for the manager's own, and for an unknown number. */
  path(id: number): string {
    return this.#known.get(id)?.path ?? "";
  }

  paths(): Map<number, string> {
    return new Map(this.all().map(({ id, path }) => [id, path]));
  }

  /** Finds a namespace by any of its names. A namespace that does not exist yet is found by the given one. */
  async find(ref: NetnsRef | undefined): Promise<Found> {
    const path = pathOf(ref);
    const [identity, own] = await Promise.all([this.#host.identify(path), this.#host.identify("")]);
    if (path === "" || identity === undefined) return { path };
    if (identity === own) return { path: "" };
    // A new namespace may have the identity of an earlier one: the kernel uses the numbers again.
    const alike = this.all().filter((known) => known.identity === identity && known.path !== path);
    const identities = await Promise.all(alike.map((known) => this.#host.identify(known.path)));
    const same = alike.find((_, index) => identities[index] === identity);
    return { path: same?.path ?? path, identity };
  }

  /** Returns the number of a namespace that was found. It stays until `keep` is called without it. */
  number({ path, identity }: Found): number {
    if (path === "") return OWN_NAMESPACE;
    const id = this.all().find((known) => known.path === path)?.id ?? this.#freeId();
    this.#known.set(id, { id, path, ...(identity !== undefined && { identity }) });
    return id;
  }

  /** Returns the number of a namespace by its name alone: the known number, or a new one. */
  numberOf(ref: NetnsRef | undefined): number {
    return this.number({ path: pathOf(ref) });
  }

  /** Forgets namespaces that are not used. Returns whether there were any. */
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

/** Returns the path of a namespace, or the text that names it by a container, such as `container:web`. */
export function pathOf(ref: NetnsRef | undefined): string {
  if (ref === undefined) return "";
  if ("name" in ref) return `/run/netns/${ref.name}`;
  if ("pid" in ref) return `/proc/${ref.pid}/ns/net`;
  if ("path" in ref) return ref.path;
  const [[kind, value]] = Object.entries(ref) as [[string, string]];
  return `${kind}:${value}`;
}
