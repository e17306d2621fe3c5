// Network namespaces of CNFs. Each has one number, for all CNFs in it and for all of its names.
import type { Host } from "../../host/index.js";
import { LowestFree } from "../../lowest-free.js";
import type { NetnsRef } from "../request/index.js";

export interface KnownNamespace {
  readonly id: number;
  /** A path that opens the namespace. */
  readonly path: string;
  /** The identity that was last seen. A new namespace of the same name has another. */
  readonly identity?: string;
}

/** A namespace that was found. */
export interface Found extends Omit<KnownNamespace, "id"> {
  /** Paths of known namespaces that had this identity once, and have another now. */
  readonly unlike?: readonly string[];
}

/** Number of the manager's own namespace. */
const OWN_NAMESPACE = 0;

export class Namespaces {
  readonly #host: Host;
  readonly #known = new Map<number, KnownNamespace>();
  /** Numbers by path, and by identity: a punt costs the same beside ten namespaces and beside ten thousand. */
  readonly #byPath = new Map<string, number>();
  readonly #byIdentity = new Map<string, Set<number>>();
  readonly #numbers = new LowestFree(OWN_NAMESPACE);

  constructor(host: Host, known: readonly KnownNamespace[] = []) {
    this.#host = host;
    this.#put({ id: OWN_NAMESPACE, path: "" });
    for (const namespace of known) this.#put(namespace);
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
    const alike = [...(this.#byIdentity.get(identity) ?? [])]
      .map((id) => this.#known.get(id)!)
      .filter((known) => known.path !== path);
    const identities = await Promise.all(alike.map((known) => this.#host.identify(known.path)));
    const same = alike.find((_, index) => identities[index] === identity);
    const unlike = alike.filter((known) => known !== same).map((known) => known.path);
    return { path: same?.path ?? path, identity, unlike };
  }

  /** Returns the number of a namespace that was found. It stays until `keep` is called without it. */
  number({ path, identity, unlike = [] }: Found): number {
    if (path === "") return OWN_NAMESPACE;
    const known = this.#known.get(this.#byPath.get(path) ?? -1) ?? this.#namedSince(identity, unlike);
    if (known && known.path !== path) return known.id;
    const id = known?.id ?? this.#numbers.lowest();
    this.#put({ id, path, ...(identity !== undefined && { identity }) });
    return id;
  }

  /** Another call may have got a number for the namespace, by another of its names, since it was found. */
  #namedSince(identity: string | undefined, unlike: readonly string[]): KnownNamespace | undefined {
    const ids = identity === undefined ? [] : [...(this.#byIdentity.get(identity) ?? [])];
    return ids.map((id) => this.#known.get(id)!).find((known) => !unlike.includes(known.path));
  }

  /** Returns the number of a namespace by its name alone: the known number, or a new one. */
  numberOf(ref: NetnsRef | undefined): number {
    return this.number({ path: pathOf(ref) });
  }

  /** Forgets namespaces that are not used. Returns whether there were any. */
  keep(used: ReadonlySet<number>): boolean {
    const unused = [...this.#known.keys()].filter((id) => id !== OWN_NAMESPACE && !used.has(id));
    for (const id of unused) this.#remove(id);
    return unused.length > 0;
  }

  #put(namespace: KnownNamespace): void {
    const { id, path, identity } = namespace;
    this.#remove(id);
    this.#known.set(id, namespace);
    this.#byPath.set(path, id);
    this.#numbers.take(id);
    if (identity === undefined) return;
    const same = this.#byIdentity.get(identity) ?? new Set();
    this.#byIdentity.set(identity, same.add(id));
  }

  #remove(id: number): void {
    const known = this.#known.get(id);
    if (!known) return;
    const { path, identity } = known;
    this.#known.delete(id);
    this.#byPath.delete(path);
    this.#numbers.release(id);
    if (identity === undefined) return;
    const same = this.#byIdentity.get(identity)!;
    same.delete(id);
    if (same.size === 0) this.#byIdentity.delete(identity);
  }
}

/** Returns the path of a namespace, or the text that names it by a container, such as `container:web`. */
function pathOf(ref: NetnsRef | undefined): string {
  if (ref === undefined) return "";
  if ("name" in ref) return `/run/netns/${ref.name}`;
  if ("pid" in ref) return `/proc/${ref.pid}/ns/net`;
  if ("path" in ref) return ref.path;
  const [[kind, value]] = Object.entries(ref) as [[string, string]];
  return `${kind}:${value}`;
}
