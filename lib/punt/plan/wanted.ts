// The desired state at one time.
import type { Interconnect, KnownNamespace } from "../interconnect/index.js";
import type { PuntId, PuntRequest } from "../request/index.js";

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
