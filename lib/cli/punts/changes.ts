// The changes that a file of punts makes to the existing punts.
import { isDeepStrictEqual } from "node:util";
import { idKey, type PuntId, type PuntRequest, type PuntStatus } from "../../punt/index.js";

export interface Changes {
  readonly added: readonly PuntRequest[];
  readonly updated: readonly PuntRequest[];
  readonly unchanged: readonly PuntRequest[];
  readonly deleted: readonly PuntId[];
}

/** Returns the identity of a request. */
export function idOf({ cnf, key, label }: PuntRequest): PuntId {
  return { cnf, key, label };
}

/** Compares a file with the existing punts; with `prune`, punts that the file lacks are deleted. */
export function changesOf(existing: readonly PuntStatus[], requests: readonly PuntRequest[], prune: boolean): Changes {
  const before = new Map(existing.map((status) => [idKey(status.id), status.request]));
  const wanted = new Set(requests.map((request) => idKey(idOf(request))));
  const kindOf = (request: PuntRequest) => {
    const old = before.get(idKey(idOf(request)));
    if (old === undefined) return "added";
    return isDeepStrictEqual(old, request) ? "unchanged" : "updated";
  };
  const of = (kind: string) => requests.filter((request) => kindOf(request) === kind);
  const gone = prune ? existing.filter(({ id }) => !wanted.has(idKey(id))).map(({ id }) => id) : [];
  return { added: of("added"), updated: of("updated"), unchanged: of("unchanged"), deleted: gone };
}

/** Whether applying would change any punt. */
export function isChange({ added, updated, deleted }: Changes): boolean {
  return added.length + updated.length + deleted.length > 0;
}
