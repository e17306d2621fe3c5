// The states of punts for commands that only look.
import { type DryRun, idKey, type PuntStatus, type Punts } from "../punt/index.js";
import { within } from "./deadline.js";
import { type ShownPunt, shownPunt } from "./status.js";

/**
 * Returns the punts, each with the state that a look at VPP gives. A manager that only reads knows no state of a punt before it has
 * looked; then a plan names the steps to the punt.
 */
export async function look(punts: Punts, timeout: number, cnf?: string): Promise<ShownPunt[]> {
  const statuses = await punts.list(cnf === undefined ? {} : { cnf });
  const wanted = statuses.filter(({ id }) => cnf === undefined || id.cnf === cnf);
  if (!wanted.some(({ state }) => state === "INIT")) return wanted.map(shownPunt);
  const dry = await within(timeout, "a look at VPP", punts.plan());
  return wanted.map((status) => planned(status, dry));
}

function planned(status: PuntStatus, { punts, steps }: DryRun): ShownPunt {
  const shown = shownPunt(status);
  const found = punts.find(({ id }) => idKey(id) === idKey(status.id));
  if (found === undefined || status.state !== "INIT") return shown;
  const own = steps.filter((step) => step.punts.some((id) => idKey(id) === idKey(status.id)));
  if (own.length === 0) return { ...shown, state: found.state, reasons: found.reasons };
  const first = own.slice(0, 3).map(({ action, item }) => `${action} ${item}`);
  const more = own.length > first.length ? [`and ${own.length - first.length} more`] : [];
  const state = found.state === "CREATED" ? "PENDING" : found.state;
  return { ...shown, state, reasons: [...found.reasons, `not in VPP yet: ${[...first, ...more].join(", ")}`] };
}
