// The Explain call: the way of a punt's packets, the objects that the punt has, and VPP's own trace.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { dueFor, explainPunt, type Step, traceNext } from "../../explain/index.js";
import { type DryRun, noSuchPunt, type PuntId, type PuntStatus } from "../../punt/index.js";
import type { ExplainRequest, ExplainResponseSchema } from "../../wire/index.js";
import type { Parts, Scope } from "./scope.js";

/** An explanation, as JSON has it. */
export interface Explanation {
  readonly steps: readonly Step[];
  readonly items: readonly { readonly item: string; readonly value?: JsonObject }[];
  /** VPP's trace, where it was asked for. */
  readonly trace?: string;
}

/** A call does not hold VPP's trace for longer. */
const LONGEST_TRACE_MS = 60_000;

type Sources = Pick<Parts, "vpp" | "punts" | "counters">;

/**
 * Answers Explain, also about another host. `signal` ends a trace early.
 *
 * @throws PuntError ERR_NO_SUCH_PUNT; ERR_POLICY: a trace is for operators; of VPP, while it is away; ERR_NOT_LEADER
 */
export async function explain(
  parts: Parts,
  { id: wireId, traceMs }: ExplainRequest,
  scope: Scope,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof ExplainResponseSchema>> {
  const id = scope.id(wireId);
  scope.punts = [id];
  const { view } = scope;
  if (traceMs > LONGEST_TRACE_MS) throw tooLong(scope.op);
  if (traceMs > 0) scope.requireTrace();
  const status = await scope.requireVisible(id);
  const isShown = (name: string) => view.rights.showsInterface(name);
  const shown = { isShown, showsSockets: view.rights.isOperator, traceMs, signal };
  const own = () => explanationOf(parts, status, shown);
  const found = scope.elsewhere
    ? ((await scope.elsewhere.explain(id, traceMs)) as Explanation)
    : // A trace takes its time, and is for operators.
      await (traceMs > 0 ? own() : scope.looking(signal, own));
  return {
    steps: found.steps.map(({ place, fact, verdict, remedy = "" }) => {
      return { place, fact: view.text(fact), verdict, remedy: view.text(remedy) };
    }),
    items: found.items.map(({ item, value }) => ({ item, ...(value && { value }) })),
    trace: found.trace ?? "",
  };
}

/** Explains a punt of this host to an operator elsewhere. @throws PuntError ERR_NO_SUCH_PUNT; of VPP, while it is away */
export async function explainToOperator(sources: Sources, id: PuntId, traceMs: number): Promise<Explanation> {
  const status = await sources.punts.get(id);
  if (!status) throw noSuchPunt("punt.explain", id);
  return explanationOf(sources, status, { isShown: () => true, showsSockets: true, traceMs });
}

function tooLong(op: string): PuntError {
  const message = `a trace takes ${LONGEST_TRACE_MS} ms at most`;
  return new PuntError(op, "ERR_OPTION", message, { option: "traceMs" });
}

interface Shown {
  isShown(name: string): boolean;
  /** Whether the counters of the nodes that serve all punt sockets are shown. */
  readonly showsSockets: boolean;
  /** Milliseconds of a trace; 0 for none. */
  readonly traceMs: number;
  readonly signal?: AbortSignal;
}

async function explanationOf(
  { vpp, punts, counters }: Sources,
  status: PuntStatus,
  { isShown, showsSockets, traceMs, signal }: Shown,
): Promise<Explanation> {
  const { id } = status;
  // The counters then have the packets of the trace.
  const trace = traceMs === 0 ? undefined : await traceNext(vpp, Math.min(traceMs, LONGEST_TRACE_MS), signal);
  const now = await punts.plan();
  const due = dueFor(id, now);
  const read = await counters.read([status]).catch(() => undefined);
  const shown = read && { ...read, sockets: showsSockets ? read.sockets : {} };
  const steps = await explainPunt({ vpp, status, due, ...(shown && { counters: shown }), isShown });
  const items = itemsOf(now, await punts.plan({ delete: [id] }));
  return { steps, items, ...(trace !== undefined && { trace }) };
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
