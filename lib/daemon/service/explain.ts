// The Explain call: the way of a punt's packets, and the objects that the punt has.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { dueFor, explainPunt, type Step } from "../../explain/index.js";
import { type DryRun, noSuchPunt, type PuntId, type PuntStatus } from "../../punt/index.js";
import type { ExplainResponseSchema } from "../../wire/index.js";
import type { Parts, Scope } from "./scope.js";

/** An explanation, as JSON has it. */
export interface Explanation {
  readonly steps: readonly Step[];
  readonly items: readonly { readonly item: string; readonly value?: JsonObject }[];
}

type Sources = Pick<Parts, "vpp" | "punts" | "counters">;

/** Answers Explain, also about another host. @throws PuntError ERR_NO_SUCH_PUNT; of VPP, while it is away; ERR_NOT_LEADER */
export async function explain(
  parts: Parts,
  id: PuntId,
  scope: Scope,
): Promise<MessageInitShape<typeof ExplainResponseSchema>> {
  scope.punts = [id];
  const { view } = scope;
  const status = await scope.requireVisible(id);
  const isShown = (name: string) => view.rights.showsInterface(name);
  const found = scope.elsewhere
    ? ((await scope.elsewhere.explain(id)) as Explanation)
    : await explanationOf(parts, status, { isShown, showsSockets: view.rights.isOperator });
  return {
    steps: found.steps.map(({ place, fact, verdict, remedy = "" }) => {
      return { place, fact: view.text(fact), verdict, remedy: view.text(remedy) };
    }),
    items: found.items.map(({ item, value }) => ({ item, ...(value && { value }) })),
  };
}

/** Explains a punt of this host to an operator elsewhere. @throws PuntError ERR_NO_SUCH_PUNT; of VPP, while it is away */
export async function explainToOperator(sources: Sources, id: PuntId): Promise<Explanation> {
  const status = await sources.punts.get(id);
  if (!status) throw noSuchPunt("punt.explain", id);
  return explanationOf(sources, status, { isShown: () => true, showsSockets: true });
}

interface Shown {
  isShown(name: string): boolean;
  /** Whether the counters of the nodes that serve all punt sockets are shown. */
  readonly showsSockets: boolean;
}

async function explanationOf(
  { vpp, punts, counters }: Sources,
  status: PuntStatus,
  { isShown, showsSockets }: Shown,
): Promise<Explanation> {
  const { id } = status;
  const now = await punts.plan();
  const due = dueFor(id, now);
  const read = await counters.read([status]).catch(() => undefined);
  const shown = read && { ...read, sockets: showsSockets ? read.sockets : {} };
  const steps = await explainPunt({ vpp, status, due, ...(shown && { counters: shown }), isShown });
  return { steps, items: itemsOf(now, await punts.plan({ delete: [id] })) };
}

/** The objects that would go with the punt, and would stay otherwise. */
function itemsOf(now: DryRun, without: DryRun): Explanation["items"] {
  const removed = ({ steps }: DryRun) => steps.filter(({ action }) => action === "delete");
  const strays = new Set(removed(now).map(({ item }) => item));
  return removed(without)
    .filter(({ item }) => !strays.has(item))
    .map(({ item, value }) => ({ item, ...(value && { value: plain(value) }) }));
}

/** Returns a value as JSON has it. The mark of a secret stays here. */
function plain(value: object): JsonObject {
  const { secret: _secret, ...rest } = value as { readonly secret?: unknown };
  return JSON.parse(
    JSON.stringify(rest, (_key, each) => (typeof each === "bigint" ? Number(each) : each)),
  ) as JsonObject;
}
