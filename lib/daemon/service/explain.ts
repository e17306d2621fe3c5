// The Explain call: the way of a punt's packets, and the objects that the punt has.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { explainPunt } from "../../explain/index.js";
import { type DryRun, idKey, type PuntId } from "../../punt/index.js";
import type { ExplainResponseSchema } from "../../wire/index.js";
import type { Parts, Scope } from "./scope.js";

/** Answers Explain. @throws PuntError ERR_NO_SUCH_PUNT; of VPP, while it is away */
export async function explain(
  { vpp, punts, counters }: Parts,
  id: PuntId,
  scope: Scope,
): Promise<MessageInitShape<typeof ExplainResponseSchema>> {
  const { view } = scope;
  scope.punts = [id];
  const status = await scope.requireVisible(id);
  const now = await punts.plan();
  const due = now.steps.filter((step) => step.punts.some((each) => idKey(each) === idKey(id)));
  const read = await counters.read([status]).catch(() => undefined);
  const shown = read && { ...read, sockets: view.rights.isOperator ? read.sockets : {} };
  const isShown = (name: string) => view.rights.showsInterface(name);
  const steps = await explainPunt({ vpp, status, due, ...(shown && { counters: shown }), isShown });
  return {
    steps: steps.map(({ place, fact, verdict, remedy = "" }) => {
      return { place, fact: view.text(fact), verdict, remedy: view.text(remedy) };
    }),
    items: itemsOf(now, await punts.plan({ delete: [id] })),
  };
}

/** The objects that would go with the punt, and would stay otherwise. */
function itemsOf(now: DryRun, without: DryRun) {
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
