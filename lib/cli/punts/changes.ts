// The changes that a file of punts makes to the existing punts.
import { isDeepStrictEqual } from "node:util";
import { idKey, lacksSocketPath, type PathlessRequest, type PuntId, type PuntStatus } from "../../punt/index.js";

export interface Changes {
  readonly added: readonly PathlessRequest[];
  readonly updated: readonly PathlessRequest[];
  readonly unchanged: readonly PathlessRequest[];
  readonly deleted: readonly PuntId[];
}

/** Compares a file with the existing punts; with `prune`, punts that the file lacks are deleted. */
export function changesOf(
  existing: readonly PuntStatus[],
  requests: readonly PathlessRequest[],
  prune: boolean,
): Changes {
  const before = new Map(existing.map((status) => [idKey(status.id), status.request]));
  const wanted = new Set(requests.map((request) => idKey(request)));
  const kindOf = (request: PathlessRequest) => {
    const old = before.get(idKey(request));
    if (old === undefined) return "added";
    return isDeepStrictEqual(old, request) ? "unchanged" : "updated";
  };
  const of = (kind: string) => requests.filter((request) => kindOf(request) === kind);
  const gone = prune ? existing.filter(({ id }) => !wanted.has(idKey(id))).map(({ id }) => id) : [];
  return { added: of("added"), updated: of("updated"), unchanged: of("unchanged"), deleted: gone };
}

/** Returns the requests with the paths that their punts have now, where the file leaves the choice to the daemon. */
export function withKnownPaths(
  existing: readonly PuntStatus[],
  requests: readonly PathlessRequest[],
): readonly PathlessRequest[] {
  const before = new Map(existing.map((status) => [idKey(status.id), status.request]));
  return requests.map((request) => {
    const old = lacksSocketPath(request) ? before.get(idKey(request)) : undefined;
    return old && "socketPath" in old ? ({ ...request, socketPath: old.socketPath } as PathlessRequest) : request;
  });
}

/** Whether applying would change any punt. */
export function isChange({ added, updated, deleted }: Changes): boolean {
  return added.length + updated.length + deleted.length > 0;
}
