// Applies the whole set of a CNF's punts, or a change of several CNFs' punts: adds, updates and deletions in one change.
import { PuntError } from "../errors.js";
import type { DesiredState, Entry } from "./desired/index.js";
import { checkApplyOptions } from "./options.js";
import type { ApplyFailure, ApplyOptions, ApplyResult } from "./punts.js";
import {
  idKey,
  idOf,
  isSameRequest,
  noSuchPunt,
  type PuntId,
  type PuntRequest,
  type PuntSet,
  parseSet,
  puntExists,
} from "./request/index.js";
import type { PuntStatus } from "./state.js";

const OP = "punt.apply";

/** The manager, as a set needs it. */
interface Manager {
  readonly state: DesiredState;
  /** @throws PuntError: nothing may be changed any more */
  check(): void;
  stored(change: Promise<Entry[]>): Promise<Entry[]>;
  reached(entry: Entry): Promise<PuntStatus>;
  gone(entry: Entry): Promise<void>;
}

/** A punt that this call deletes, or that another call is deleting. */
interface Deletion {
  readonly id: PuntId;
  readonly isOurs: boolean;
  readonly entry: Promise<Entry>;
}

type List = "added" | "updated" | "unchanged";

export async function applySet(set: PuntSet, options: ApplyOptions, manager: Manager): Promise<ApplyResult> {
  checkApplyOptions(options);
  const { requests, named, cnfs } = parseSet(set, options.keep ?? false);
  const replaced = options.keep ? undefined : set.cnf!;
  return manager.state.order.during(cnfs, async (inOrder) => {
    const found = await Promise.all(requests.map((request) => manager.state.find(request)));
    return inOrder(() => applied({ requests, named, replaced, found }, manager));
  });
}

/** A checked set, with the namespace of each request. */
interface FoundSet {
  readonly requests: readonly PuntRequest[];
  readonly named: readonly PuntId[];
  /** The CNF that keeps no other punts. */
  readonly replaced: string | undefined;
  readonly found: readonly Awaited<ReturnType<DesiredState["find"]>>[];
}

function applied({ requests, named, replaced, found }: FoundSet, manager: Manager): Promise<ApplyResult> {
  const { state } = manager;
  manager.check();
  const listed = new Set(requests.map(idKey));
  const isExtra = (id: PuntId) => !listed.has(idKey(id));
  const extra = replaced === undefined ? [] : state.wantedOf(replaced).filter(isExtra);
  const gone = uniquely([...named.map((id) => known(state, id)), ...extra]);
  // Other calls have begun to delete these: the set holds when they are gone too.
  const leaving = replaced === undefined ? [] : state.leavingOf(replaced).filter(isExtra);
  const lists = requests.map((request) => listFor(state, request));
  state.draft((draft) => {
    for (const request of gone) draft.delete(request);
    draft.putAll(requests, found, OP);
  });
  const deletions: Deletion[] = [
    ...gone.map((request) => ({ id: idOf(request), isOurs: true, entry: state.dismissed(request) })),
    ...leaving.map((id) => ({ id, isOurs: false, entry: state.entry(id) as Promise<Entry> })),
  ];
  const changes = requests.map((request, index) => {
    const list = lists[index]!;
    return { request, list, entry: submit(state, request, list) };
  });
  return outcome(deletions, changes, manager);
}

function known(state: DesiredState, id: PuntId): PuntRequest {
  const request = state.request(id);
  if (request) return request;
  throw noSuchPunt(OP, id);
}

function uniquely(requests: readonly PuntRequest[]): PuntRequest[] {
  return [...new Map(requests.map((request) => [idKey(request), request])).values()];
}

function listFor(state: DesiredState, request: PuntRequest): List {
  const existing = state.request(request);
  if (!existing) return "added";
  return isSameRequest(existing, request) ? "unchanged" : "updated";
}

/** Returns whether an equal punt is wanted. @throws PuntError `ERR_PUNT_EXISTS`: the punt exists with another request */
export function isWanted(state: DesiredState, request: PuntRequest): boolean {
  const existing = state.request(request);
  if (!existing || isSameRequest(existing, request)) return existing !== undefined;
  throw puntExists(request);
}

function submit(state: DesiredState, request: PuntRequest, list: List): Promise<Entry> {
  if (list === "added") return state.admitted(request);
  return list === "updated" ? state.revised(request) : (state.entry(request) as Promise<Entry>);
}

async function outcome(
  deletions: readonly Deletion[],
  changes: readonly { request: PuntRequest; list: List; entry: Promise<Entry> }[],
  manager: Manager,
): Promise<ApplyResult> {
  // The store takes all changes in one write, or refuses all of them.
  const entries = await manager.stored(Promise.all([...deletions, ...changes].map(({ entry }) => entry)));
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
    ...deletions.map(({ id, isOurs }, index) =>
      settle(id, async () => {
        await manager.gone(entries[index]!);
        if (isOurs) deleted.push(id);
      }),
    ),
    ...changes.map(({ request, list }, index) =>
      settle(idOf(request), async () => {
        lists[list].push(await manager.reached(entries[deletions.length + index]!));
      }),
    ),
  ]);
  return { ...lists, deleted, failed };
}
