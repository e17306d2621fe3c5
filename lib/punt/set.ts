// Applies the whole set of a CNF's punts, or a change of several CNFs' punts: adds, updates and deletions in one change.
import { PuntError } from "../errors.js";
import type { DesiredState, Entry } from "./desired/index.js";
import { checkApplyOptions } from "./options.js";
import type { ApplyFailure, ApplyOptions, ApplyResult, PuntSet } from "./punts.js";
import {
  idKey,
  idOf,
  idText,
  type PuntId,
  type PuntRequest,
  parseCnf,
  parseId,
  parseRequest,
} from "./request/index.js";
import type { PuntStatus } from "./state.js";

const OP = "punt.apply";

interface Hooks {
  /** @throws PuntError: nothing may be changed any more */
  check(): void;
  reached(entry: Entry): Promise<PuntStatus>;
  gone(entry: Entry): Promise<void>;
}

type List = "added" | "updated" | "unchanged";

export async function applySet(
  set: PuntSet,
  options: ApplyOptions,
  state: DesiredState,
  hooks: Hooks,
): Promise<ApplyResult> {
  checkApplyOptions(options);
  const { requests, named } = parseSet(set, options);
  const found = await Promise.all(requests.map((request) => state.find(request)));
  hooks.check();
  const listed = new Set(requests.map(idKey));
  const replaced = options.keep ? [] : state.wantedOf(set.cnf!).filter((request) => !listed.has(idKey(request)));
  const gone = uniquely([...named.map((id) => known(state, id)), ...replaced]);
  const draft = state.imagine();
  for (const request of gone) draft.delete(request);
  for (const [index, request] of requests.entries()) draft.put(request, found[index]!);
  const deletions = gone.map((request) => ({ id: idOf(request), entry: state.dismiss(request) }));
  const changes = requests.map((request, index) => ({ request, ...change(state, request, () => found[index]!) }));
  return outcome(deletions, changes, hooks);
}

/** Returns the requests of a set, and the punts that it deletes by name. @throws PuntError ERR_INVALID_REQUEST */
export function parseSet(set: PuntSet, options: ApplyOptions): { requests: PuntRequest[]; named: PuntId[] } {
  const requests = requestsOf(set, options);
  return { requests, named: namedOf(set, requests) };
}

function requestsOf(set: PuntSet, { keep }: ApplyOptions): PuntRequest[] {
  if (set?.cnf === undefined && !keep) {
    const message = "set: cnf: is missing; without it, the option keep has to be set";
    throw new PuntError(OP, "ERR_INVALID_REQUEST", message, { field: "cnf" });
  }
  const cnf = set.cnf === undefined ? undefined : parseCnf(set.cnf, OP);
  if (!Array.isArray(set.punts))
    throw new PuntError(OP, "ERR_INVALID_REQUEST", "set: punts: a list of punt requests is expected", { cnf });
  const requests = set.punts.map((punt, index) =>
    parseRequest({ ...(cnf !== undefined && { cnf }), ...punt }, `punts[${index}]`, OP),
  );
  const seen = new Map<string, number>();
  for (const [index, request] of requests.entries()) {
    if (cnf !== undefined && request.cnf !== cnf)
      throw invalid(`punts[${index}]: cnf: is ${request.cnf}, in the set of ${cnf}`);
    const first = seen.get(idKey(request));
    if (first !== undefined) throw invalid(`punts[${index}] is punt ${idText(request)}, as punts[${first}] is`);
    seen.set(idKey(request), index);
  }
  return requests;
}

/** Returns the punts that the set deletes by name. */
function namedOf({ cnf, delete: gone = [] }: PuntSet, requests: readonly PuntRequest[]): PuntId[] {
  if (!Array.isArray(gone)) throw invalid("set: delete: a list of identities is expected");
  const listed = new Set(requests.map(idKey));
  const ids = gone.map((input) => parseId(input, OP));
  for (const [index, id] of ids.entries()) {
    if (cnf !== undefined && id.cnf !== cnf) throw invalid(`delete[${index}]: cnf: is ${id.cnf}, in the set of ${cnf}`);
    if (listed.has(idKey(id))) throw invalid(`delete[${index}] is punt ${idText(id)}, which the set lists too`);
  }
  return ids;
}

function known(state: DesiredState, id: PuntId): PuntRequest {
  const request = state.request(id);
  if (request) return request;
  throw new PuntError(OP, "ERR_NO_SUCH_PUNT", `there is no punt ${idText(id)}`, { id: idOf(id) });
}

function uniquely(requests: readonly PuntRequest[]): PuntRequest[] {
  return [...new Map(requests.map((request) => [idKey(request), request])).values()];
}

function invalid(message: string): PuntError {
  return new PuntError(OP, "ERR_INVALID_REQUEST", message);
}

function change(state: DesiredState, request: PuntRequest, found: () => Parameters<DesiredState["accept"]>[1]) {
  const existing = state.request(request);
  if (!existing) return { list: "added" as List, entry: state.accept(request, found()) };
  if (JSON.stringify(existing) === JSON.stringify(request))
    return { list: "unchanged" as List, entry: state.entry(request) as Promise<Entry> };
  return { list: "updated" as List, entry: state.revise(request, found()) };
}

async function outcome(
  deletions: readonly { id: PuntId; entry: Promise<Entry> }[],
  changes: readonly { request: PuntRequest; list: List; entry: Promise<Entry> }[],
  hooks: Hooks,
): Promise<ApplyResult> {
  // The store takes all changes in one write, or refuses all of them.
  const entries = await Promise.all([...deletions, ...changes].map(({ entry }) => entry));
  const lists: Record<List, PuntStatus[]> = { added: [], updated: [], unchanged: [] };
  const deleted: PuntId[] = [];
  const failed: ApplyFailure[] = [];
  const settle = async (id: PuntId, done: () => Promise<void>) => {
    await done().catch((error) => {
      if (!(error instanceof PuntError)) throw error;
      failed.push({ id, error });
    });
  };
  await Promise.all([
    ...deletions.map(({ id }, index) =>
      settle(id, async () => {
        await hooks.gone(entries[index]!);
        deleted.push(id);
      }),
    ),
    ...changes.map(({ request, list }, index) =>
      settle(idOf(request), async () => {
        lists[list].push(await hooks.reached(entries[deletions.length + index]!));
      }),
    ),
  ]);
  return { ...lists, deleted, failed };
}
