// The desired state at one time.
import type { Interconnect, KnownNamespace } from "../interconnect/index.js";
import { idKey, type PuntId, type PuntRequest } from "../request/index.js";

/** The desired state. Immutable. */
export interface Wanted {
  /** In the order in which they were added. If two punts want a thing of which there is one, the earlier punt gets it. */
  readonly punts: readonly PuntRequest[];
  readonly interconnects: readonly Interconnect[];
  /** Known namespaces. The manager's own is number 0, with the path "". */
  readonly namespaces: readonly KnownNamespace[];
  /** Returns the path of a namespace by its number; "" for the manager's own, and for an unknown number. */
  namespacePath(id: number): string;
  /** Returns the interconnects of one punt, in the order in which its type lists them. */
  interconnectsOf(id: PuntId): readonly Interconnect[];
  /** Returns the request of a punt by the key of its identity. */
  requestOf(key: string): PuntRequest | undefined;
}

/**
 * Returns the desired state of the time when a reading began, without punts that were deleted since: the facts that later requests need
 * were not read. A punt that got another request since keeps its objects until the next look, which finds what they share.
 */
export function stillWanted(before: Wanted, now: Wanted): Wanted {
  if (before === now) return now;
  return { ...before, punts: before.punts.filter((request) => now.requestOf(idKey(request)) !== undefined) };
}

/** Returns the keys of the punts that have another request now. */
export function changedSince(before: Wanted, now: Wanted): ReadonlySet<string> {
  if (before === now) return new Set();
  return new Set(before.punts.filter((request) => now.requestOf(idKey(request)) !== request).map(idKey));
}

/** Returns the names of the interfaces whose links punts wait for. */
export function awaitedLinks({ punts }: Wanted): string[] {
  const dependencies = punts.flatMap(({ dependsOn = [] }) => dependsOn);
  return dependencies.flatMap((dependency) => (dependency.kind === "link-up" ? dependency.name : []));
}
