// What is wanted at one time.
import type { Interconnect, KnownNamespace } from "../interconnect/index.js";
import type { PuntId, PuntRequest } from "../request/index.js";

/** It does not change any more. */
export interface Wanted {
  /** In the order in which they were asked for; where two want what only one can have, the earlier gets it. */
  readonly punts: readonly PuntRequest[];
  readonly interconnects: readonly Interconnect[];
  /** Known namespaces; the manager's own is number 0 with the path "". */
  readonly namespaces: readonly KnownNamespace[];
  /** Returns the interconnects of one punt, in the order in which its type lists them. */
  interconnectsOf(id: PuntId): readonly Interconnect[];
}
