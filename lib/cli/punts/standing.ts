// The state of punts for which a command stops waiting.
import { setTimeout as sleep } from "node:timers/promises";
import { idKey, idText, type PuntId, type PuntStatus, type Punts } from "../../punt/index.js";
import { type ShownPunt, shownPunt } from "./status.js";

/** Punts that a message names; of the others it says how many there are. */
const NAMED = 5;
/** How long the list may take after the end of a wait. A daemon that is well answers at once. */
const LIST_MS = 1_000;
const PAUSE_MS = 50;

/** Returns `t is PENDING (VPP interface eth9)` for each punt. */
export function standingText(punts: readonly ShownPunt[]): string {
  const one = ({ id, state, reasons }: ShownPunt) =>
    `${idText(id)} is ${state}${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`;
  const more = punts.length > NAMED ? [`and ${punts.length - NAMED} more`] : [];
  return [...punts.slice(0, NAMED).map(one), ...more].join("; ");
}

/** Returns the advice for a punt that is not as it should be. */
export function explainRemedy({ id }: ShownPunt): string {
  return `\`vpp-punt explain ${idText(id)}\` says what stops it`;
}

/** Says that `what` is not known: the keeper of the punts has not answered. */
export function unknown(what: string, keeper: string): string {
  return `${what} is not known: ${keeper} has not answered`;
}

/** Returns the punts as they are now. Undefined: no answer comes, so that nothing is known of them. */
export async function listed(punts: Punts, ms = LIST_MS): Promise<readonly PuntStatus[] | undefined> {
  const list = async () => punts.list();
  return Promise.race([list().catch(() => undefined), sleep(ms, undefined, { ref: false })]);
}

/** Returns the punt as it is now; its addition may still be under way. Undefined: it does not come, so that nothing is known of it. */
export async function standing(punts: Punts, id: PuntId): Promise<ShownPunt | undefined> {
  for (const end = performance.now() + LIST_MS; performance.now() < end; await sleep(PAUSE_MS)) {
    const found = await listed(punts, end - performance.now());
    const status = found?.find((each) => idKey(each.id) === idKey(id));
    if (status) return shownPunt(status);
  }
  return undefined;
}
